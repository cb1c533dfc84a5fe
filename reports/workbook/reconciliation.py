"""Sheet of what other systems state, beside the books."""

from __future__ import annotations

from reports.workbook.books import Books
from reports.workbook.model import Column, Kind, Sheet, Table, credits

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
    )
    return Sheet(
        name="Reconciliation",
        answers="Do other systems say what the books say, and if not, why?",
        tables=(table,),
        notes=(
            "Difference is theirs less ours, in the unit of the wallet; the columns after it say "
            "why, and add up to it. Until is not included.",
        ),
    )
