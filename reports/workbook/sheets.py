"""Writes one sheet: title, notes, its tables one below the other, and how it prints."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from reports.numbers import count, instant, month, short_digest
from reports.recorder import Recorder
from reports.workbook.books import Books
from reports.workbook.formats import Formats
from reports.workbook.model import WIDTHS, Sheet, Table
from reports.workbook.tables import TableWriter, Written, count_rows, read_rows

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

SHEET_ROWS = 1_048_576
"""Excel's limit."""
KEPT_FREE = 1_000
"""Rows kept for titles and totals of a sheet whose table does not fit."""
A4 = 9
HEADER_HEIGHT, FILTERED_HEIGHT = 26, 36
"""Two lines of words; and the button of the filter below them."""


@dataclass(frozen=True)
class Contents:
    """What a sheet holds.

    Attributes:
        name: On its tab.
        rows: Rows of its first table, or of all its lists; whether they fit or not.
        left_out: Rows of them that did not fit.
        totals: Of the first table: (column, currency or other value it is added up by) -> sum of
            all rows.
        cells: The same -> reference to the cell, as other sheets write it.
    """

    name: str
    rows: int
    left_out: int
    totals: dict[tuple[str, str], Decimal]
    cells: dict[tuple[str, str], str]


def write_sheet(
    worksheet: Worksheet, formats: Formats, books: Books, sheet: Sheet, connection: Recorder
) -> Contents:
    """Write one sheet from the top down.

    Args:
        worksheet: Empty.
        formats: Of its workbook.
        books: What it is about.
        sheet: What it holds.
        connection: Open on the built database.
    """
    counts = [count_rows(connection, table, books) for table in sheet.tables]
    fits = [_capacity(table) for table in sheet.tables]
    at = write_titles(worksheet, formats, sheet.name, subject(books))
    for note in sheet.notes:
        worksheet.write_string(at, 0, note, formats.note)
        at += 1
    for line in _further_down(sheet, counts):
        worksheet.write_string(at, 0, line, formats.note)
        at += 1
    for table, rows, capacity in zip(sheet.tables, counts, fits, strict=True):
        if rows > capacity:
            worksheet.write_string(at, 0, _cut(table, rows, capacity), formats.warning)
            at += 1
    _set_widths(worksheet, sheet)
    written: list[Written] = []
    for table, capacity in zip(sheet.tables, fits, strict=True):
        at += 1
        if table.title:
            worksheet.write_string(at, 0, table.title, formats.heading)
            at += 1
        is_held = not written and not sheet.is_of_lists
        worksheet.set_row(at, FILTERED_HEIGHT if is_held else HEADER_HEIGHT)
        writer = TableWriter(worksheet, formats, books, table)
        done = writer.write(read_rows(connection, table, books), at, capacity)
        if is_held:
            _hold(worksheet, at, done, len(table.columns))
        written.append(done)
        at = done.next_row
    if sheet.is_of_lists:
        worksheet.freeze_panes(2, 0)
        worksheet.repeat_rows(0, 1)
    set_print(worksheet, books)
    first = written[0]
    cells = {key: f"'{sheet.name}'!{cell}" for key, cell in first.cells.items()}
    counted = written if sheet.is_of_lists else written[:1]
    return Contents(
        sheet.name,
        sum(each.rows for each in counted),
        sum(each.left_out for each in counted),
        first.totals,
        cells,
    )


def subject(books: Books) -> str:
    """Entity, book, month and as-of instant: what stands under every title."""
    return (
        f"{books.entity} (book {books.parameters.book}), {books.period:%B %Y}, "
        f"{books.framework}, as of {instant(books.parameters.as_of)}"
    )


def write_titles(worksheet: Worksheet, formats: Formats, title: str, line: str) -> int:
    """The first two lines; the next free row."""
    worksheet.set_row(0, 20)
    worksheet.write_string(0, 0, title, formats.title)
    worksheet.write_string(1, 0, line, formats.of(bold=True))
    return 2


def set_print(worksheet: Worksheet, books: Books) -> None:
    """Landscape, one page wide, and what stands at the foot of each page."""
    worksheet.hide_gridlines(2)
    worksheet.set_landscape()
    worksheet.set_paper(A4)
    worksheet.fit_to_pages(1, 0)
    worksheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.7)
    book = books.parameters.book.replace("&", "&&")
    digest = short_digest(books.parameters.models_sha256)
    worksheet.set_footer(
        f"&L&8 {book}, {month(books.period)}, logic sha256 {digest}&C&8 &A&R&8 Page &P of &N"
    )


def _hold(worksheet: Worksheet, header: int, done: Written, columns: int) -> None:
    """Keep the header of the first table in sight, on paper too, and let it be filtered."""
    worksheet.freeze_panes(header + 1, 0)
    worksheet.repeat_rows(header)
    if done.rows:
        shown = done.rows - done.left_out
        worksheet.autofilter(header, 0, header + max(1, shown), columns - 1)


def _further_down(sheet: Sheet, counts: list[int]) -> list[str]:
    """What else is on the sheet: a line, or one for each of its lists."""
    if sheet.is_of_lists:
        return [
            f"{rows:,} in: {table.title}." for table, rows in zip(sheet.tables, counts, strict=True)
        ]
    below = "; ".join(table.title for table in sheet.tables[1:])
    return [f"Further down: {below}."] if below else []


def _set_widths(worksheet: Worksheet, sheet: Sheet) -> None:
    """Each column as wide as the widest of the tables needs it."""
    most = max(len(table.columns) for table in sheet.tables)
    for place in range(most):
        there = [table.columns[place] for table in sheet.tables if place < len(table.columns)]
        worksheet.set_column(place, place, max(c.width or WIDTHS[c.kind] for c in there))


def _capacity(table: Table) -> int:
    """Rows of a table that fit."""
    return SHEET_ROWS - KEPT_FREE if table.most is None else table.most


def _cut(table: Table, rows: int, capacity: int) -> str:
    """That a table is not whole, and where all of it is."""
    name = f"{table.title}: " if table.title else ""
    return (
        f"{name}{count(rows, 'row')}, of which the first {capacity:,} are shown; "
        f"totals are of all. Whole: {table.whole}."
    )
