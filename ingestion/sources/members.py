"""The members feed: which user belonged to which team, and when."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

from ingestion.sources.feed import Feed


class Members(pa.DataFrameModel):
    """One row per stay of a user in a team of a customer; it may come again with its end."""

    customer_id: str
    """The organisation."""
    user_id: str
    """As in the usage feed."""
    team_id: str
    """As in the usage feed."""
    valid_from: Annotated[pl.Datetime, "us", None]
    """Member from, UTC. Written `from`."""
    valid_to: Annotated[pl.Datetime, "us", None] = pa.Field(nullable=True)
    """Member until, UTC, not included; empty = still. Written `to`."""

    @pa.dataframe_check(error="to is not after from")
    def stay_runs_forward(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A stay has length."""
        return data.lazyframe.select((pl.col("valid_to") > pl.col("valid_from")).fill_null(True))


MEMBERS = Feed(
    name="members",
    schema=Members,
    key=("customer_id", "user_id", "team_id", "valid_from"),
    written_as={"valid_from": "from", "valid_to": "to"},
    filled_later=("valid_to",),
)
