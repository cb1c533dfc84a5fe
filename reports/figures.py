"""What the summary and the page show: plain figures, without a database behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from reports.check_result import CheckResult
from reports.numbers import total

NOTHING = Decimal(0)

MOVEMENTS = {
    "additions": "Additions",
    "usage_revenue": "Usage revenue",
    "prior_period_revenue": "Late usage",
    "breakage_revenue": "Breakage",
    "escheated": "Escheat",
    "refunded": "Refunds",
    "transferred": "Transfers",
    "fx": "Exchange",
}
"""Columns of the roll-forward between opening and closing -> how people call them."""

ALWAYS_SHOWN = ("additions", "usage_revenue", "breakage_revenue", "refunded")


@dataclass(frozen=True)
class RollforwardRow:
    """One period of one liability: opening plus every movement is closing.

    Movements are signed: what is added is positive, what is earned or paid back is negative.
    """

    period: date
    opening: Decimal
    movements: Mapping[str, Decimal]
    closing: Decimal

    @property
    def difference(self) -> Decimal:
        """Closing less opening and movements; zero when the row foots."""
        return self.closing - total([self.opening, *self.movements.values()])


@dataclass(frozen=True)
class Rollforward:
    """All periods of one liability in one currency, oldest first.

    Attributes:
        liability: Role of its account, such as contract_liability.
        account: Number and name of the account in the books, such as `2400 Deferred revenue`.
        currency: Of every amount.
        decimals: Decimals of the currency's minor unit.
        rows: One per period.
    """

    liability: str
    account: str
    currency: str
    decimals: int
    rows: tuple[RollforwardRow, ...]

    @property
    def title(self) -> str:
        """What it is, over a table or chart."""
        return f"{self.account}, {self.currency}"

    @property
    def opening(self) -> Decimal:
        """Balance before the first period."""
        return self.rows[0].opening if self.rows else NOTHING

    @property
    def closing(self) -> Decimal:
        """Balance after the last period."""
        return self.rows[-1].closing if self.rows else NOTHING

    @property
    def totals(self) -> dict[str, Decimal]:
        """Each movement over all periods."""
        return {name: self.total(name) for name in MOVEMENTS}

    def total(self, movement: str) -> Decimal:
        """One movement over all periods."""
        return total(row.movements[movement] for row in self.rows)

    @property
    def shown(self) -> tuple[str, ...]:
        """Movements worth a column: the usual ones, and any other that moved."""
        return tuple(
            name
            for name in MOVEMENTS
            if name in ALWAYS_SHOWN or any(row.movements[name] for row in self.rows)
        )


@dataclass(frozen=True)
class WalletLine:
    """What is outstanding in one wallet at the end: its open lots, credits and deferred money."""

    wallet: str
    unit: str
    liability: str
    currency: str
    decimals: int
    lots: int
    credits: Decimal
    deferred: Decimal
    expired_credits: Decimal
    breakage: Decimal


@dataclass(frozen=True)
class PeriodLine:
    """What one account, meter or the like came to in one period, in one currency."""

    period: date
    name: str
    currency: str
    decimals: int
    amount: Decimal


@dataclass(frozen=True)
class LateLine:
    """Usage of closed months that became known, and was recorded, in a later one.

    Attributes:
        booked_period: Month it is recorded in.
        service_periods: Months it happened in.
        events: How many.
        currency: Of the revenue.
        decimals: Decimals of the currency.
        revenue: As in the roll-forward of the month it is recorded in, all liabilities together.
    """

    booked_period: date
    service_periods: tuple[date, ...]
    events: int
    currency: str
    decimals: int
    revenue: Decimal


@dataclass(frozen=True)
class UnpaidLine:
    """Usage that no credits and no agreed price paid for, in the first wallet it could not use."""

    wallet: str
    credits: Decimal
    events: int


@dataclass(frozen=True)
class Headline:
    """One amount worth reading first."""

    what: str
    amount: Decimal
    currency: str
    decimals: int


@dataclass(frozen=True)
class SourceFile:
    """One file the figures rest on."""

    path: str
    kind: str
    sha256: str
    rows: int | None = None


@dataclass(frozen=True)
class Figures:
    """Everything the summary and the page show, read once from a checked database."""

    book: str
    entity: str
    framework: str
    time_zone: str
    as_of: datetime
    models_sha256: str
    rollforwards: tuple[Rollforward, ...]
    wallets: tuple[WalletLine, ...] = ()
    revenue: tuple[PeriodLine, ...] = ()
    meters: tuple[PeriodLine, ...] = ()
    late: tuple[LateLine, ...] = ()
    unpaid: tuple[UnpaidLine, ...] = ()
    heads: tuple[Headline, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    sources: tuple[SourceFile, ...] = field(default=())

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """Checks that do not hold."""
        return tuple(result for result in self.checks if not result.is_ok)

    @property
    def tie_outs(self) -> tuple[CheckResult, ...]:
        """Checks that compare two totals people know: of money and credits, then of files."""
        return tuple(
            result for kind in ("tie-out", "file") for result in self.checks if result.kind == kind
        )


@dataclass(frozen=True)
class PeriodTable:
    """Amounts per name and period in one currency, zero where there was nothing."""

    currency: str
    decimals: int
    periods: tuple[date, ...]
    rows: tuple[tuple[str, tuple[Decimal, ...]], ...]

    @property
    def totals(self) -> tuple[Decimal, ...]:
        """Each period over all rows."""
        columns = zip(*(amounts for _, amounts in self.rows), strict=True)
        return tuple(map(total, columns))


def period_tables(lines: Iterable[PeriodLine]) -> list[PeriodTable]:
    """Lines as one table per currency, rows in order of name."""
    by_currency: dict[tuple[str, int], list[PeriodLine]] = {}
    for line in lines:
        by_currency.setdefault((line.currency, line.decimals), []).append(line)
    tables = []
    for (currency, decimals), found in sorted(by_currency.items()):
        periods = tuple(sorted({line.period for line in found}))
        amounts = {(line.name, line.period): line.amount for line in found}
        rows = tuple(
            (name, tuple(amounts.get((name, period), NOTHING) for period in periods))
            for name in sorted({line.name for line in found})
        )
        tables.append(PeriodTable(currency, decimals, periods, rows))
    return tables
