"""Output schema of the reconciliation: what others state, and what explains the difference."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl

from ingestion.sources.statements import MEASURES
from reports.schemas.base import Credits, Instant, Mart, holds, total

BUCKETS = ("rounding", "timing", "late", "expiry", "refund", "missing_here", "missing_there")


class Reconciliation(Mart):
    """One row per figure that another system states; all of them in the wallet's unit."""

    statement_id: str = pa.Field(unique=True)
    source: str
    customer_id: str = pa.Field(nullable=True)
    measure: str = pa.Field(isin=MEASURES)
    wallet: str
    lot_id: str = pa.Field(nullable=True)
    from_at: Instant = pa.Field(nullable=True)
    until_at: Instant
    received_at: Instant
    decimals: pl.Int32 = pa.Field(ge=0, le=9)
    theirs: Credits
    ours: Credits
    difference: Credits
    rounding: Credits
    timing: Credits
    late: Credits
    expiry: Credits
    refund: Credits
    missing_here: Credits = pa.Field(ge=0)
    missing_there: Credits = pa.Field(le=0)

    @pa.dataframe_check(error="every difference is in a bucket")
    def every_difference_is_in_a_bucket(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Nothing is left without a name."""
        return holds(
            data,
            pl.col("theirs") - pl.col("ours") == pl.col("difference"),
            total(BUCKETS) == pl.col("difference"),
        )

    @pa.dataframe_check(error="what is rounding and what is missing exclude one another")
    def the_rest_has_one_name(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """What is left has one size and one sign."""
        named = [
            (pl.col(name) != 0).cast(pl.Int32)
            for name in ("rounding", "missing_here", "missing_there")
        ]
        return holds(data, pl.sum_horizontal(named) <= 1)
