"""The workbook of one month: all sheets in their order, and the bytes they always have."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from pathlib import Path

from xlsxwriter import Workbook

from reports.check_result import CheckResult
from reports.numbers import month
from reports.recorder import Recorder
from reports.workbook import cover
from reports.workbook.balances import expected_by_month, obligations, rollforward, waterfall
from reports.workbook.books import Books
from reports.workbook.exceptions import exceptions
from reports.workbook.formats import Formats
from reports.workbook.ledger import journals, trial_balance
from reports.workbook.lots import breakage_study, open_lots
from reports.workbook.reconciliation import reconciliation
from reports.workbook.revenue import by_meter, corrections
from reports.workbook.sheets import Contents, write_sheet

SHEETS = (
    rollforward,
    waterfall,
    obligations,
    expected_by_month,
    journals,
    trial_balance,
    open_lots,
    by_meter,
    corrections,
    reconciliation,
    breakage_study,
    exceptions,
)
"""After the cover, in this order."""


def workbook_name(books: Books) -> str:
    """The file's name."""
    return f"{books.parameters.book}-{month(books.period)}.xlsx"


def write_workbook(
    connection: Recorder, books: Books, checks: Sequence[CheckResult], path: Path
) -> list[Contents]:
    """Write the workbook; equal databases give equal bytes.

    Args:
        connection: Open on a built and checked database.
        books: Whose, and which month.
        checks: What the check of that build found.
        path: The file; its folder exists.

    Returns:
        What each sheet but the cover holds.

    Raises:
        OSError: The file cannot be written.
    """
    sheets = [make(books) for make in SHEETS]
    # Rows go to a temporary file as they are written, so that a month of any size fits memory.
    with path.open("wb") as file, Workbook(file, {"constant_memory": True}) as workbook:
        workbook.set_properties(
            {
                "title": f"{books.entity}: books of {month(books.period)}",
                "author": "creditbooks",
                # No clock: the workbook is made of the month, at its last day (decision 36).
                "created": datetime.combine(books.last_day, time.min),
            }
        )
        formats = Formats(workbook)
        front = workbook.add_worksheet(cover.NAME)
        contents = [
            write_sheet(workbook.add_worksheet(sheet.name), formats, books, sheet, connection)
            for sheet in sheets
        ]
        by_name = {each.name: each for each in contents}
        cover.write_cover(front, formats, books, sheets, by_name, checks)
        front.activate()
    return contents
