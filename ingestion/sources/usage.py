"""The usage feed: what customers used, as metered."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

from ingestion.sources.feed import Feed, Kind
from ingestion.sources.times import EARLIEST, LATEST


class Usage(pa.DataFrameModel):
    """One row per metered event. Source: the company's metering, or a gateway's event log."""

    event_id: str
    """The meter's own id; a resend keeps it."""
    occurred_at: Annotated[pl.Datetime, "us", None] = pa.Field(ge=EARLIEST, lt=LATEST)
    """When the usage happened, UTC."""
    customer_id: str
    """Who used it; the pool that pays follows from the customers feed."""
    meter: str
    """A meter of `book.yml`, in whose unit the quantity is."""
    quantity: Annotated[pl.Decimal, 28, 9] = pa.Field(ge=0)
    """In the meter's unit. 0 together with `corrects` voids the event corrected."""
    properties: str
    """JSON object, property -> value; only properties the meter declares."""
    user_id: str = pa.Field(nullable=True)
    """Member who caused it, for guardrails and showback."""
    team_id: str = pa.Field(nullable=True)
    """Team of that member."""
    received_at: Annotated[pl.Datetime, "us", None] = pa.Field(
        nullable=True, ge=EARLIEST, lt=LATEST
    )
    """When we learned of it, UTC; empty = no later than it occurred."""
    corrects: str = pa.Field(nullable=True)
    """The event this one replaces."""

    @pa.dataframe_check(error="corrects names the event itself")
    def corrects_another(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """An event cannot replace itself."""
        return data.lazyframe.select(
            pl.col("corrects").is_null()
            | pl.col("event_id").is_null()
            | (pl.col("corrects") != pl.col("event_id"))
        )


USAGE = Feed(
    name="usage",
    schema=Usage,
    key=("event_id",),
    control_total="quantity",
    defaults={"properties": "'{}'"},
    kinds={"properties": Kind.PROPERTIES},
    restated="quantity",
    known_at="coalesce(received_at, occurred_at)",
)
