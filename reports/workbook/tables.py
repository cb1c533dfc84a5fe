"""Writes one table of a sheet, row by row: what it asks, its totals, and what does not fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Any

from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from reports.numbers import money, total
from reports.recorder import Recorder
from reports.workbook.books import Books
from reports.workbook.formats import Formats
from reports.workbook.model import ALL, Column, Kind, Ratio, Row, Table

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

BATCH = 10_000
FIRST_YEAR, LAST_YEAR = 1900, 9999
"""Excel has no other dates."""
LONGEST_TEXT = 32_767
EXACT_DIGITS = 15
"""Digits that a double keeps of any decimal number."""
CREDIT_DECIMALS = 9
TOTAL, SHOWN, LEFT_OUT = "Total", "Rows shown", "rows left out"


@dataclass
class Written:
    """What became of a table.

    Attributes:
        rows: Rows of the query.
        left_out: Rows of them that did not fit.
        totals: (column, value it is added up by) -> the sum of all rows.
        cells: The same -> where that total stands.
        next_row: First free row below.
    """

    rows: int
    left_out: int
    totals: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    cells: dict[tuple[str, str], str] = field(default_factory=dict)
    next_row: int = 0


def count_rows(connection: Recorder, table: Table, books: Books) -> int:
    """Rows of a table's query."""
    query = f"select count(*) from ({table.sql})"
    [(rows,)] = connection.execute(query, _values(table, books)).fetchall()
    return int(rows)


def read_rows(connection: Recorder, table: Table, books: Books) -> Iterator[dict[str, Any]]:
    """Rows of a table by column, numbers as they will be shown, formulas worked out."""
    found = connection.execute(table.sql, _values(table, books))
    names = [described[0] for described in found.description or ()]
    while batch := found.fetchmany(BATCH):
        for values in batch:
            row = dict(zip(names, values, strict=True))
            for column in table.columns:
                if column.formula is None:
                    row[column.key] = shown(row[column.key], column, row, books)
            for column in table.columns:
                if column.formula is not None:
                    row[column.key] = column.formula.value(row)
            yield row


def shown(value: Any, column: Column, row: Row, books: Books) -> Any:
    """A value as it is written: money in minor units, other numbers as exact decimals."""
    if value is None or not column.kind.is_number:
        return value
    if column.kind is Kind.MONEY:
        unit = Decimal(1).scaleb(-decimals_of(column, row, books))
        return Decimal(value).quantize(unit, ROUND_HALF_EVEN)
    return Decimal(value)


def decimals_of(column: Column, row: Row, books: Books) -> int:
    """Decimals of a column's money in one row."""
    return books.decimals(column.currency or row.get("currency"))


class TableWriter:
    """Writes one table onto a sheet; the sheet is written from the top down only."""

    def __init__(self, worksheet: Worksheet, formats: Formats, books: Books, table: Table) -> None:
        self._worksheet = worksheet
        self._formats = formats
        self._books = books
        self._table = table
        self._columns = table.columns
        self._position = {column.key: place for place, column in enumerate(table.columns)}
        self._with_text: set[str] = set()

    def write(self, rows: Iterator[dict[str, Any]], top: int, capacity: int) -> Written:
        """Write header, rows and totals.

        Args:
            rows: All rows of the table.
            top: Row of the header.
            capacity: Rows that fit.
        """
        for place, column in enumerate(self._columns):
            look = self._formats.header(column.kind)
            self._worksheet.write_string(top, place, column.title, look)
        sums = _Sums(self._columns)
        rest = _Sums(self._columns)
        count = 0
        for row in rows:
            sums.add(row)
            if count < capacity:
                self._write_row(top + 1 + count, row)
            else:
                rest.add(row)
            count += 1
        written = Written(count, max(0, count - capacity), dict(sums.by_key))
        at = top + 1 + count - written.left_out
        for group in rest.groups:
            self._write_row(at, {**group, self._label(): f"{rest.count:,} {LEFT_OUT}"})
            at += 1
        if not count:
            self._worksheet.write_string(at, 0, "Nothing.", self._formats.note)
            at += 1
        written.next_row = self._write_totals(top + 1, at, written) if count else at
        return written

    def _write_row(self, at: int, row: Row, is_total: bool = False) -> None:
        """One row; formulas with the value they have now, unless what they add up is text."""
        texts = {
            column.key
            for column in self._columns
            if column.kind is Kind.MONEY and not fits_a_double(row.get(column.key))
        }
        self._with_text |= texts
        for place, column in enumerate(self._columns):
            decimals = decimals_of(column, row, self._books)
            look = self._formats.cell(column.kind, decimals, is_total)
            value = row.get(column.key)
            if column.key in texts:
                self._worksheet.write_string(at, place, money(row[column.key], decimals), look)
            elif column.formula is not None and value is not None and not texts:
                formula = column.formula.formula(lambda key: self._cell(at, key))
                self._worksheet.write_formula(at, place, formula, look, as_number(value))
            else:
                write_value(self._worksheet, at, place, value, look)

    def _write_totals(self, first: int, after: int, written: Written) -> int:
        """The totals below the rows `first` up to `after`; the first free row."""
        at = after
        groups = list(dict.fromkeys(c.total_by for c in self._columns if c.total_by))
        for by in groups:
            values = dict.fromkeys(
                value
                for column in self._columns
                for key, value in written.totals
                if column.total_by == by and key == column.key
            )
            for value in values:
                self._write_total(at, first, after, by, value, written)
                at += 1
        currencies = {value for key, value in written.totals if self._is_money(key)}
        if self._table.is_filtered and len(currencies) == 1:
            self._write_shown(at, first, after, currencies.pop(), written)
            at += 1
        return at

    def _write_total(
        self, at: int, first: int, after: int, by: str, value: str, written: Written
    ) -> None:
        """One row of totals: of the rows with this value in the column they are added up by."""
        row: dict[str, Any] = {by: value, self._label(): TOTAL}
        row.update(
            {key: amount for (key, group), amount in written.totals.items() if group == value}
        )
        for place, column in enumerate(self._columns):
            decimals = decimals_of(column, row, self._books)
            look = self._formats.cell(column.kind, decimals, is_total=True)
            if column.total_by != by:
                text = row.get(column.key) if not column.kind.is_number else None
                write_value(self._worksheet, at, place, text, look)
                continue
            amount = row.get(column.key, Decimal(0))
            if isinstance(column.formula, Ratio):
                formula = column.formula.formula(lambda key: self._cell(at, key))
                amount = column.formula.value(row)
            else:
                cells = xl_range_abs(first, place, after - 1, place)
                formula = (
                    f"=SUM({cells})" if by == ALL else self._sum_if(at, first, after, by, cells)
                )
                if column.kind is Kind.MONEY and not fits_a_double(amount):
                    self._worksheet.write_string(at, place, money(amount, decimals), look)
                    continue
                if column.key in self._with_text:
                    self._worksheet.write_number(at, place, as_number(amount), look)
                    continue
                written.cells[column.key, value] = xl_rowcol_to_cell(at, place, True, True)
            self._worksheet.write_formula(at, place, formula, look, as_number(amount))

    def _write_shown(
        self, at: int, first: int, after: int, currency: str, written: Written
    ) -> None:
        """The totals of what the filter shows; with nothing filtered, of all rows."""
        row = {"currency": currency}
        for place, column in enumerate(self._columns):
            look = self._formats.cell(column.kind, decimals_of(column, row, self._books))
            if column.key == self._label():
                self._worksheet.write_string(at, place, SHOWN, look)
            elif self._is_money(column.key) and column.key not in self._with_text:
                cells = xl_range_abs(first, place, after - 1, place)
                amount = as_number(written.totals[column.key, currency])
                self._worksheet.write_formula(at, place, f"=SUBTOTAL(109,{cells})", look, amount)

    def _sum_if(self, at: int, first: int, after: int, by: str, cells: str) -> str:
        place = self._position[by]
        names = xl_range_abs(first, place, after - 1, place)
        return f"=SUMIF({names},{self._cell(at, by)},{cells})"

    def _cell(self, at: int, key: str) -> str:
        return xl_rowcol_to_cell(at, self._position[key])

    def _is_money(self, key: str) -> bool:
        column = self._columns[self._position[key]]
        return column.kind is Kind.MONEY and column.total_by == "currency"

    def _label(self) -> str:
        """The column that says what a row is that is no row of the query; '' if all are taken."""
        taken = {"currency", *(column.total_by for column in self._columns)}
        free = (c.key for c in self._columns if c.kind is Kind.TEXT and c.key not in taken)
        return next(free, "")


class _Sums:
    """Adds up rows, by column and by group."""

    def __init__(self, columns: tuple[Column, ...]) -> None:
        self._added = [
            column
            for column in columns
            if column.total_by and not isinstance(column.formula, Ratio)
        ]
        self._groups: dict[tuple[Any, ...], dict[str, Any]] = {}
        self._by = sorted({column.total_by for column in self._added} - {ALL})
        self.by_key: dict[tuple[str, str], Decimal] = {}
        self.count = 0

    @property
    def groups(self) -> list[dict[str, Any]]:
        """The sums of each combination of what rows are added up by."""
        return list(self._groups.values())

    def add(self, row: Row) -> None:
        """Add a row."""
        self.count += 1
        names = {by: row[by] for by in self._by}
        group = self._groups.setdefault(tuple(names.values()), dict(names))
        for column in self._added:
            value = ALL if column.total_by == ALL else row[column.total_by]
            amount = row[column.key]
            if value is None or amount is None:
                continue
            key = (column.key, value)
            self.by_key[key] = total([self.by_key.get(key, Decimal(0)), amount])
            if column.formula is None:
                group[column.key] = total([group.get(column.key, Decimal(0)), amount])
            else:
                group[column.key] = column.formula.value({**_zeros(column), **group})


def _zeros(column: Column) -> dict[str, Decimal]:
    """Nothing, for the columns of a sum that no row had."""
    if column.formula is None or isinstance(column.formula, Ratio):
        return {}
    return dict.fromkeys((*column.formula.plus, *column.formula.minus), Decimal(0))


def fits_a_double(value: Decimal | None) -> bool:
    """Whether a cell keeps every digit of an amount; a longer one is written as text."""
    return value is None or len(f"{value:f}".replace(".", "").strip("-0")) <= EXACT_DIGITS


def as_number(value: Decimal | int) -> float:
    """As Excel stores it: a double. The only place where a figure becomes one."""
    return float(value)


def write_value(worksheet: Worksheet, row: int, place: int, value: Any, look: Any) -> None:
    """A value by its type. Text stays text, whatever it begins with."""
    if value is None:
        worksheet.write_blank(row, place, None, look)
    elif isinstance(value, Decimal | int):
        worksheet.write_number(row, place, as_number(value), look)
    elif isinstance(value, date) and FIRST_YEAR <= value.year < LAST_YEAR:
        if isinstance(value, datetime):
            value = value.replace(microsecond=0)
        worksheet.write_datetime(row, place, value, look)
    else:
        worksheet.write_string(row, place, str(value)[:LONGEST_TEXT], look)


def _values(table: Table, books: Books) -> dict[str, Any]:
    """The placeholders that a query has: DuckDB refuses others."""
    return {name: value for name, value in books.placeholders.items() if f"${name}" in table.sql}
