"""Kill Bill's usage in arrears: graduated prices, and a catalogue that changes inside a month.

Translation. A catalogue version is a rate in force from its day on; its blocks are graduated steps.
What is asked is the price of the usage in each window between the first of a month and a change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from tests.golden.clock import Unreadable, instant, shifted
from tests.golden.facts import Desk, Link
from tests.golden.snapshot import ZERO, Account
from tests.golden.told import Books, Told

NOON = timedelta(hours=12)
_PRICES = re.compile(r"([\d.]+)/\w+((?: to [\d.]+, then [\d.]+)*)")
_STEP = re.compile(r" to ([\d.]+), then ([\d.]+)")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Version:
    """A version of the catalogue."""

    name: str
    steps: tuple[tuple[Decimal | None, Decimal], ...]
    effective: datetime | None


def tell_catalogue(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Usage by day under one or more versions."""
    versions = [_version(key, given[key]) for key in sorted(given) if re.fullmatch(r"v\d+", key)]
    months = [_usage(given)]
    if "next_month" in given:
        start = shifted(_month(months[0][0][0]), 1, "month")
        months.append(
            [
                (start + n * NOON, Decimal(str(quantity)))
                for n, quantity in enumerate(given["next_month"]["usage"])
            ]
        )
    wallet = desk.wallet("money", "USD")
    for version, following in zip(versions, [*versions[1:], None], strict=True):
        desk.price(
            [Link(wallet, steps=version.steps)]
            if len(version.steps) > 1
            else [Link(wallet, version.steps[0][1])],
            effective_from=version.effective,
            effective_to=following.effective if following else None,
        )
    for n, month in enumerate(months):
        for m, (at, quantity) in enumerate(month):
            desk.use(f"use-{n}-{m}", quantity, desk.asks(at))

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)
        rows = _windows(account, versions, _month(months[0][0][0]))
        lengths = [len(row) for row in questions.get("expected") or []]
        found: dict[str, Any] = {
            "expected": [row[:length] for row, length in zip(rows, lengths, strict=False)]
            if len(lengths) == len(rows)
            else rows
        }
        if len(months) > 1:
            start = _month(months[1][0][0])
            found["next_month"] = {
                "usage": [quantity for _, quantity in months[1]],
                "expected": _cost(account, start, shifted(start, 1, "month")),
            }
        return found

    return Told(answers)


def _version(name: str, words: object) -> Version:
    text = str(words)
    prices = _PRICES.match(text)
    if prices is None:
        raise Unreadable(f'the prices "{text}"')
    figures = [Decimal(prices[1])]
    bounds: list[Decimal | None] = []
    for bound, figure in _STEP.findall(prices[2]):
        bounds.append(Decimal(bound))
        figures.append(Decimal(figure))
    day = _DAY.search(text)
    steps = tuple(zip([*bounds, None], figures, strict=True))
    return Version(name, steps, instant(day[0]) if day else None)


def _usage(given: Mapping[str, Any]) -> list[tuple[datetime, Decimal]]:
    """Usage by day, at noon."""
    days: dict[str, Any] = {}
    for key, value in given.items():
        if key.startswith("usage"):
            for part in value if isinstance(value, list) else [value]:
                days.update(part)
    if not days:
        raise Unreadable("no usage by day")
    return [(instant(day) + NOON, Decimal(str(quantity))) for day, quantity in sorted(days.items())]


def _month(moment: datetime) -> datetime:
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _cost(account: Account, start: datetime, end: datetime) -> Decimal:
    return sum((event.cost for event in account.events_in(start, end)), ZERO)


def _windows(account: Account, versions: Sequence[Version], start: datetime) -> list[list[Any]]:
    """(from, to, amount, version) for the month's windows."""
    end = shifted(start, 1, "month")
    changes = [v.effective for v in versions if v.effective and start < v.effective < end]
    cuts = [start, *sorted(changes), end]
    rows = []
    for since, until in pairwise(cuts):
        in_force = [v.name for v in versions if v.effective is None or v.effective <= since]
        amount = _cost(account, since, until)
        rows.append([f"{since:%Y-%m-%d}", f"{until:%Y-%m-%d}", amount, in_force[-1]])
    return rows
