"""The cover: which books, whether they hold, what the sheets answer, and that they tie."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from reports.check_result import CheckResult
from reports.numbers import count, instant, money, month
from reports.workbook.books import Books
from reports.workbook.formats import Formats
from reports.workbook.model import Kind, Sheet
from reports.workbook.sheets import Contents, set_print, subject, write_titles
from reports.workbook.tables import as_number, fits_a_double

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

NAME = "Cover"
WIDTHS = (24, 46, 10, 28, 14, 32, 14, 12)
READING = (
    "Money is rounded to the minor unit of its currency, credits to nine decimals. Excel stores "
    "numbers as doubles, exact to 15 digits: an amount with more is text, to its last digit, and "
    "what would be computed from it is a value.",
    "Totals, variances and ratios are formulas. Each sheet says which month it is of; months are "
    "calendar months in the time zone of the book.",
    "The manifest beside this file has its digest, the digests of the files and queries it was "
    "made of, and its control totals.",
)


@dataclass(frozen=True)
class TieOut:
    """Two totals of different sheets that are the same number, or the books are wrong.

    Attributes:
        statement: What must be true.
        left: Sheet, and column of its first table.
        right: Another one.
    """

    statement: str
    left: tuple[str, str]
    right: tuple[str, str]


CLOSING = ("Roll-forward", "closing")
TIE_OUTS = (
    TieOut("The closing liability is in the ledger", CLOSING, ("Trial balance", "owed")),
    TieOut("Open lots carry the closing liability", CLOSING, ("Open lots by age", "carrying")),
    TieOut("What months of sale have left is the liability", CLOSING, ("Waterfall", "remaining")),
    TieOut("Obligations by date are the liability", CLOSING, ("Remaining obligations", "amount")),
    TieOut(
        "Revenue by meter is in the ledger",
        ("Revenue by meter", "revenue"),
        ("Trial balance", "revenue"),
    ),
    TieOut("Debits equal credits", ("Journals", "debit"), ("Journals", "credit")),
    TieOut(
        "The trial balance moves by the journals",
        ("Journals", "debit"),
        ("Trial balance", "debits"),
    ),
)


def write_cover(
    worksheet: Worksheet,
    formats: Formats,
    books: Books,
    sheets: Sequence[Sheet],
    contents: Mapping[str, Contents],
    checks: Sequence[CheckResult],
) -> None:
    """Write the cover, once the other sheets are.

    Args:
        worksheet: Empty, first in its workbook.
        formats: Of the workbook.
        books: What it is of.
        sheets: The other sheets, in their order.
        contents: What each of them holds, by name.
        checks: What the last check of the books found.
    """
    for place, width in enumerate(WIDTHS):
        worksheet.set_column(place, place, width)
    at = write_titles(worksheet, formats, f"Books of {month(books.period)}", subject(books)) + 1
    for name, value in _facts(books):
        worksheet.write_string(at, 0, name, formats.note)
        worksheet.write_string(at, 1, value, formats.of())
        at += 1
    for text, look in _verdict(checks, formats):
        worksheet.write_string(at, 0, "Checks" if look else "", formats.note)
        worksheet.write_string(at, 1, text, look)
        at += 1
    at = _write_tie_outs(worksheet, formats, books, contents, at + 1)
    at = _write_list(worksheet, formats, sheets, contents, at + 1)
    at += 1
    for line in READING:
        worksheet.write_string(at, 0, line, formats.note)
        at += 1
    set_print(worksheet, books)


def _facts(books: Books) -> Iterable[tuple[str, str]]:
    """What identifies the books."""
    known = books.parameters
    closed = f"closed {instant(books.closes_at)}" if books.closes_at else "open"
    yield "Book", known.book
    yield "Entity", books.entity
    yield "Framework", books.framework
    yield "Functional currency", books.functional_currency
    yield "Period", f"{books.period} to {books.last_day} ({known.time_zone}), {closed}"
    yield "As of", f"{instant(known.as_of)}: what came before it is in these books"
    yield "Logic, sha256", known.models_sha256
    yield "Inputs, sha256", known.inputs_sha256


def _verdict(checks: Sequence[CheckResult], formats: Formats) -> Iterable[tuple[str, Format]]:
    """Whether the books may be relied on, and which checks say no."""
    failed = [check for check in checks if not check.is_ok]
    if not failed:
        yield f"All {count(len(checks), 'check')} of the books hold.", formats.of(bold=True)
        return
    yield (
        f"{len(failed):,} of {count(len(checks), 'check')} FAILED; do not rely on these figures.",
        formats.warning,
    )
    for check in failed:
        yield check.statement, formats.warning


def _write_tie_outs(
    worksheet: Worksheet,
    formats: Formats,
    books: Books,
    contents: Mapping[str, Contents],
    at: int,
) -> int:
    """Both numbers, taken live from their sheets, and the difference."""
    worksheet.write_string(at, 0, "Tie-outs of the month", formats.heading)
    at += 1
    titles = ("Holds", "What must be true", "Currency", "First", "", "Second", "", "Difference")
    for place, title in enumerate(titles):
        kind = Kind.MONEY if place == len(titles) - 1 else Kind.TEXT
        worksheet.write_string(at, place, title, formats.header(kind))
    for tie_out in TIE_OUTS:
        left, right = contents[tie_out.left[0]], contents[tie_out.right[0]]
        for currency in _currencies(left, tie_out.left[1], right, tie_out.right[1]):
            at += 1
            look = formats.cell(Kind.MONEY, books.decimals(currency))
            amounts = []
            for place, holder, key in ((4, left, tie_out.left[1]), (6, right, tie_out.right[1])):
                amount = holder.totals.get((key, currency), Decimal(0))
                cell = holder.cells.get((key, currency))
                worksheet.write_string(
                    at, place - 1, f"{holder.name}, {_words(key)}", formats.cell(Kind.TEXT)
                )
                if not fits_a_double(amount):
                    text = money(amount, books.decimals(currency))
                    worksheet.write_string(at, place, text, look)
                elif cell is None:
                    worksheet.write_number(at, place, as_number(amount), look)
                else:
                    worksheet.write_formula(at, place, f"={cell}", look, as_number(amount))
                amounts.append(amount)
            row = at + 1
            difference = amounts[0] - amounts[1]
            worksheet.write_string(at, 1, tie_out.statement, formats.cell(Kind.TEXT))
            worksheet.write_string(at, 2, currency, formats.cell(Kind.TEXT))
            # Rounded: two sums of doubles may differ in the sixteenth digit.
            formula = f"ROUND(E{row}-G{row},{books.decimals(currency)})"
            if all(map(fits_a_double, amounts)):
                worksheet.write_formula(at, 7, f"={formula}", look, as_number(difference))
            else:
                worksheet.write_number(at, 7, as_number(difference), look)
            verdict = f'=IF(H{row}=0,"yes","NO")'
            held = formats.of(bold=True, indent=1) if difference == 0 else formats.warning
            worksheet.write_formula(at, 0, verdict, held, "NO" if difference else "yes")
    return at + 1


def _currencies(left: Contents, left_key: str, right: Contents, right_key: str) -> list[str]:
    """Currencies of either total."""
    return sorted(
        {currency for key, currency in left.totals if key == left_key}
        | {currency for key, currency in right.totals if key == right_key}
    )


def _write_list(
    worksheet: Worksheet,
    formats: Formats,
    sheets: Sequence[Sheet],
    contents: Mapping[str, Contents],
    at: int,
) -> int:
    """Every sheet with what it answers and its rows."""
    worksheet.write_string(at, 0, "Sheets", formats.heading)
    at += 1
    for place, title in enumerate(("Sheet", "Answers", "Rows")):
        kind = Kind.COUNT if title == "Rows" else Kind.TEXT
        worksheet.write_string(at, place, title, formats.header(kind))
    for sheet in sheets:
        at += 1
        link = formats.of(font_color="#1D4ED8", underline=1, indent=1)
        worksheet.write_url(at, 0, f"internal:'{sheet.name}'!A1", link, sheet.name)
        worksheet.write_string(at, 1, sheet.answers, formats.cell(Kind.TEXT))
        rows = contents[sheet.name].rows
        worksheet.write_number(at, 2, rows, formats.cell(Kind.COUNT))
    return at + 1


def _words(key: str) -> str:
    return {"owed": "customers' credits", "amount": "remaining"}.get(key, key)
