"""Sheet of what other systems state and processors moved, beside the books."""

from __future__ import annotations

from reports.workbook.books import Books
from reports.workbook.model import Column, Kind, Sheet, Table, credits, money

BUCKETS = {
    "rounding": "Rounding",
    "timing": "Timing",
    "late": "Late",
    "expiry": "Expiry",
    "refund": "Refund",
    "missing_here": "Missing here",
    "missing_there": "Missing there",
}
"""Column of the mart -> its title; together they are the difference."""

CASH_BUCKETS = {
    "timing": "Timing",
    "fee": "Fee",
    "fx": "FX",
    "refund": "Refund",
    "dispute": "Dispute",
    "not_told": "Not told",
    "missing_here": "Missing here",
    "missing_there": "Missing there",
}


def reconciliation(books: Books) -> Sheet:
    """Every statement of another system about the month, with its difference by cause."""
    table = Table(
        sql="""
        select
            source, customer_id, wallet, measure, lot_id, from_at, until_at, theirs, ours,
            difference, rounding, timing, late, expiry, refund, missing_here, missing_there
        from marts.reconciliation where until_at > $starts_at and until_at <= $ends_at
        order by source, customer_id, wallet, measure, until_at, statement_id
        """,
        columns=(
            Column("source", "Source", width=12),
            Column("customer_id", "Customer", width=14),
            Column("wallet", "Wallet", width=15),
            Column("measure", "States", width=9),
            Column("lot_id", "Lot", width=18),
            Column("from_at", "From", Kind.INSTANT),
            Column("until_at", "Until", Kind.INSTANT),
            Column("theirs", "Theirs", Kind.CREDITS),
            Column("ours", "Ours", Kind.CREDITS),
            credits("difference", "Difference"),
            *(credits(key, title) for key, title in BUCKETS.items()),
        ),
        whole="marts.reconciliation",
        title="Wallets",
    )
    return Sheet(
        name="Reconciliation",
        answers="Do other systems say what the books say, and if not, why?",
        tables=(table, _cash()),
        notes=(
            "Difference is theirs less ours, in the unit of the wallet; the columns after it say "
            "why, and add up to it. Until is not included.",
            "Cash: what processors moved less what was posted to cash in transit. To the end of "
            "the month: differences of timing leave when both sides have moved.",
        ),
    )


def _cash() -> Table:
    """Cash in transit to the end of the month, and each fact that does not tie by then.

    What ties is summed to a line per kind: a list of it would be one of all payments.
    """
    buckets = ", ".join(f"sum({bucket}) as {bucket}" for bucket in CASH_BUCKETS)
    return Table(
        sql=f"""
        with
        facts as (
            select
                kind, fact_id, currency, sum(theirs) as theirs, sum(ours) as ours,
                sum(difference) as difference, {buckets}
            from marts.cash_reconciliation where booked_period <= $period
            group by kind, fact_id, currency
        ),
        listed as (
            select *, difference = 0 as ties, if(difference = 0, 'all that tie', fact_id) as fact
            from facts
        )
        select
            kind, fact, currency, sum(theirs) as theirs, sum(ours) as ours,
            sum(difference) as difference, {buckets}
        from listed group by kind, fact, currency, ties order by currency, kind, ties desc, fact
        """,
        columns=(
            Column("kind", "Kind", width=12),
            Column("fact", "Fact", width=18),
            Column("currency", "Currency"),
            money("theirs", "Processor"),
            money("ours", "Cash in transit"),
            money("difference", "Difference"),
            *(money(key, title) for key, title in CASH_BUCKETS.items()),
        ),
        whole="marts.cash_reconciliation",
        title="Cash",
    )
