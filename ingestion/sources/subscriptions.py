"""The subscriptions feed: who is on which plan, and since when."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

from ingestion.sources.feed import Feed
from ingestion.sources.times import EARLIEST, LATEST


class Subscriptions(pa.DataFrameModel):
    """One row per subscription; a change of plan ends one and starts another.

    A running subscription comes again once it has ended: the same row with its end, and with the
    time that end was learned of.
    """

    subscription_id: str
    """The billing system's id."""
    customer_id: str
    """Who is billed."""
    offer: str
    """A recurring offer of the rate card."""
    started_at: Annotated[pl.Datetime, "us", None] = pa.Field(ge=EARLIEST, lt=LATEST)
    """Start, UTC; of the first billing period too, unless that is anchored elsewhere."""
    ended_at: Annotated[pl.Datetime, "us", None] = pa.Field(nullable=True)
    """End, UTC, not included; empty = running, or not known yet."""
    quantity: Annotated[pl.Decimal, 28, 9] = pa.Field(gt=0)
    """How many of the offer (seats); empty = 1."""
    price: Annotated[pl.Decimal, 28, 9] = pa.Field(nullable=True, ge=0)
    """Price of one of it per billing period agreed with the customer, before tax, in the offer's
    currency; empty = the card's."""
    anchor_at: Annotated[pl.Datetime, "us", None] = pa.Field(nullable=True, ge=EARLIEST, lt=LATEST)
    """An instant at which one of its billing periods begins, UTC; empty = as the offer says."""
    replaces: str = pa.Field(nullable=True)
    """In a change of plan, the subscription it takes over from, which ends as it starts."""
    received_at: Annotated[pl.Datetime, "us", None] = pa.Field(
        nullable=True, ge=EARLIEST, lt=LATEST
    )
    """When we learned of it, UTC; empty = no later than it started."""

    @pa.dataframe_check(error="replaces is the subscription itself")
    def replaces_another(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A change of plan has two sides."""
        return data.lazyframe.select(
            (pl.col("replaces") != pl.col("subscription_id")).fill_null(True)
        )

    @pa.dataframe_check(error="ended_at is before started_at")
    def runs_forward(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Ending at the start is a subscription cancelled before it began."""
        return data.lazyframe.select((pl.col("ended_at") >= pl.col("started_at")).fill_null(True))


SUBSCRIPTIONS = Feed(
    name="subscriptions",
    schema=Subscriptions,
    key=("subscription_id",),
    control_total="quantity",
    defaults={"quantity": "1"},
    filled_later=("ended_at",),
)
