"""Rows by column name, and where they came from: the file, its row or line, and its digest."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from reports.numbers import instant, month, short_digest
from reports.trace.tree import Step

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Row = dict[str, Any]

GIVEN_BACK = ("refunds", "credit notes", "voids", "write-offs", "disputes")
"""Causes of journals by which credits leave a lot together with the money they carry."""


def rows(connection: DuckDBPyConnection, sql: str, *values: object) -> list[Row]:
    """Run a query, each row as column name -> value."""
    found = connection.execute(sql, list(values))
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def one(connection: DuckDBPyConnection, sql: str, *values: object) -> Row | None:
    """The only row of a query, if it has one."""
    found = rows(connection, sql, *values)
    return found[0] if found else None


def file_step(connection: DuckDBPyConnection, row: Row) -> Step:
    """Where a loaded row was read: its file, the row in it, the file's digest.

    Args:
        connection: Open on the database.
        row: Any row with `file_no` and `row_no`.
    """
    found = one(connection, "select path, sha256 from raw.files where file_no = ?", row["file_no"])
    assert found is not None
    return Step(
        f"{found['path']}, row {row['row_no']:,}, sha256 {short_digest(found['sha256'])}",
        {"file": found["path"], "row": row["row_no"], "sha256": found["sha256"]},
    )


def config_step(connection: DuckDBPyConnection, path: str, line: int | None) -> Step:
    """Where a setting is written: file:line and the file's digest.

    Args:
        connection: Open on the database.
        path: Relative to the book.
        line: 1-based; None for the whole file.
    """
    found = one(connection, "select sha256 from raw.config_files where path = ?", path)
    sha256 = found["sha256"] if found else ""
    place = f"{path}:{line}" if line else path
    return Step(
        f"{place}, sha256 {short_digest(sha256)}", {"file": path, "line": line, "sha256": sha256}
    )


def journal_steps(
    connection: DuckDBPyConnection,
    causes: list[str],
    periods: list[date],
    currency: str,
    wallet: str | None,
) -> tuple[Step, ...]:
    """The journal lines that sum postings of some causes, periods and one wallet.

    Args:
        connection: Open on the database.
        causes: Such as `usage` or `top-ups`, as journals are named by.
        periods: Booked periods.
        currency: Of the postings.
        wallet: Lines of other wallets are left out; lines of no wallet stay.
    """
    found = rows(
        connection,
        """
        select
            journal_id, line_no, booked_period, account_number, account_name,
            debit, credit, currency, minor_units
        from marts.journal_lines left join raw.currencies using (currency)
        where
            split_part(posting_group, ': ', 1) in (select unnest(?))
            and booked_period in (select unnest(?))
            and currency = ?
            and (wallet is null or wallet = ?)
        order by booked_period, journal_id, line_no
        """,
        causes,
        periods,
        currency,
        wallet,
    )
    return tuple(journal_line_step(row) for row in found)


def journal_line_step(row: Row) -> Step:
    """One journal line: `2400 Deferred revenue, debit 120.00 USD (2025-07-01/usage/USD/1)`."""
    from reports.numbers import money

    decimals = 2 if row["minor_units"] is None else row["minor_units"]
    side, amount = ("debit", row["debit"]) if row["debit"] else ("credit", row["credit"])
    line_id = f"{row['journal_id']}/{row['line_no']}"
    return Step(
        f"{row['account_number']} {row['account_name']}, {side} {money(amount, decimals)} "
        f"{row['currency']} in {month(row['booked_period'])}: {line_id}",
        {**row, "line_id": line_id},
    )


def when(moment: datetime | None) -> str:
    """An instant, or never."""
    return instant(moment) if moment else "never"
