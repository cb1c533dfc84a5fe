"""Output schemas of the ledger: rated usage, lots, every movement, and balances in credits."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl

from reports.schemas.base import (
    CURRENCY,
    LIABILITIES,
    LOT_KINDS,
    Amount,
    Credits,
    Instant,
    Mart,
    Money,
    first_of_month,
    holds,
    total,
)

ENTRY_TYPES = (
    "grant",
    "draw",
    "expire",
    "void",
    "rollover_out",
    "rollover_in",
    "transfer_out",
    "transfer_in",
    "reinstate",
    "overage",
    "unfunded",
    "overdraft",
    "repayment",
)
UNPAID_ENTRIES = ("overage", "unfunded", "overdraft", "repayment")
"""Entries that no lot pays, or not yet: a repayment takes an overdraft back when a lot draws it."""


class RatedUsage(Mart):
    """One row per usage event: its rate, and its cost in the first wallet of the rate's chain."""

    event_id: str = pa.Field(unique=True)
    customer_id: str
    pool_id: str
    user_id: str = pa.Field(nullable=True)
    team_id: str = pa.Field(nullable=True)
    meter: str
    properties: str
    quantity: Credits = pa.Field(ge=0)
    occurred_at: Instant
    received_at: Instant = pa.Field(nullable=True)
    booked_at: Instant
    service_period: pl.Date
    booked_period: pl.Date
    is_late: bool
    card_version: str = pa.Field(nullable=True)
    rate_id: str = pa.Field(nullable=True)
    wallet: str = pa.Field(nullable=True)
    cost: Credits = pa.Field(nullable=True, ge=0)
    unrated_reason: str = pa.Field(nullable=True)

    @pa.dataframe_check(error="a cost with its rate, or the reason there is none")
    def is_rated_or_says_why(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Never a guess: a rate and a cost, or neither and why; a wallet only with a rate."""
        rated = pl.col("rate_id").is_not_null()
        return holds(
            data,
            pl.col("cost").is_not_null() == rated,
            rated | pl.col("wallet").is_null(),
            pl.col("unrated_reason").is_null() == rated,
        )

    @pa.dataframe_check(error="booked in its own period or, when late, in a later one")
    def is_booked_no_earlier_than_it_happened(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Late is exactly: booked in a later period than the one it happened in."""
        return holds(
            data,
            pl.col("booked_at") >= pl.col("occurred_at"),
            pl.col("booked_period") >= pl.col("service_period"),
            pl.col("is_late") == (pl.col("booked_period") > pl.col("service_period")),
        )


class CreditLots(Mart):
    """One row per lot: what was granted, for how much, for how long, and where it came from."""

    lot_id: str = pa.Field(unique=True)
    customer_id: str
    wallet: str
    kind: str = pa.Field(isin=LOT_KINDS)
    credits: Credits = pa.Field(gt=0)
    consideration: Money = pa.Field(ge=0)
    currency: str = pa.Field(str_matches=CURRENCY)
    unit_value: Amount = pa.Field(ge=0)
    granted_at: Instant
    effective_at: Instant
    expires_at: Instant = pa.Field(nullable=True)
    priority: pl.Int32
    offer: str = pa.Field(nullable=True)
    payment_id: str = pa.Field(nullable=True)
    card_version: str = pa.Field(nullable=True)
    ssp: Amount = pa.Field(nullable=True, gt=0)
    ssp_currency: str = pa.Field(nullable=True, str_matches=CURRENCY)
    expected_use: Amount = pa.Field(nullable=True, gt=0, le=1)
    parent_lot_id: str = pa.Field(nullable=True)
    liability: str = pa.Field(isin=LIABILITIES)
    booked_period: pl.Date

    @pa.dataframe_check(error="a stand-alone price with its currency and the use expected")
    def prices_alone_are_whole(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """What a price was shared by is there whole, or it was shared by credits."""
        priced = pl.col("ssp").is_not_null()
        return holds(
            data,
            pl.col("ssp_currency").is_not_null() == priced,
            pl.col("expected_use").is_not_null() == priced,
        )

    @pa.dataframe_check(error="expires after it takes effect")
    def expires_after_it_takes_effect(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A window of no length could pay for nothing."""
        later = pl.col("expires_at") > pl.col("effective_at")
        return holds(data, pl.col("expires_at").is_null() | later.fill_null(False))

    @pa.dataframe_check(error="granted no later than it takes effect")
    def is_granted_before_it_takes_effect(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Credits may be released after they were promised, not before."""
        return holds(data, pl.col("granted_at") <= pl.col("effective_at"))


class CreditLedger(Mart):
    """One row per movement of credits, and per part of usage that no credit paid for."""

    entry_id: str = pa.Field(unique=True)
    entry_type: str = pa.Field(isin=ENTRY_TYPES)
    lot_id: str = pa.Field(nullable=True)
    customer_id: str
    wallet: str = pa.Field(nullable=True)
    credits: Credits
    amount: Amount
    currency: str = pa.Field(nullable=True, str_matches=CURRENCY)
    occurred_at: Instant
    booked_at: Instant
    service_period: pl.Date
    booked_period: pl.Date
    event_id: str = pa.Field(nullable=True)
    payment_id: str = pa.Field(nullable=True)
    user_id: str = pa.Field(nullable=True)
    team_id: str = pa.Field(nullable=True)
    meter: str = pa.Field(nullable=True)
    rate_id: str = pa.Field(nullable=True)
    card_version: str = pa.Field(nullable=True)
    is_late: bool
    corrects: str = pa.Field(nullable=True)
    reason: str = pa.Field(nullable=True)

    @pa.dataframe_check(error="the sign of credits and amount follows the type of the entry")
    def signs_follow_the_type(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """What adds to a balance is positive in credits and money, what takes from it negative."""
        kind, credits, amount = pl.col("entry_type"), pl.col("credits"), pl.col("amount")
        adds = kind.is_in(["grant", "rollover_in", "transfer_in", "reinstate", "repayment"])
        sold = kind == "overage"
        return holds(
            data,
            adds & (credits > 0) & (amount >= 0)
            | sold & (credits <= 0) & (amount >= 0)
            | ~adds & ~sold & (credits < 0) & (amount <= 0),
        )

    @pa.dataframe_check(error="a movement names its lot, a draw or unpaid usage its event")
    def names_what_moved(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """What no lot pays has no lot; only such usage, where postpaid, has no wallet."""
        unpaid = pl.col("entry_type").is_in(UNPAID_ENTRIES)
        metered = unpaid | (pl.col("entry_type") == "draw")
        return holds(
            data,
            pl.col("lot_id").is_null() == unpaid,
            pl.col("wallet").is_not_null() | unpaid,
            pl.col("event_id").is_not_null() == metered,
        )


class LotBalances(Mart):
    """One row per lot and period until it is empty: credits, each movement signed."""

    lot_id: str
    customer_id: str
    wallet: str
    booked_period: pl.Date
    opening: Credits = pa.Field(ge=0)
    granted: Credits = pa.Field(ge=0)
    drawn: Credits = pa.Field(le=0)
    expired: Credits = pa.Field(le=0)
    voided: Credits = pa.Field(le=0)
    transferred: Credits
    closing: Credits = pa.Field(ge=0)

    class Config:
        """Its key."""

        unique = ("lot_id", "booked_period")

    @pa.dataframe_check(error="opening and movements make the closing balance")
    def foots(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Identity 1, in credits."""
        return holds(data, credits_foot(), first_of_month("booked_period"))


class WalletBalances(Mart):
    """One row per customer, wallet and period: credits, each movement signed."""

    customer_id: str
    wallet: str
    booked_period: pl.Date
    opening: Credits = pa.Field(ge=0)
    granted: Credits = pa.Field(ge=0)
    drawn: Credits = pa.Field(le=0)
    expired: Credits = pa.Field(le=0)
    voided: Credits = pa.Field(le=0)
    transferred: Credits
    closing: Credits = pa.Field(ge=0)
    overdrawn: Credits = pa.Field(ge=0)
    unreleased: Credits = pa.Field(ge=0)

    class Config:
        """Its key."""

        unique = ("customer_id", "wallet", "booked_period")

    @pa.dataframe_check(error="opening and movements make the closing balance")
    def foots(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Identity 1, per wallet."""
        return holds(data, credits_foot(), first_of_month("booked_period"))

    @pa.dataframe_check(error="no more is unreleased than is held")
    def unreleased_is_part_of_closing(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """What can be used only later is held already."""
        return holds(data, pl.col("unreleased") <= pl.col("closing"))


class LimitBreaches(Mart):
    """One row per guardrail, subject and window that was exceeded."""

    limit_id: str
    customer_id: str
    scope: str = pa.Field(isin=("user", "team", "each_user", "each_team", "organisation"))
    subject_id: str
    wallet: str = pa.Field(nullable=True)
    window_unit: str = pa.Field(isin=("day", "week", "month", "total"))
    window_start: pl.Date = pa.Field(nullable=True)
    reached_on: pl.Date
    action: str = pa.Field(isin=("flag", "overage", "unfunded"))
    limit_credits: Credits = pa.Field(nullable=True, ge=0)
    used_credits: Credits = pa.Field(gt=0)
    excess_credits: Credits = pa.Field(ge=0)
    currency: str = pa.Field(nullable=True, str_matches=CURRENCY)
    limit_amount: Amount = pa.Field(nullable=True, ge=0)
    used_amount: Amount = pa.Field(nullable=True, gt=0)
    excess_amount: Amount = pa.Field(nullable=True, gt=0)
    allowed_credits: Credits = pa.Field(ge=0)
    overage_credits: Credits = pa.Field(ge=0)
    unfunded_credits: Credits = pa.Field(ge=0)
    events: pl.Int64 = pa.Field(gt=0)

    class Config:
        """Its key."""

        unique = ("limit_id", "subject_id", "window_start")

    @pa.dataframe_check(error="used is above the limit, by the part above it")
    def used_is_above_the_limit(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """What stayed within is no breach."""
        in_money = pl.col("currency").is_not_null()
        above_credits = pl.col("used_credits") - pl.col("limit_credits")
        above_amount = pl.col("used_amount") - pl.col("limit_amount")
        return holds(
            data,
            (in_money | (above_credits == pl.col("excess_credits"))).fill_null(False),
            (~in_money | (above_amount == pl.col("excess_amount"))).fill_null(False),
        )

    @pa.dataframe_check(error="the part above went to the wallets, to overage, or is unfunded")
    def the_part_above_went_somewhere(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Whatever the action, every credit above the limit is told."""
        parts = ("allowed_credits", "overage_credits", "unfunded_credits")
        return holds(data, total(parts) == pl.col("excess_credits"))

    @pa.dataframe_check(error="a window without a start is the only one there is")
    def a_total_has_no_start(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Counting never starts again."""
        return holds(data, pl.col("window_start").is_null() == (pl.col("window_unit") == "total"))


class StrandedCredits(Mart):
    """One row per pool, wallet, period and member of a pool that a split would have hurt."""

    pool_id: str
    wallet: str
    booked_period: pl.Date
    customer_id: str
    user_id: str = pa.Field(nullable=True)
    members: pl.Int64 = pa.Field(gt=0)
    island_credits: Credits = pa.Field(ge=0)
    asked_credits: Credits = pa.Field(ge=0)
    drawn_credits: Credits = pa.Field(ge=0)
    unpaid_credits: Credits = pa.Field(ge=0)
    lacking_credits: Credits = pa.Field(ge=0)
    remaining_credits: Credits = pa.Field(ge=0)
    stranded_credits: Credits = pa.Field(ge=0)
    hits_while_full: pl.Int64 = pa.Field(ge=0)
    kept_while_full_credits: Credits = pa.Field(ge=0)

    class Config:
        """Its key."""

        unique = ("pool_id", "wallet", "booked_period", "customer_id", "user_id")

    @pa.dataframe_check(error="an island pays what is asked of it, or lacks it, and keeps the rest")
    def an_island_is_used_or_left(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Nobody both lacks credits and leaves some; what is stranded was left."""
        asked, island = pl.col("asked_credits"), pl.col("island_credits")
        lacking, remaining = pl.col("lacking_credits"), pl.col("remaining_credits")
        return holds(
            data,
            island + lacking == asked + remaining,
            (lacking == 0) | (remaining == 0),
            pl.col("stranded_credits") <= remaining,
            asked == pl.col("drawn_credits") + pl.col("unpaid_credits"),
            first_of_month("booked_period"),
        )


def credits_foot() -> pl.Expr:
    """Opening and every signed movement make the closing balance, to the last decimal."""
    parts = ("opening", "granted", "drawn", "expired", "voided", "transferred")
    return total(parts) == pl.col("closing")
