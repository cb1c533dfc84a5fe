"""A sheet as data: what it asks the database, its columns, and what is added up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any

from reports.numbers import total

ALL = "*"
"""Total over all rows of a table, whatever currency they are in: of functional amounts."""

RANKED = "left join (select wallet, rank from raw.wallets) as wallets using (wallet)"
"""Of a query whose rows are in the order the book gives its wallets."""

Row = Mapping[str, Any]
CellOf = Callable[[str], str]
"""Key of a column -> the address of its cell in the row at hand."""


class Kind(Enum):
    """What a column holds."""

    TEXT = "text"
    DATE = "date"
    MONTH = "month"
    INSTANT = "instant"
    COUNT = "count"
    CREDITS = "credits"
    MONEY = "money"
    EXACT = "exact"
    """Money before it is rounded: of a single draw, to nine decimals."""
    RATIO = "ratio"

    @property
    def is_number(self) -> bool:
        """Whether it is aligned by its last digit."""
        return self in NUMBERS


NUMBERS = (Kind.COUNT, Kind.CREDITS, Kind.MONEY, Kind.EXACT, Kind.RATIO)
WIDTHS = {
    Kind.TEXT: 18,
    Kind.DATE: 11,
    Kind.MONTH: 9,
    Kind.INSTANT: 16,
    Kind.COUNT: 10,
    Kind.CREDITS: 15,
    Kind.MONEY: 14,
    Kind.EXACT: 15,
    Kind.RATIO: 11,
}
"""Of columns that do not say theirs, in characters."""


@dataclass(frozen=True)
class Sum:
    """A cell that adds up cells of its row.

    Attributes:
        plus: Keys of the columns added.
        minus: Keys of those taken away.
    """

    plus: tuple[str, ...]
    minus: tuple[str, ...] = ()

    def formula(self, cell_of: CellOf) -> str:
        """As Excel computes it."""
        added = "+".join(map(cell_of, self.plus))
        return f"={added}" + "".join(f"-{cell_of(key)}" for key in self.minus)

    def value(self, row: Row) -> Decimal:
        """What it comes to, exactly."""
        plus = total(row[key] or Decimal(0) for key in self.plus)
        return plus - total(row[key] or Decimal(0) for key in self.minus)


@dataclass(frozen=True)
class Ratio:
    """A cell that divides two cells of its row; zero of nothing."""

    part: str
    whole: str

    def formula(self, cell_of: CellOf) -> str:
        """As Excel computes it."""
        part, whole = cell_of(self.part), cell_of(self.whole)
        return f"=IF({whole}=0,0,{part}/{whole})"

    def value(self, row: Row) -> Decimal:
        """What it comes to, to the digits of a ratio that is read."""
        whole = row[self.whole]
        return row[self.part] / whole if whole else Decimal(0)


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        key: Its name in the query, or, with a formula, in the table alone.
        title: What stands over it.
        kind: What it holds.
        width: In characters, where the kind's does not do.
        total_by: Column within whose values it is added up: `currency` for money, `wallet` for
            credits; ALL for one total; nothing where a sum says nothing.
        formula: How it follows from its row; None where the query gives it.
        currency: Of its money where that is not the row's own.
    """

    key: str
    title: str
    kind: Kind = Kind.TEXT
    width: int = 0
    total_by: str = ""
    formula: Sum | Ratio | None = None
    currency: str = ""


@dataclass(frozen=True)
class Table:
    """One table of a sheet.

    Attributes:
        sql: The query. `$period` is the first day of the month, `$starts_at` and `$ends_at` its
            instants. Its columns are those of the table that have no formula, in any order.
        columns: As shown.
        whole: Where all rows are, in case they do not fit.
        title: Over a table that is not alone on its sheet.
        most: Rows shown at most, if fewer than the sheet holds.
        is_filtered: Whether it has a row with the totals of what the filter shows.
    """

    sql: str
    columns: tuple[Column, ...]
    whole: str
    title: str = ""
    most: int | None = None
    is_filtered: bool = False


@dataclass(frozen=True)
class Sheet:
    """One sheet.

    Attributes:
        name: On its tab, at most 31 characters.
        answers: The question it answers, for the cover.
        tables: One below the other; the first is the one that is filtered.
        notes: What a reader must know of the figures, a line each.
        is_of_lists: Whether its tables list different things, rather than one thing in other ways.
    """

    name: str
    answers: str
    tables: tuple[Table, ...]
    notes: tuple[str, ...] = field(default=())
    is_of_lists: bool = False


def money(
    key: str,
    title: str,
    formula: Sum | None = None,
    total_by: str = "currency",
    currency: str = "",
    width: int = 0,
) -> Column:
    """A column of money, added up by currency."""
    return Column(key, title, Kind.MONEY, width, total_by, formula, currency)


def credits(key: str, title: str, formula: Sum | None = None) -> Column:
    """A column of credits, added up by wallet: units differ between wallets."""
    return Column(key, title, Kind.CREDITS, total_by="wallet", formula=formula)


def ratio(key: str, title: str, formula: Ratio, total_by: str) -> Column:
    """A column of shares, worked out anew in the totals."""
    return Column(key, title, Kind.RATIO, total_by=total_by, formula=formula)
