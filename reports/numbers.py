"""How figures, dates and digests are written for people: one way, in every command and page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal

_EXACT = Context(prec=76)
"""Python's own 28 digits are fewer than a sum of the database may have."""


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The sum, to the last digit; zero of nothing."""
    result = Decimal(0)
    for amount in amounts:
        result = _EXACT.add(result, amount)
    return result


def money(amount: Decimal, decimals: int = 2) -> str:
    """An amount with thousands separated and negatives in parentheses, as ledgers print them.

    Args:
        amount: In units of the currency.
        decimals: Decimals of the currency's minor unit. Further digits are shown, never cut.
    """
    exact = _decimals_of(amount)
    text = f"{amount.copy_abs():,.{max(decimals, exact)}f}"
    return f"({text})" if amount < 0 else text


def credits_text(credits: Decimal) -> str:
    """Credits with thousands separated and only the decimals they have."""
    text = f"{credits.copy_abs():,.{_decimals_of(credits)}f}"
    return f"({text})" if credits < 0 else text


def short_credits(credits: Decimal) -> str:
    """Credits to two decimals, where columns are read rather than added up."""
    return f"{credits:,.2f}"


def count(number: int, singular: str, plural: str = "") -> str:
    """A number with its noun: `1 lot`, `2,300 lots`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def month(period: date) -> str:
    """A period as `2026-01`."""
    return f"{period:%Y-%m}"


def instant(moment: datetime) -> str:
    """An instant in UTC to the second, with the fraction only when there is one."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    text = aware.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")
    fraction = f"{aware.microsecond:06d}".rstrip("0")
    return f"{text}{'.' + fraction if fraction else ''} UTC"


def last_day(as_of: datetime, offset: timedelta = timedelta(0)) -> str:
    """The last moment the books know, in words: the day that ended, or the instant itself."""
    local = as_of + offset
    if local.time() == datetime.min.time():
        day = (local - timedelta(days=1)).date()
        return f"{day.day} {day:%B %Y}"
    return instant(as_of)


def short_digest(sha256: str) -> str:
    """The first twelve hex digits: enough to find it, short enough to read out."""
    return sha256[:12]


def aligned(table: Sequence[Sequence[str]]) -> list[str]:
    """Rows of text in columns: the first to the left, the others to the right by their last digit.

    A closing parenthesis stands one place further right, so that digits stay under digits.
    """
    padded = [
        [row[0], *(cell if cell.endswith(")") else f"{cell} " for cell in row[1:])] for row in table
    ]
    widths = [max(len(row[column]) for row in padded) for column in range(len(padded[0]))]
    return [
        " ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in padded
    ]


def _decimals_of(number: Decimal) -> int:
    """Decimals a number needs; from its text, since `normalize` would round to 28 digits."""
    _, _, fraction = f"{number:f}".partition(".")
    return len(fraction.rstrip("0"))
