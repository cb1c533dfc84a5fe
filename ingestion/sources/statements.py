"""The statements feed: what another system says a wallet holds, or what went in or out of it."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

from ingestion.sources.feed import Feed
from ingestion.sources.times import EARLIEST, LATEST

MEASURES = ("balance", "drawn", "granted")


class Statements(pa.DataFrameModel):
    """One row per figure that another system states. The books compare it, and book nothing."""

    statement_id: str
    """Id of the figure, the same each time it is exported; empty = what the figure is of."""
    source: str
    """Who says so: lago, stripe, snowflake."""
    customer_id: str = pa.Field(nullable=True)
    """Whose wallet, of a member of a pool the pool's; may be empty where the lot says it."""
    measure: str = pa.Field(isin=MEASURES)
    """What is stated: held at an instant, or drawn from or granted to the wallet in a window."""
    wallet: str
    """A wallet of `book.yml`, in whose unit the amount is."""
    lot_id: str = pa.Field(nullable=True)
    """The one lot it is about; empty = all of the wallet."""
    from_at: Annotated[pl.Datetime, "us", None] = pa.Field(nullable=True, ge=EARLIEST)
    """First instant of the window, UTC; empty for a balance, which counts all before it."""
    until_at: Annotated[pl.Datetime, "us", None] = pa.Field(ge=EARLIEST, lt=LATEST)
    """End of the window or instant of the balance, UTC, not included."""
    amount: Annotated[pl.Decimal, 28, 9]
    """In the wallet's unit; a balance below nothing is negative."""
    decimals: pl.Int32 = pa.Field(ge=0, le=9)
    """Decimal places the source states; empty = 2. Half a unit of the last is rounding."""
    received_at: Annotated[pl.Datetime, "us", None] = pa.Field(nullable=True, lt=LATEST)
    """When it was stated, UTC: what we received later it could not know; empty = at until_at."""
    corrects: str = pa.Field(nullable=True)
    """The statement this one replaces, where the source has restated the figure."""

    @pa.dataframe_check(error="customer_id is missing, and no lot says whose it is")
    def somebody_holds_it(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A wallet is somebody's."""
        return data.lazyframe.select(
            pl.col("customer_id").is_not_null() | pl.col("lot_id").is_not_null()
        )

    @pa.dataframe_check(error="until_at is not after from_at")
    def window_runs_forward(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Nothing can move in a window of no length."""
        return data.lazyframe.select((pl.col("until_at") > pl.col("from_at")).fill_null(True))

    @pa.dataframe_check(error="from_at is given for a balance")
    def a_balance_has_no_start(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """It counts all that happened before its instant."""
        return data.lazyframe.select(
            (pl.col("measure") != "balance").fill_null(True) | pl.col("from_at").is_null()
        )

    @pa.dataframe_check(error="from_at is missing for what was drawn or granted")
    def a_flow_has_a_start(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """What moved, moved in a window."""
        return data.lazyframe.select(
            (~pl.col("measure").is_in(["drawn", "granted"])).fill_null(True)
            | pl.col("from_at").is_not_null()
        )

    @pa.dataframe_check(error="received_at is before until_at")
    def is_stated_afterwards(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """What is still to come cannot be stated."""
        return data.lazyframe.select((pl.col("received_at") >= pl.col("until_at")).fill_null(True))


STATEMENTS = Feed(
    name="statements",
    schema=Statements,
    key=("statement_id",),
    control_total="amount",
    defaults={
        "decimals": "2",
        "statement_id": "concat_ws('/', source, customer_id, wallet, lot_id, measure, "
        "strftime(from_at, '%Y-%m-%dT%H:%M:%SZ'), strftime(until_at, '%Y-%m-%dT%H:%M:%SZ'))",
    },
    restated="amount",
    known_at="coalesce(received_at, until_at)",
)
