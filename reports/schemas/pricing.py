"""Output schemas of pricing: margins, shadow prices and what changed between card versions."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl

from reports.schemas.base import CURRENCY, Amount, Credits, Instant, Mart, Money, holds, total


class UsageMargin(Mart):
    """One row per period, meter, properties, customer, card version, first wallet and currency."""

    booked_period: pl.Date
    meter: str
    properties: str
    customer_id: str
    card_version: str
    wallet: str = pa.Field(nullable=True)
    currency: str = pa.Field(str_matches=CURRENCY)
    quantity: Credits = pa.Field(ge=0)
    credits: Credits = pa.Field(ge=0)
    revenue: Money = pa.Field(ge=0)
    supplier_cost: Money = pa.Field(ge=0)
    margin: Money
    revenue_per_credit: Amount = pa.Field(nullable=True, ge=0)
    break_even_per_credit: Amount = pa.Field(nullable=True, ge=0)
    is_below_cost: bool

    class Config:
        """Its key."""

        unique = (
            "booked_period",
            "meter",
            "properties",
            "customer_id",
            "card_version",
            "wallet",
            "currency",
        )

    @pa.dataframe_check(error="margin is revenue less supplier cost")
    def margin_is_what_is_left(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """And a negative one is below cost."""
        return holds(
            data,
            pl.col("revenue") - pl.col("supplier_cost") == pl.col("margin"),
            pl.col("is_below_cost") == (pl.col("margin") < 0),
        )


PARTS = ("volume", "mix", "mapping", "credit_price")


class ShadowPrices(Mart):
    """One row per customer, period, resource, first wallet and currency."""

    customer_id: str
    booked_period: pl.Date
    meter: str
    properties: str
    wallet: str = pa.Field(nullable=True)
    currency: str = pa.Field(str_matches=CURRENCY)
    units: Credits = pa.Field(ge=0)
    credits: Credits = pa.Field(ge=0)
    money: Money = pa.Field(ge=0)
    credits_per_unit: Amount = pa.Field(nullable=True, ge=0)
    price_per_credit: Amount = pa.Field(nullable=True, ge=0)
    price_per_unit: Amount = pa.Field(nullable=True, ge=0)
    money_before: Money = pa.Field(ge=0)
    change: Money
    volume: Amount
    mix: Amount
    mapping: Amount
    credit_price: Amount

    class Config:
        """Its key."""

        unique = ("customer_id", "booked_period", "meter", "properties", "wallet", "currency")

    @pa.dataframe_check(error="volume, mix, mapping and credit price make the change")
    def parts_make_the_change(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Exactly: none of them is a remainder that hides something."""
        return holds(
            data,
            pl.col("money") - pl.col("money_before") == pl.col("change"),
            total(PARTS) == pl.col("change"),
        )


class RateCardChanges(Mart):
    """One row per card version, rate, wallet and step whose price moved."""

    old_version: str
    version: str
    effective_from: Instant
    rate_id: str
    priced_by: str
    meter: str
    wallet: str
    step_no: pl.Int32 = pa.Field(ge=1)
    kind: str = pa.Field(isin=("changed", "added", "removed"))
    old_credits: Amount = pa.Field(nullable=True, ge=0)
    old_per: Amount = pa.Field(nullable=True, gt=0)
    new_credits: Amount = pa.Field(nullable=True, ge=0)
    new_per: Amount = pa.Field(nullable=True, gt=0)
    change: Amount = pa.Field(nullable=True, ge=-1)
    is_silent: bool

    class Config:
        """Its key."""

        unique = ("version", "rate_id", "wallet", "step_no")

    @pa.dataframe_check(error="what was added has no old price, what was removed no new one")
    def kind_says_which_prices_there_are(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A change has both."""
        return holds(
            data,
            (pl.col("kind") == "added") == pl.col("old_credits").is_null(),
            (pl.col("kind") == "removed") == pl.col("new_credits").is_null(),
        )
