"""The limits feed: what a user, a team or everybody may take from the shared pool."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

from ingestion.sources.feed import NOT_A_CURRENCY, Feed
from rate_cards.currencies import MINOR_UNITS

SCOPES = ("user", "team", "each_user", "each_team", "organisation")
WINDOWS = ("day", "week", "month", "total")
ACTIONS = ("flag", "overage", "unfunded")


class Limits(pa.DataFrameModel):
    """One row per guardrail; the same rows can be authored in the book's `limits.yml`."""

    limit_id: str
    """Id of the guardrail; left out, what it limits and since when are its id."""
    customer_id: str
    """The organisation."""
    scope: str = pa.Field(isin=SCOPES)
    """One user or team by id, each of them, or all usage the customer's pool pays for."""
    subject_id: str = pa.Field(nullable=True)
    """The user or team, if the scope is one. Written `id`."""
    wallet: str = pa.Field(nullable=True)
    """A wallet of `book.yml`: only usage whose chain begins there counts; empty = all."""
    window_unit: str = pa.Field(isin=WINDOWS)
    """Calendar window the credits or the amount are for. Written `window`."""
    credits: Annotated[pl.Decimal, 28, 9] = pa.Field(nullable=True, ge=0)
    """Most that may be taken in one window, in the unit of the first wallet of the price."""
    amount: Annotated[pl.Decimal, 28, 9] = pa.Field(nullable=True, ge=0)
    """Most money in one window, in `currency`, major units; instead of credits."""
    currency: str = pa.Field(nullable=True)
    """ISO 4217, of the amount."""
    action: str = pa.Field(isin=ACTIONS)
    """What becomes of usage beyond it."""
    effective_from: Annotated[pl.Datetime, "us", None] = pa.Field(nullable=True)
    """In force from, UTC; empty = always was. Written `from`."""
    effective_to: Annotated[pl.Datetime, "us", None] = pa.Field(nullable=True)
    """In force until, UTC, not included; empty = still. Written `to`."""

    @pa.check("currency", error=NOT_A_CURRENCY)
    def currency_exists(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """What is counted must be priced in it."""
        return data.lazyframe.select(pl.col(data.key).is_in(list(MINOR_UNITS)))

    @pa.dataframe_check(error="neither credits nor amount is given, or both are")
    def one_measure_is_given(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A limit counts credits or money."""
        return data.lazyframe.select(pl.col("credits").is_null() != pl.col("amount").is_null())

    @pa.dataframe_check(error="amount and currency are not given together")
    def an_amount_has_its_currency(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """An amount without its currency is no amount."""
        return data.lazyframe.select(pl.col("amount").is_null() == pl.col("currency").is_null())

    @pa.dataframe_check(error="id is missing for one user or team")
    def one_subject_is_named(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A limit of one user says which."""
        return data.lazyframe.select(
            (~pl.col("scope").is_in(["user", "team"])).fill_null(True)
            | pl.col("subject_id").is_not_null()
        )

    @pa.dataframe_check(error="id is given although the limit is not for one user or team")
    def each_names_nobody(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A limit of each user, or of everybody, is not about one."""
        return data.lazyframe.select(
            pl.col("scope").is_in(["user", "team"]).fill_null(True) | pl.col("subject_id").is_null()
        )

    @pa.dataframe_check(error="to is not after from")
    def window_runs_forward(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A limit is in force for some time."""
        return data.lazyframe.select(
            (pl.col("effective_to") > pl.col("effective_from")).fill_null(True)
        )


LIMITS = Feed(
    name="limits",
    schema=Limits,
    key=("limit_id",),
    control_total="credits",
    written_as={
        "subject_id": "id",
        "window_unit": "window",
        "effective_from": "from",
        "effective_to": "to",
    },
    defaults={
        "limit_id": "concat_ws(':', customer_id, scope, subject_id, wallet, currency, "
        "window_unit, effective_from)"
    },
)
