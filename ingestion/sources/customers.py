"""The customers feed: who the customers are and which of them share a pool."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

from ingestion.sources.feed import Feed


class Customers(pa.DataFrameModel):
    """One row per customer. Customers that only appear in other feeds need no row here.

    What a row leaves empty a later one may fill in, but for the parent: to leave that empty says
    that the customer has a pool of its own.
    """

    customer_id: str
    """As in the other feeds."""
    name: str = pa.Field(nullable=True)
    """For people."""
    parent_customer_id: str = pa.Field(nullable=True)
    """The customer whose wallets it uses; empty = its own."""
    segment: str = pa.Field(nullable=True)
    """As named by rates that hold for a segment only."""
    joined_at: Annotated[pl.Datetime, "us", None] = pa.Field(nullable=True)
    """First became a customer, UTC; decides whether a card's later date for them applies."""
    country: str = pa.Field(nullable=True)
    """ISO 3166 code, for reports."""
    card: str = pa.Field(nullable=True)
    """Rate-card version the customer is pinned to."""

    @pa.dataframe_check(error="parent_customer_id is the customer itself")
    def parent_is_another(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A customer with wallets of its own leaves the parent empty."""
        return data.lazyframe.select(
            (pl.col("parent_customer_id") != pl.col("customer_id")).fill_null(True)
        )


CUSTOMERS = Feed(
    name="customers",
    schema=Customers,
    key=("customer_id",),
    filled_later=("name", "segment", "joined_at", "country", "card"),
)
