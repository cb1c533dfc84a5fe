"""The period_closes feed: the register of which month was closed or reopened, when and by whom."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

from ingestion.sources.feed import Feed, Kind
from ingestion.sources.times import EARLIEST, LATEST

ACTIONS = ("close", "reopen")


class PeriodCloses(pa.DataFrameModel):
    """One row per closing or reopening of a calendar month of the book."""

    close_id: str
    """Id of the entry."""
    period: pl.Date
    """The month, as its first day. Written 2026-01."""
    closed_at: Annotated[pl.Datetime, "us", None] = pa.Field(ge=EARLIEST, lt=LATEST)
    """When, UTC: what is received from then on is booked later."""
    action: str = pa.Field(isin=ACTIONS)
    """Empty = close."""
    reason: str = pa.Field(nullable=True)
    """Why; a reopening must say."""
    closed_by: str = pa.Field(nullable=True)
    """Who."""

    @pa.dataframe_check(error="reason is missing for a reopening")
    def reopening_has_a_reason(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Opening closed books is an exception somebody answers for."""
        return data.lazyframe.select(
            (pl.col("action") != "reopen").fill_null(True) | pl.col("reason").is_not_null()
        )


PERIOD_CLOSES = Feed(
    name="period_closes",
    schema=PeriodCloses,
    key=("close_id",),
    defaults={"action": "'close'"},
    kinds={"period": Kind.PERIOD},
)
