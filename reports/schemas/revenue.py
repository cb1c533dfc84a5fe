"""Output schemas of the money: schedules, roll-forward, waterfall, journals, trial balance."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl

from reports.schemas.base import (
    CURRENCY,
    LIABILITIES,
    Amount,
    Credits,
    Instant,
    Mart,
    Money,
    first_of_month,
    holds,
    total,
)

ACCOUNT_TYPES = ("asset", "liability", "equity", "revenue", "contra_revenue", "expense")


class Movements(Mart):
    """What schedule and roll-forward share: every movement, and its twin in functional currency.

    Revenue and refunds are positive and take from the balance. Breakage, and what states are owed,
    turn negative in a period in which an estimate takes some of it back.
    """

    currency: str = pa.Field(str_matches=CURRENCY)
    liability: str = pa.Field(isin=LIABILITIES)
    booked_period: pl.Date
    opening: Money = pa.Field(ge=0)
    additions: Money = pa.Field(ge=0)
    usage_revenue: Money = pa.Field(ge=0)
    breakage_revenue: Money
    prior_period_revenue: Money = pa.Field(ge=0)
    escheated: Money
    refunded: Money = pa.Field(ge=0)
    transferred: Money
    fx: Money
    closing: Money = pa.Field(ge=0)
    opening_functional: Money = pa.Field(ge=0)
    additions_functional: Money = pa.Field(ge=0)
    usage_revenue_functional: Money = pa.Field(ge=0)
    breakage_revenue_functional: Money
    prior_period_revenue_functional: Money = pa.Field(ge=0)
    escheated_functional: Money
    refunded_functional: Money = pa.Field(ge=0)
    transferred_functional: Money
    fx_functional: Money
    closing_functional: Money = pa.Field(ge=0)

    @pa.dataframe_check(error="opening and movements make the closing balance, in both currencies")
    def foots(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Identities 3 and 4: nothing of a consideration is lost."""
        return holds(
            data, money_foots(""), money_foots("_functional"), first_of_month("booked_period")
        )


class DeferredRevenueSchedule(Movements):
    """One row per lot with a consideration, liability and period, until it is empty."""

    lot_id: str

    class Config:
        """Its key."""

        unique = ("lot_id", "booked_period", "liability")


class LiabilityRollforward(Movements):
    """One row per entity, liability, wallet, currency and period."""

    entity: str
    wallet: str
    gl_balance: Money
    variance: Money = pa.Field(eq=0)

    class Config:
        """Its key."""

        unique = ("entity", "liability", "wallet", "currency", "booked_period")

    @pa.dataframe_check(error="closing equals the general ledger")
    def agrees_with_the_ledger(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Identity 4, against the journal."""
        return holds(data, pl.col("closing") == pl.col("gl_balance"))


class DeferredRevenueWaterfall(Mart):
    """One row per cohort of purchase, wallet, currency and period of recognition."""

    cohort: pl.Date
    wallet: str
    currency: str = pa.Field(str_matches=CURRENCY)
    recognized_period: pl.Date
    sold: Money = pa.Field(ge=0)
    amount: Money
    breakage_amount: Money
    escheated: Money
    refunded: Money = pa.Field(ge=0)
    transferred: Money
    remaining: Money = pa.Field(ge=0)

    class Config:
        """Its key."""

        unique = ("cohort", "wallet", "currency", "recognized_period")

    @pa.dataframe_check(error="recognised no earlier than sold, and never more than was sold")
    def stays_within_the_sale(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A cohort earns what it was sold for, later or at once."""
        return holds(
            data,
            pl.col("cohort") <= pl.col("recognized_period"),
            pl.col("breakage_amount") <= pl.col("amount"),
            pl.col("remaining") <= pl.col("sold") + pl.col("transferred"),
        )


class RemainingObligations(Mart):
    """One row per period, liability, wallet and currency: what is still owed, by latest time."""

    booked_period: pl.Date
    liability: str = pa.Field(isin=LIABILITIES)
    wallet: str
    currency: str = pa.Field(str_matches=CURRENCY)
    amount: Money = pa.Field(gt=0)
    within_12_months: Money = pa.Field(ge=0)
    beyond_12_months: Money = pa.Field(ge=0)
    no_expiry: Money = pa.Field(ge=0)
    burn_per_month: Money = pa.Field(ge=0)
    expected_within_12_months: Money = pa.Field(ge=0)
    latest_expiry: Instant = pa.Field(nullable=True)

    class Config:
        """Its key."""

        unique = ("booked_period", "liability", "wallet", "currency")

    @pa.dataframe_check(error="the time bands sum to the amount")
    def bands_sum(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Every obligation lies in exactly one band."""
        bands = ("within_12_months", "beyond_12_months", "no_expiry")
        return holds(data, total(bands) == pl.col("amount"))

    @pa.dataframe_check(error="at least what must be is expected within a year, at most all")
    def expectations_lie_between(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """What ends within a year is recognised within a year."""
        expected = pl.col("expected_within_12_months")
        return holds(data, expected >= pl.col("within_12_months"), expected <= pl.col("amount"))


class ContractBalances(Mart):
    """One row per entity, liability, wallet, currency and period: what revenue was in them."""

    entity: str
    liability: str = pa.Field(isin=LIABILITIES)
    wallet: str
    currency: str = pa.Field(str_matches=CURRENCY)
    booked_period: pl.Date
    opening: Money = pa.Field(ge=0)
    additions: Money = pa.Field(ge=0)
    revenue: Money
    revenue_from_opening: Money
    revenue_from_quarter_opening: Money
    revenue_from_year_opening: Money
    other_reductions: Money
    closing: Money = pa.Field(ge=0)
    current_portion: Money = pa.Field(ge=0)
    non_current_portion: Money = pa.Field(ge=0)
    netted_at_opening: Money = pa.Field(ge=0)

    class Config:
        """Its key."""

        unique = ("entity", "liability", "wallet", "currency", "booked_period")

    @pa.dataframe_check(error="opening and movements make closing, and so do its two portions")
    def foots(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Nothing is neither current nor non-current."""
        moved = total(("opening", "additions")) - total(("revenue", "other_reductions"))
        return holds(
            data,
            moved == pl.col("closing"),
            total(("current_portion", "non_current_portion")) == pl.col("closing"),
        )

    @pa.dataframe_check(error="no more was in the opening balance than the opening balance")
    def opening_covers_what_was_in_it(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Lots that existed at opening cannot earn more than they carried then.

        Over all wallets of a currency: what moved between them since was in another's balance. That
        each wallet covers its own is asserted where transfers are known
        (assert_contract_balances_tie).
        """
        earned, carried, netted = (
            pl.col(name).sum().over("entity", "currency", "booked_period")
            for name in ("revenue_from_opening", "opening", "netted_at_opening")
        )
        return holds(data, earned <= carried + netted)


class JournalLines(Mart):
    """One row per line of a journal: one journal per period, cause and currency."""

    journal_id: str
    line_no: pl.Int32 = pa.Field(ge=1)
    booked_period: pl.Date
    effective_date: pl.Date
    account_role: str
    account_number: str
    account_name: str
    debit: Money = pa.Field(ge=0)
    credit: Money = pa.Field(ge=0)
    currency: str = pa.Field(str_matches=CURRENCY)
    functional_debit: Money = pa.Field(ge=0)
    functional_credit: Money = pa.Field(ge=0)
    memo: str
    source: str

    class Config:
        """Its key."""

        unique = ("journal_id", "line_no")

    @pa.dataframe_check(error="one side only, dated in its period")
    def has_one_side(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A line is a debit or a credit, never both."""
        return holds(
            data,
            (pl.col("debit") == 0) | (pl.col("credit") == 0),
            (pl.col("functional_debit") == 0) | (pl.col("functional_credit") == 0),
            pl.col("effective_date").dt.truncate("1mo") == pl.col("booked_period"),
        )

    @pa.dataframe_check(error="debits equal credits in each journal, in both currencies")
    def journals_balance(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Identity 5; a chunk is a period, which holds whole journals."""
        sides = [
            pl.col(f"{kind}debit").sum().over("journal_id")
            == pl.col(f"{kind}credit").sum().over("journal_id")
            for kind in ("", "functional_")
        ]
        return holds(data, *sides)


class TrialBalance(Mart):
    """One row per account, currency and period. Debit balances are positive."""

    account_number: str
    account_name: str
    account_type: str = pa.Field(isin=ACCOUNT_TYPES)
    currency: str = pa.Field(str_matches=CURRENCY)
    booked_period: pl.Date
    opening: Money
    debits: Money = pa.Field(ge=0)
    credits: Money = pa.Field(ge=0)
    closing: Money
    functional_opening: Money
    functional_debits: Money = pa.Field(ge=0)
    functional_credits: Money = pa.Field(ge=0)
    functional_closing: Money

    class Config:
        """Its key."""

        unique = ("account_number", "currency", "booked_period")

    @pa.dataframe_check(error="opening, debits and credits make the closing balance")
    def foots(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Account by account, in its currency and in the functional one."""
        return holds(
            data,
            *(
                pl.col(f"{twin}opening") + pl.col(f"{twin}debits") - pl.col(f"{twin}credits")
                == pl.col(f"{twin}closing")
                for twin in ("", "functional_")
            ),
        )

    @pa.dataframe_check(error="the closing balances of a period sum to zero")
    def sums_to_zero(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """All accounts of a currency together, in it and in the functional one."""
        return holds(
            data,
            *(
                pl.col(f"{twin}closing").sum().over("currency", "booked_period") == 0
                for twin in ("", "functional_")
            ),
        )


class RevenueByMeter(Mart):
    """One row per period, meter, properties, wallet, customer and currency."""

    booked_period: pl.Date
    meter: str = pa.Field(nullable=True)
    properties: str = pa.Field(nullable=True)
    wallet: str = pa.Field(nullable=True)
    customer_id: str
    currency: str = pa.Field(str_matches=CURRENCY)
    usage_revenue: Money = pa.Field(ge=0)
    prior_period_revenue: Money = pa.Field(ge=0)
    breakage_revenue: Money
    overage_revenue: Money = pa.Field(ge=0)
    credits: Credits = pa.Field(ge=0)
    quantity: Credits = pa.Field(ge=0)
    events: pl.Int64 = pa.Field(ge=0)
    supplier_cost: Money = pa.Field(ge=0)
    supplier_share: Money = pa.Field(ge=0)

    class Config:
        """Its key."""

        unique = ("booked_period", "meter", "properties", "wallet", "customer_id", "currency")

    @pa.dataframe_check(error="only overage may have no wallet")
    def only_overage_may_have_no_wallet(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Postpaid usage touches no wallet; what credits pay for always does."""
        paid = ("usage_revenue", "prior_period_revenue", "breakage_revenue", "credits")
        return holds(
            data,
            pl.col("wallet").is_not_null() | pl.all_horizontal(pl.col(name) == 0 for name in paid),
        )

    @pa.dataframe_check(error="breakage has no meter, credits and quantities have one")
    def only_what_was_used_has_a_meter(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Credits that were never used were not metered; nor is the mere passing of time."""
        metered = pl.col("meter").is_not_null()
        return holds(
            data,
            ~metered | (pl.col("breakage_revenue") == 0),
            metered | (pl.col("credits") == 0) & (pl.col("quantity") == 0),
        )


class UsageAccruals(Mart):
    """One row per wallet, currency and month with an accrual of usage thought to be late."""

    wallet: str
    currency: str = pa.Field(str_matches=CURRENCY)
    booked_period: pl.Date
    usage_revenue: Money = pa.Field(ge=0)
    share: Amount = pa.Field(gt=0, lt=1)
    accrued: Money = pa.Field(ge=0)
    arrived: Money = pa.Field(ge=0)
    difference: Money
    approved_by: str
    reference: str

    class Config:
        """Its key."""

        unique = ("wallet", "currency", "booked_period")

    @pa.dataframe_check(error="the difference is what was accrued less what arrived")
    def difference_is_the_difference(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """The record of how good the estimate was."""
        return holds(data, pl.col("accrued") - pl.col("arrived") == pl.col("difference"))


class Corrections(Mart):
    """One row per late fact and lot or charge it moved."""

    what: str
    fact_id: str
    lot_id: str = pa.Field(nullable=True)
    service_period: pl.Date
    booked_period: pl.Date
    credits: Credits = pa.Field(ge=0)
    amount: Amount = pa.Field(ge=0)
    currency: str = pa.Field(nullable=True, str_matches=CURRENCY)
    reason: str

    @pa.dataframe_check(error="booked in a later period than it happened in")
    def is_booked_later(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Otherwise it corrects nothing."""
        return holds(data, pl.col("booked_period") > pl.col("service_period"))


def money_foots(suffix: str) -> pl.Expr:
    """Opening and every movement make the closing balance; revenue and refunds take from it.

    Args:
        suffix: '' for the transaction currency, `_functional` for its twin.
    """
    adds = ["opening", "additions", "transferred", "fx"]
    takes = ["usage_revenue", "prior_period_revenue", "breakage_revenue", "escheated", "refunded"]
    added = total(f"{name}{suffix}" for name in adds)
    taken = total(f"{name}{suffix}" for name in takes)
    return added - taken == pl.col(f"closing{suffix}")
