"""Figures as the books have them against figures as a case expects them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fnmatch import fnmatchcase
from typing import Any

ZERO = Decimal(0)


@dataclass(frozen=True)
class Holds:
    """An answer that is not a figure: a statement the case makes, tried on the books."""

    test: Callable[[Any], bool]
    otherwise: str


@dataclass(frozen=True)
class Printed:
    """A figure of which a source prints as many decimals as it likes, rounded half up."""

    value: Decimal

    def as_printed(self, expected: Any) -> Any:
        """The figure with the decimals that are expected."""
        wanted = number(expected)
        if wanted is None:
            return self.value
        return self.value.quantize(wanted, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class Unordered:
    """A list whose order means nothing, and what it adds up to where a case asks for one figure."""

    items: list[Any]
    total: Decimal | None = None


class ByPlace(list[Any]):
    """A list of which a case names some members, each by its place `i`."""

    def chosen(self, asked: list[Any]) -> list[Any]:
        """Those asked for, in that order."""
        return [
            {**self[part["i"]], "i": part["i"]} if part["i"] < len(self) else NO_ANSWER
            for part in asked
        ]


@dataclass(frozen=True)
class Difference:
    """One figure that is not as expected."""

    place: str
    expected: Any
    got: Any

    def lies_in(self, field: str) -> bool:
        """Whether its place is a field or a part of it; `*` in the field stands for anything."""
        return any(fnmatchcase(self.place, f"{field}{part}") for part in ("", ".*", "[[]*"))

    def __str__(self) -> str:
        return f"expected {_plain(self.expected)}, got {_plain(self.got)} ({self.place})"


class NoAnswer:
    """What a reader has no answer to."""

    def __repr__(self) -> str:
        return "no answer"


NO_ANSWER = NoAnswer()


def differences(
    expected: Any, got: Any, place: str = "", tolerance: Decimal = Decimal(0)
) -> Iterator[Difference]:
    """Every difference. What is got may say more than expected; a list must be as long."""
    if isinstance(got, Printed):
        got = got.as_printed(expected)
    if isinstance(got, Holds):
        if not got.test(expected):
            yield Difference(place, expected, got.otherwise)
    elif isinstance(expected, Mapping) and isinstance(got, Mapping):
        within = Decimal(str(expected.get("tolerance", tolerance)))
        for key, value in expected.items():
            if key == "tolerance":
                continue
            at = f"{place}.{key}" if place else str(key)
            yield from differences(value, got.get(key, NO_ANSWER), at, within)
    elif isinstance(expected, list) and isinstance(got, ByPlace):
        yield from differences(expected, got.chosen(expected), place, tolerance)
    elif isinstance(expected, list) and isinstance(got, Unordered):
        yield from _unordered(expected, got.items, place, tolerance)
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for position, (value, found) in enumerate(zip(expected, got, strict=True)):
            yield from differences(value, found, f"{place}[{position}]", tolerance)
    elif isinstance(got, Unordered) and got.total is not None and not isinstance(expected, list):
        yield from differences(expected, got.total, place, tolerance)
    elif not _same(expected, got, tolerance):
        yield Difference(place, expected, got)


def _unordered(
    expected: list[Any], got: list[Any], place: str, tolerance: Decimal
) -> Iterator[Difference]:
    left = list(got)
    for value in expected:
        match = next((x for x in left if not any(differences(value, x, place, tolerance))), None)
        if match is None:
            yield Difference(place, value, left)
            return
        left.remove(match)
    if left:
        yield Difference(place, "nothing more", left)


def _same(expected: Any, got: Any, tolerance: Decimal) -> bool:
    if isinstance(expected, bool) or isinstance(got, bool) or expected is None or got is None:
        return expected is got
    wanted, found = number(expected), number(got)
    if wanted is not None and found is not None:
        return abs(wanted - found) <= tolerance
    return str(expected) == str(got)


def number(value: Any) -> Decimal | None:
    """A figure as a decimal, text of digits included; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        text = format(value.normalize(), "f")
        return "0" if text == "-0" else text
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_plain(part)}" for key, part in value.items()) + "}"
    if isinstance(value, Unordered):
        return _plain(value.items)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_plain(part) for part in value) + "]"
    if value is None or isinstance(value, bool):
        return "none" if value is None else str(value).lower()
    return str(value)
