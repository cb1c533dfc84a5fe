"""The periods cases name, as months of the books.

A case names its periods as it likes: months, quarters, years, `sale`, `31Jan_due`. Where all names
are calendar months they are those months, each the next of its name after the one before it.
Otherwise every period is one month of the books, in the order named: what matters is that one
follows the other, since nothing in such a case is counted by days.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from tests.golden.clock import Unreadable, instant, shifted

YEAR = 2025
"""The year of cases that name none; its February has 28 days."""

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_FULL = tuple(name.lower() for name in calendar.month_name[1:])
_DAY_OF_MONTH = re.compile(r"([A-Za-z]{3})-(\d{1,2})")
_MONTH_AND_DAY = re.compile(r"(\d{2})-(\d{2})")


def month_number(name: object) -> int | None:
    """1 to 12 for the English name of a month, long or short."""
    word = str(name).lower()
    if word in _FULL:
        return _FULL.index(word) + 1
    return MONTHS.index(word) + 1 if word in MONTHS else None


class Periods:
    """The named periods of a case, in order."""

    def __init__(self, names: Iterable[object], year: int = YEAR) -> None:
        """Place them.

        Args:
            names: In order; a name that comes again is the same period.
            year: Year of the first one, where they are calendar months.
        """
        self.names = list(dict.fromkeys(str(name) for name in names))
        if not self.names:
            raise Unreadable("the case names no period")
        numbers = [month_number(name) for name in self.names]
        first = datetime(year, numbers[0] or 1, 1, tzinfo=UTC)
        self._starts: dict[str, datetime] = {}
        start = first
        for n, (name, number) in enumerate(zip(self.names, numbers, strict=True)):
            if None in numbers:
                start = shifted(first, n, "month")
            elif n:
                assert number is not None
                start = shifted(start, (number - start.month - 1) % 12 + 1, "month")
            self._starts[name] = start

    def start(self, name: object) -> datetime:
        """The first instant of a period."""
        if str(name) not in self._starts:
            raise Unreadable(f'the period "{name}" is none of {", ".join(self.names)}')
        return self._starts[str(name)]

    def end(self, name: object) -> datetime:
        """The first instant after it."""
        return shifted(self.start(name), 1, "month")

    def inside(self, name: object, n: int = 0) -> datetime:
        """An instant within it, later than its start by a day, and by a minute per n."""
        return self.start(name) + timedelta(days=1, minutes=n)

    def month(self, name: object) -> date:
        """The month of the books that it is."""
        return self.start(name).date()

    @property
    def first(self) -> datetime:
        """The first instant of the first."""
        return self.start(self.names[0])

    @property
    def last(self) -> datetime:
        """The first instant after the last."""
        return self.end(self.names[-1])


def day(text: object, year: int = YEAR) -> datetime:
    """A day as cases write it: `2019-02-01`, `Feb-01`, `01-31` or `Apr`, which is its first day."""
    words = str(text)
    if number := month_number(words):
        return datetime(year, number, 1, tzinfo=UTC)
    if (named := _DAY_OF_MONTH.fullmatch(words)) and (number := month_number(named[1])):
        return datetime(year, number, int(named[2]), tzinfo=UTC)
    if numbers := _MONTH_AND_DAY.fullmatch(words):
        return datetime(year, int(numbers[1]), int(numbers[2]), tzinfo=UTC)
    return instant(words)


def year_of(*texts: object) -> int:
    """The year of the first text that names one."""
    for text in texts:
        if found := re.match(r"(\d{4})-\d{2}-\d{2}", str(text)):
            return int(found[1])
    return YEAR


def months_between(first: datetime, last: datetime) -> Sequence[date]:
    """The months of the books from the one of `first` up to the one before `last`."""
    start = first.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    found = []
    while start < last:
        found.append(start.date())
        start = shifted(start, 1, "month")
    return found
