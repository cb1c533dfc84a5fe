"""The grants feed: credits given outside an offer, and balances brought in from another system."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

from ingestion.sources.feed import NOT_A_CURRENCY, Feed
from ingestion.sources.times import EARLIEST, LATEST
from rate_cards.currencies import MINOR_UNITS

KINDS = ("paid", "bonus", "promo", "included", "goodwill", "migration")


class Grants(pa.DataFrameModel):
    """One row per grant, which becomes one lot whose lot_id is the grant_id."""

    grant_id: str
    """The issuing system's id."""
    customer_id: str
    """Who may use the credits."""
    wallet: str
    """A wallet of `book.yml`, in whose unit the credits are."""
    credits: Annotated[pl.Decimal, 28, 9] = pa.Field(gt=0)
    """In the wallet's unit."""
    kind: str = pa.Field(isin=KINDS)
    """Why they were given; decides the accounting."""
    effective_at: Annotated[pl.Datetime, "us", None] = pa.Field(ge=EARLIEST, lt=LATEST)
    """Usable from, UTC."""
    expires_at: Annotated[pl.Datetime, "us", None] = pa.Field(nullable=True)
    """Usable until, UTC, not included; empty = never expires."""
    priority: pl.Int32 = pa.Field(nullable=True)
    """Lower burns first; empty = 100."""
    consideration: Annotated[pl.Decimal, 28, 9] = pa.Field(nullable=True, ge=0)
    """Money earned for it net of tax, in `currency`, major units."""
    currency: str = pa.Field(nullable=True)
    """ISO 4217, of the consideration."""
    payment_id: str = pa.Field(nullable=True)
    """The payment it was given for."""
    contract_id: str = pa.Field(nullable=True)
    """The contract whose invoices bill its consideration, in parts."""
    reason: str = pa.Field(nullable=True)
    """In words."""
    approved_by: str = pa.Field(nullable=True)
    """Who allowed it."""
    received_at: Annotated[pl.Datetime, "us", None] = pa.Field(
        nullable=True, ge=EARLIEST, lt=LATEST
    )
    """When we learned of it, UTC; empty = no later than it took effect."""

    @pa.check("currency", error=NOT_A_CURRENCY)
    def currency_exists(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Minor units, and so rounding, follow from the currency."""
        return data.lazyframe.select(pl.col(data.key).is_in(list(MINOR_UNITS)))

    @pa.dataframe_check(error="expires_at is not after effective_at")
    def window_runs_forward(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A grant can be used for some time."""
        return data.lazyframe.select(
            (pl.col("expires_at") > pl.col("effective_at")).fill_null(True)
        )

    @pa.dataframe_check(error="consideration has no currency")
    def consideration_has_a_currency(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """An amount without its currency is no amount."""
        return data.lazyframe.select(
            pl.col("consideration").is_null() | pl.col("currency").is_not_null()
        )


GRANTS = Feed(name="grants", schema=Grants, key=("grant_id",), control_total="credits")
