"""A journal or one of its lines: both sides, and the lots or payments that sum to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.numbers import count, money, month, total
from reports.trace.rows import GIVEN_BACK, Row, journal_line_step, one, rows
from reports.trace.tree import Step, tie

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LINES = """
select journal_lines.*, split_part(posting_group, ': ', 1) as cause, minor_units
from marts.journal_lines left join raw.currencies using (currency)
"""

LOT_COLUMNS = {
    "usage": "usage_revenue",
    "usage of earlier periods": "prior_period_revenue",
    "breakage": "breakage_revenue",
    "escheat": "escheated",
    **dict.fromkeys(GIVEN_BACK, "refunded"),
    "top-ups": "additions",
    "plan billings": "additions",
    "balances brought in": "additions",
    "contracts": "additions",
}
"""Cause of a journal -> column of the schedule its liability lines are summed from."""

SOLD_AS = {"top-ups": "payment", "plan billings": "subscription", "balances brought in": "grant"}
"""Cause of a sale -> origin of the lots it is posted for."""


def journal_step(connection: DuckDBPyConnection, journal_id: str) -> Step:
    """A journal: its lines, and that they balance.

    Args:
        connection: Open on a built database.
        journal_id: Of a journal in `marts.journal_lines`.
    """
    lines = rows(connection, f"{LINES} where journal_id = ? order by line_no", journal_id)
    first = lines[0]
    decimals = _decimals(first)
    debits = total(line["debit"] for line in lines)
    credits = total(line["credit"] for line in lines)
    return Step(
        f"journal {journal_id}: {first['cause']} of {month(first['booked_period'])}, "
        f"{first['currency']}",
        {"journal_id": journal_id, "booked_period": first["booked_period"]},
        (
            *(journal_line_step(line) for line in lines),
            tie("debits", debits, "credits", credits, decimals),
        ),
    )


def line_step(connection: DuckDBPyConnection, journal_id: str, line_no: int) -> Step:
    """One line, what it sums, and that it does.

    Args:
        connection: Open on a built database.
        journal_id: Of its journal.
        line_no: Its number.
    """
    line = one(connection, f"{LINES} where journal_id = ? and line_no = ?", journal_id, line_no)
    assert line is not None
    head = journal_line_step(line)
    behind = _lots_behind(connection, line)
    return Step(
        f"journal line {head.text}", head.facts, (*behind, journal_step(connection, journal_id))
    )


def _lots_behind(connection: DuckDBPyConnection, line: Row) -> list[Step]:
    """The lots whose schedules sum to a line that belongs to a wallet."""
    column = LOT_COLUMNS.get(line["cause"])
    if column is None or line["wallet"] is None:
        return []
    found = rows(
        connection,
        f"""
        select schedule.lot_id, schedule.{column} as amount, schedule.customer_id
        from marts.deferred_revenue_schedule as schedule
        inner join marts.credit_lots as lots using (lot_id)
        where
            schedule.booked_period = ? and schedule.liability = ?
            and schedule.wallet = ? and schedule.currency = ?
            and schedule.{column} <> 0
            and coalesce(lots.origin = ?, true)
        order by abs(schedule.{column}) desc, schedule.lot_id
        """,
        line["booked_period"],
        line["account_role"],
        line["wallet"],
        line["currency"],
        SOLD_AS.get(line["cause"]),
    )
    decimals = _decimals(line)
    steps = tuple(
        Step(
            f"lot {row['lot_id']}, customer {row['customer_id']}: "
            f"{money(row['amount'], decimals)} {line['currency']}",
            row,
        )
        for row in found
    )
    # Which side a line is on follows the sign of the sum: breakage may have been taken back.
    summed = abs(total(row["amount"] for row in found))
    return [
        Step(f"sums {count(len(found), 'lot')}, largest first", steps=steps, others="lots"),
        tie("sum of lots", summed, "this line", line["debit"] + line["credit"], decimals),
    ]


def _decimals(line: Row) -> int:
    """Decimals of the currency of a line."""
    return 2 if line["minor_units"] is None else int(line["minor_units"])
