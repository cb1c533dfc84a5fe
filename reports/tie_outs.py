"""Totals that must agree because they were added up separately, each shown with both numbers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from reports.check_result import CheckResult

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class TieOut:
    """Two sums of the same thing.

    Attributes:
        name: What identifies it, stable between builds.
        statement: The sentence that must be true.
        left_name: What the first sum is.
        right_name: What the second sum is.
        sql: One row per currency or unit: label, decimals, first sum, second sum.
    """

    name: str
    statement: str
    left_name: str
    right_name: str
    sql: str


LAST_PERIOD = "(select max(booked_period) from marts.trial_balance)"
DECIMALS = "left join (select currency, minor_units from raw.currencies) as minor using (currency)"

TIE_OUTS = (
    TieOut(
        "liabilities_equal_the_ledger",
        "Liabilities in the roll-forward equal the general ledger",
        "roll-forward",
        "trial balance",
        f"""
        with
        rolled as (
            select currency, sum(closing) as amount from marts.liability_rollforward
            where booked_period = {LAST_PERIOD} group by currency
        ),
        accounts as (
            select distinct account_number from marts.journal_lines
            where account_role in ('contract_liability', 'refund_liability', 'customer_deposit')
        ),
        balances as (
            select currency, -sum(closing) as amount
            from marts.trial_balance semi join accounts using (account_number)
            where booked_period = {LAST_PERIOD} group by currency
        )
        select currency, minor.minor_units, coalesce(rolled.amount, 0), coalesce(balances.amount, 0)
        from rolled full join balances using (currency) {DECIMALS} order by currency
        """,
    ),
    TieOut(
        "lots_equal_the_rollforward",
        "What lots still carry equals the closing liabilities",
        "sum of lots",
        "roll-forward",
        f"""
        with
        lots as (
            select currency, sum(closing) as amount from marts.deferred_revenue_schedule
            where booked_period = {LAST_PERIOD} group by currency
        ),
        rolled as (
            select currency, sum(closing) as amount from marts.liability_rollforward
            where booked_period = {LAST_PERIOD} group by currency
        )
        select currency, minor.minor_units, coalesce(lots.amount, 0), coalesce(rolled.amount, 0)
        from lots full join rolled using (currency) {DECIMALS} order by currency
        """,
    ),
    TieOut(
        "consideration_is_settled_or_owed",
        "What lots were sold for is earned, paid back, still owed or netted with a contract asset",
        "sold",
        "earned + paid back + owed + netted",
        f"""
        with
        sold as (
            select currency, sum(consideration) as amount
            from marts.credit_lots where origin <> 'transfer' group by currency
        ),
        settled as (
            select
                currency,
                sum(usage_revenue + prior_period_revenue + breakage_revenue + escheated + refunded)
                - sum(transferred)
                + coalesce(sum(closing) filter (booked_period = {LAST_PERIOD}), 0) as amount
            from marts.liability_rollforward group by currency
        )
        select currency, minor.minor_units, coalesce(sold.amount, 0), coalesce(settled.amount, 0)
        from sold full join settled using (currency) {DECIMALS} order by currency
        """,
    ),
    TieOut(
        "revenue_equals_the_ledger",
        "Revenue by meter equals the revenue accounts, accrued usage apart",
        "revenue by meter",
        "trial balance",
        f"""
        with
        metered as (
            select currency, sum(
                usage_revenue + prior_period_revenue + breakage_revenue + overage_revenue
            ) as amount
            from marts.revenue_by_meter group by currency
        ),
        accrued as (
            select currency, sum(credit - debit) as amount from marts.journal_lines
            where account_role = 'accrued_usage_revenue' group by currency
        ),
        accounts as (
            select currency, -sum(closing) as amount from marts.trial_balance
            where account_type = 'revenue' and booked_period = {LAST_PERIOD} group by currency
        ),
        posted as (
            select currency, accounts.amount - coalesce(accrued.amount, 0) as amount
            from accounts left join accrued using (currency)
        )
        select currency, minor.minor_units, coalesce(metered.amount, 0), coalesce(posted.amount, 0)
        from metered full join posted using (currency) {DECIMALS} order by currency
        """,
    ),
    TieOut(
        "waterfall_equals_the_rollforward",
        "Revenue by month of purchase equals revenue in the roll-forward",
        "waterfall",
        "roll-forward",
        f"""
        with
        cohorts as (
            select currency, sum(amount) as amount from marts.deferred_revenue_waterfall
            group by currency
        ),
        rolled as (
            select currency, sum(usage_revenue + prior_period_revenue + breakage_revenue) as amount
            from marts.liability_rollforward group by currency
        )
        select currency, minor.minor_units, coalesce(cohorts.amount, 0), coalesce(rolled.amount, 0)
        from cohorts full join rolled using (currency) {DECIMALS} order by currency
        """,
    ),
    TieOut(
        "debits_equal_credits",
        "Debits equal credits",
        "debits",
        "credits",
        f"""
        select currency, minor.minor_units, sum(debit), sum(credit)
        from marts.journal_lines {DECIMALS} group by currency, minor.minor_units order by currency
        """,
    ),
    TieOut(
        "credits_are_used_or_held",
        "Credits granted are drawn, expired, taken back or still held",
        "granted",
        "drawn + expired + taken back + held",
        """
        with
        granted as (
            select wallet, sum(credits) as amount
            from marts.credit_lots where origin <> 'transfer' group by wallet
        ),
        moved as (
            select
                wallet,
                sum(closing) filter (
                    booked_period = (select max(booked_period) from marts.wallet_balances)
                ) - sum(drawn + expired + voided + transferred) as amount
            from marts.wallet_balances group by wallet
        )
        select wallet, 0, coalesce(granted.amount, 0), coalesce(moved.amount, 0)
        from granted full join moved using (wallet) order by wallet
        """,
    ),
)


def tie_out_results(connection: DuckDBPyConnection) -> list[CheckResult]:
    """Every tie-out, once per currency or wallet it is made in.

    Args:
        connection: Open on a built database.
    """
    results = []
    for tie_out in TIE_OUTS:
        for label, decimals, left, right in connection.execute(tie_out.sql).fetchall():
            results.append(
                _compared(
                    f"{tie_out.name}_{label}".lower(),
                    "tie-out",
                    f"{tie_out.statement}, {label}",
                    (tie_out.left_name, left),
                    (tie_out.right_name, right),
                    2 if decimals is None else decimals,
                )
            )
    return results


def statement_results(connection: DuckDBPyConnection) -> list[CheckResult]:
    """What each other system states beside our figures, per measure and wallet.

    A difference that is not explained does not fail: theirs may be wrong as well as ours
    (decision 37). It is counted, and both sums are shown.

    Args:
        connection: Open on a built database.
    """
    found = connection.execute(
        """
        select
            source,
            measure,
            wallet,
            max(decimals),
            count(*) as statements,
            count(*) filter (missing_here <> 0 or missing_there <> 0) as unexplained,
            sum(theirs),
            sum(ours + rounding + timing + late + expiry + refund)
        from marts.reconciliation group by source, measure, wallet order by source, measure, wallet
        """
    ).fetchall()
    results = []
    for source, measure, wallet, decimals, statements, unexplained, theirs, explained in found:
        figures = "figure" if statements == 1 else "figures"
        results.append(
            _counted(
                f"statements_{source}_{measure}_{wallet}".lower(),
                f"What {source} states is ours or explained, {statements:,} {figures} "
                f"({measure}, {wallet})",
                ("stated", theirs),
                ("ours and explained", explained),
                decimals,
                unexplained,
                "marts.reconciliation",
            )
        )
    return results


def cash_results(connection: DuckDBPyConnection) -> list[CheckResult]:
    """What processors moved beside cash in transit, and payouts beside what is in them.

    As with statements, a difference that nothing names does not fail: it is counted, and both sums
    are shown (decision 49).

    Args:
        connection: Open on a built database.
    """
    results = []
    for currency, decimals, facts, unexplained, theirs, explained in connection.execute(
        f"""
        select
            currency,
            coalesce(minor.minor_units, 2),
            count(distinct fact_id) as facts,
            count(*) filter (missing_here <> 0 or missing_there <> 0) as unexplained,
            sum(theirs),
            sum(ours + timing + fee + fx + refund + dispute + not_told)
        from marts.cash_reconciliation {DECIMALS} group by currency, minor_units order by currency
        """
    ).fetchall():
        results.append(
            _counted(
                f"cash_{currency}".lower(),
                "What processors moved is in cash in transit or explained, "
                f"{facts:,} {'fact' if facts == 1 else 'facts'} ({currency})",
                ("moved", theirs),
                ("ours and explained", explained),
                decimals,
                unexplained,
                "marts.cash_reconciliation",
            )
        )
    for currency, decimals, payouts, unequal, paid, named in connection.execute(
        f"""
        select
            currency,
            coalesce(minor.minor_units, 2),
            count(*) as payouts,
            count(*) filter (theirs <> paid_out) as unequal,
            -sum(theirs),
            -sum(paid_out)
        from marts.cash_reconciliation {DECIMALS}
        where paid_out is not null group by currency, minor_units order by currency
        """
    ).fetchall():
        results.append(
            _counted(
                f"payouts_{currency}".lower(),
                f"{payouts:,} {'payout is' if payouts == 1 else 'payouts are'} "
                f"the movements in them ({currency})",
                ("paid out", paid),
                ("movements", named),
                decimals,
                unequal,
                "marts.cash_reconciliation",
            )
        )
    return results


def file_results(connection: DuckDBPyConnection) -> list[CheckResult]:
    """Identity 6, per feed: every row of every file has one fate; files that break it are counted.

    Args:
        connection: Open on a loaded database.
    """
    found = connection.execute(
        """
        select
            feed,
            count(*) as files,
            sum(rows) as rows,
            sum(loaded + duplicates + rejected + excluded) as accounted,
            count(*) filter (rows <> loaded + duplicates + rejected + excluded) as unequal
        from raw.files group by feed order by feed
        """
    ).fetchall()
    return [
        _compared(
            f"files_{feed}",
            "file",
            f"Every row of {files:,} {feed} {'file' if files == 1 else 'files'} is accounted for",
            ("rows", rows),
            ("loaded + duplicate + rejected + excluded", accounted),
            0,
            failures=unequal,
        )
        for feed, files, rows, accounted, unequal in found
    ]


def _compared(
    name: str,
    kind: str,
    statement: str,
    left: tuple[str, Decimal | int],
    right: tuple[str, Decimal | int],
    decimals: int,
    failures: int = 0,
) -> CheckResult:
    """The result of comparing two numbers, tolerance zero."""
    left_value, right_value = Decimal(left[1]), Decimal(right[1])
    is_ok = left_value == right_value and not failures
    return CheckResult(
        name=name,
        kind=kind,
        statement=statement,
        left_name=left[0],
        left_value=left_value,
        right_name=right[0],
        right_value=right_value,
        decimals=decimals,
        failures=failures or int(not is_ok),
        is_ok=is_ok,
    )


def _counted(
    name: str,
    statement: str,
    left: tuple[str, Decimal],
    right: tuple[str, Decimal],
    decimals: int,
    unexplained: int,
    table: str,
) -> CheckResult:
    """Two sums beside each other, and how many rows of a mart keep a difference nothing names."""
    return CheckResult(
        name=name,
        kind="statement",
        statement=statement,
        left_name=left[0],
        left_value=Decimal(left[1]),
        right_name=right[0],
        right_value=Decimal(right[1]),
        decimals=decimals,
        failures=unexplained,
        rows_kept_in=table if unexplained else "",
    )
