"""The lot_events feed: what is done to a lot after it was granted."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

from ingestion.sources.feed import Feed
from ingestion.sources.times import EARLIEST, LATEST

KINDS = ("void", "reduce", "extend", "reset", "transfer", "reprice")


class LotEvents(pa.DataFrameModel):
    """One row per change of one lot."""

    lot_event_id: str
    """Id of the change."""
    occurred_at: Annotated[pl.Datetime, "us", None] = pa.Field(ge=EARLIEST, lt=LATEST)
    """When it takes effect, UTC."""
    lot_id: str
    """The lot changed: a grant_id, or `<payment_id>:<n>`."""
    kind: str = pa.Field(isin=KINDS)
    """What is done."""
    credits: Annotated[pl.Decimal, 28, 9] = pa.Field(nullable=True, gt=0)
    """How many of the lot's credits, in its wallet's unit; empty = all that are left."""
    new_expires_at: Annotated[pl.Datetime, "us", None] = pa.Field(nullable=True)
    """Where `extend` moves the expiry to, and `reprice` if it is later, UTC."""
    least: Annotated[pl.Decimal, 28, 9] = pa.Field(nullable=True, ge=0)
    """What a `reset` fills the lot up to, where less is left; empty = nothing is added."""
    most: Annotated[pl.Decimal, 28, 9] = pa.Field(nullable=True, ge=0)
    """What a `reset` leaves of the lot, where more is left; empty = all. It wins over least."""
    to_customer_id: str = pa.Field(nullable=True)
    """Where `transfer` moves credits to; empty = same customer."""
    to_wallet: str = pa.Field(nullable=True)
    """The wallet `transfer` moves credits to; empty = same wallet."""
    rate: Annotated[pl.Decimal, 28, 9] = pa.Field(nullable=True, gt=0)
    """How many credits arrive for one that `transfer` moves, where units differ; empty = 1."""
    reason: str = pa.Field(nullable=True)
    """In words."""
    received_at: Annotated[pl.Datetime, "us", None] = pa.Field(
        nullable=True, ge=EARLIEST, lt=LATEST
    )
    """When we learned of it, UTC; empty = no later than it occurred."""

    @pa.dataframe_check(error="credits is missing for a reduce")
    def reduce_says_by_how_much(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """To take all that are left is a void."""
        return data.lazyframe.select(
            (pl.col("kind") != "reduce").fill_null(True) | pl.col("credits").is_not_null()
        )

    @pa.dataframe_check(error="new_expires_at is missing for an extend")
    def extend_says_until_when(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """An extension has a new end."""
        return data.lazyframe.select(
            (pl.col("kind") != "extend").fill_null(True) | pl.col("new_expires_at").is_not_null()
        )

    @pa.dataframe_check(error="new_expires_at is not after occurred_at")
    def extend_leads_into_the_future(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """An end that has passed extends nothing."""
        return data.lazyframe.select(
            pl.col("new_expires_at").is_null() | (pl.col("new_expires_at") > pl.col("occurred_at"))
        )

    @pa.dataframe_check(error="least and most are both missing for a reset")
    def reset_says_what_stays(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A reset without either would change nothing."""
        return data.lazyframe.select(
            (pl.col("kind") != "reset").fill_null(True)
            | pl.col("least").is_not_null()
            | pl.col("most").is_not_null()
        )

    @pa.dataframe_check(error="to_customer_id and to_wallet are both missing for a transfer")
    def transfer_goes_somewhere(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Credits that move arrive elsewhere."""
        return data.lazyframe.select(
            (pl.col("kind") != "transfer").fill_null(True)
            | pl.col("to_customer_id").is_not_null()
            | pl.col("to_wallet").is_not_null()
        )

    @pa.dataframe_check(
        error="a reprice takes all that a lot has left, and leaves it in its wallet"
    )
    def reprice_moves_nothing(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Part of a lot, or another wallet, is a transfer's business."""
        return data.lazyframe.select(
            (pl.col("kind") != "reprice").fill_null(True)
            | pl.all_horizontal(pl.col("credits", "to_customer_id", "to_wallet", "rate").is_null())
        )


LOT_EVENTS = Feed(
    name="lot_events", schema=LotEvents, key=("lot_event_id",), control_total="credits"
)
