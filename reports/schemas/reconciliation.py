"""Output schemas of the reconciliations: what others state, and what explains the difference."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl

from ingestion.sources.settlements import KINDS as MOVEMENTS
from ingestion.sources.statements import MEASURES
from reports.schemas.base import (
    CURRENCY,
    Credits,
    Instant,
    Mart,
    Money,
    first_of_month,
    holds,
    total,
)

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


CASH_KINDS = ("payment", *(kind for kind in MOVEMENTS if kind != "charge"))
CASH_BUCKETS = (
    "timing",
    "fee",
    "fx",
    "refund",
    "dispute",
    "not_told",
    "missing_here",
    "missing_there",
)


class CashReconciliation(Mart):
    """One row per payment fact or movement of a processor's balance, and month it moved in."""

    booked_period: pl.Date
    fact_id: str
    kind: str = pa.Field(isin=CASH_KINDS)
    processor: str = pa.Field(nullable=True)
    customer_id: str = pa.Field(nullable=True)
    currency: str = pa.Field(str_matches=CURRENCY)
    payment_currency: str = pa.Field(nullable=True, str_matches=CURRENCY)
    received: Money = pa.Field(ge=0)
    tax: Money = pa.Field(ge=0)
    in_lots: Money = pa.Field(ge=0)
    elsewhere: Money
    available_at: Instant = pa.Field(nullable=True)
    payout_id: str = pa.Field(nullable=True)
    paid_out: Money = pa.Field(nullable=True)
    theirs: Money
    ours: Money
    difference: Money
    timing: Money
    fee: Money
    fx: Money
    refund: Money
    dispute: Money
    not_told: Money
    missing_here: Money = pa.Field(ge=0)
    missing_there: Money = pa.Field(le=0)

    class Config:
        """Its key."""

        unique = ("booked_period", "fact_id")

    @pa.dataframe_check(error="booked_period is a month")
    def booked_period_is_a_month(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A month is its first day."""
        return holds(data, first_of_month("booked_period"))

    @pa.dataframe_check(error="every difference is in a bucket")
    def every_difference_is_in_a_bucket(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Nothing is left without a name."""
        return holds(
            data,
            pl.col("theirs") - pl.col("ours") == pl.col("difference"),
            total(CASH_BUCKETS) == pl.col("difference"),
        )

    @pa.dataframe_check(error="what a payment brought is tax, in lots or elsewhere")
    def what_was_received_went_somewhere(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A payment ties to the lots it bought."""
        return holds(data, total(("tax", "in_lots", "elsewhere")) == pl.col("received"))
