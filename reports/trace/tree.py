"""A trace as a tree of steps: text for people, the same facts as JSON for scripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from reports.numbers import aligned, money

SHOWN = 12
"""Steps of one kind that are written out; the others are counted."""


@dataclass(frozen=True)
class Step:
    """One thing on the way of a figure, and what lies behind it.

    Attributes:
        text: One line.
        facts: The same as names and values, with whatever a script wants besides.
        steps: What lies behind it.
        table: Rows of text under the line, the first one its header.
        others: What steps after the first dozen are called where they are only counted; '' shows
            all of them. JSON always has all.
    """

    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()
    others: str = ""


@dataclass(frozen=True)
class Tie(Step):
    """A step that compares two numbers."""

    is_ok: bool = True


def tie(left: str, left_value: Decimal, right: str, right_value: Decimal, decimals: int) -> Tie:
    """Whether two totals agree, with both numbers.

    Args:
        left: What the first one is.
        left_value: The first one.
        right: What the second one is.
        right_value: The second one.
        decimals: Decimals to show at least.
    """
    is_ok = left_value == right_value
    mark, sign = ("✓", "=") if is_ok else ("✗", "≠")
    return Tie(
        f"{mark} {left} {money(left_value, decimals)} {sign} "
        f"{right} {money(right_value, decimals)}",
        {"left": left, "left_value": left_value, "right": right, "right_value": right_value},
        is_ok=is_ok,
    )


def all_hold(step: Step) -> bool:
    """Whether every comparison in a tree holds."""
    return (not isinstance(step, Tie) or step.is_ok) and all(map(all_hold, step.steps))


def as_text(step: Step) -> str:
    """The tree as people read it in a terminal."""
    return "\n".join([step.text, *_below(step)])


def as_json(step: Step) -> dict[str, Any]:
    """The tree as plain values: exact decimals and ISO instants as text."""
    facts = {name: _plain(value) for name, value in step.facts.items()}
    found: dict[str, Any] = {"text": step.text, **facts}
    if isinstance(step, Tie):
        found["is_ok"] = step.is_ok
    if step.table:
        header, *rows = step.table
        found["rows"] = [dict(zip(header, row, strict=True)) for row in rows]
    if step.steps:
        found["steps"] = [as_json(below) for below in step.steps]
    return found


def _below(step: Step) -> Iterator[str]:
    """The lines under a step, each with its branch."""
    table = aligned(step.table) if step.table else []
    shown = list(step.steps)
    if step.others and len(shown) > SHOWN:
        hidden = len(shown) - SHOWN
        shown = [*shown[:SHOWN], Step(f"… {hidden:,} more {step.others}")]
    for line in table:
        yield f"{'│' if shown else ' '}  {line}"
    for position, below in enumerate(shown):
        is_last = position == len(shown) - 1
        yield f"{'└' if is_last else '├'}─ {below.text}"
        for line in _below(below):
            yield f"{' ' if is_last else '│'}  {line}"


def _plain(value: Any) -> Any:
    """A value JSON can hold without losing a digit."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return f"{value.replace(tzinfo=None).isoformat()}Z"
    if isinstance(value, date):
        return value.isoformat()
    return value
