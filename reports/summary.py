"""The one screen a controller reads when a run has finished."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC
from pathlib import Path
from textwrap import wrap
from zoneinfo import ZoneInfo

from rate_cards.problems import relative
from reports.figures import MOVEMENTS, Figures, Rollforward
from reports.numbers import aligned, count, last_day, money, month, short_credits

WIDTH = 80
PERIODS_SHOWN = 8
COLUMNS = {"usage_revenue": "Usage", "prior_period_revenue": "Late"}
"""Words over columns that are shorter here than on the page, to fit a terminal."""


def summary_text(figures: Figures, files: Mapping[str, Path]) -> str:
    """The roll-forward, what stands open, whether the checks hold, and where to read on.

    Args:
        figures: Read from a checked database.
        files: What was written, by the word people know it by (`Page`, `Books`).
    """
    offset = figures.as_of.astimezone(ZoneInfo(figures.time_zone)).utcoffset()
    assert offset is not None
    until = last_day(figures.as_of.astimezone(UTC), offset)
    blocks = [[f"{figures.entity}: deferred revenue to the end of {until}"]]
    blocks += [
        _rollforward_lines(found, found is figures.rollforwards[0])
        for found in figures.rollforwards
    ]
    blocks.append(_pairs(_standing(figures)))
    blocks.append(_verdict(figures))
    blocks.append(_pairs((name, relative(path)) for name, path in files.items()))
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _rollforward_lines(rollforward: Rollforward, is_first: bool) -> list[str]:
    """The first liability a period a line, the latest ones; of the others only the sum."""
    names = rollforward.shown
    table = [
        ["Period", "Opening", *(COLUMNS.get(name, MOVEMENTS[name]) for name in names), "Closing"]
    ]
    shown = rollforward.rows[-PERIODS_SHOWN:] if is_first else ()
    for row in shown:
        amounts = [row.opening, *(row.movements[name] for name in names), row.closing]
        table.append([month(row.period), *(money(x, rollforward.decimals) for x in amounts)])
    totals = [rollforward.opening, *map(rollforward.total, names), rollforward.closing]
    table.append(["All", *(money(x, rollforward.decimals) for x in totals)])
    title = rollforward.title
    if is_first and len(shown) < len(rollforward.rows):
        title += f" (the last {len(shown)} of {len(rollforward.rows)} periods)"
    lines = aligned(table)
    if not is_first:
        return [title, *lines]
    rule = "-" * len(lines[0])
    return [title, lines[0], rule, *lines[1:-1], rule, lines[-1]]


def _standing(figures: Figures) -> Iterable[tuple[str, str]]:
    """What stands open besides: held, sold after use, owed, late, paid for by nobody."""
    held = [f"{short_credits(line.credits)} {line.wallet}" for line in figures.wallets]
    if held:
        lots = sum(line.lots for line in figures.wallets)
        yield "Held by customers", f"{', '.join(held)}; {count(lots, 'lot')}"
    for head in figures.heads[len(figures.rollforwards) :]:
        yield head.what, f"{money(head.amount, head.decimals)} {head.currency}"
    if figures.late:
        events = sum(line.events for line in figures.late)
        yield "Late usage", f"{count(events, 'event')} recorded in a later month than used"
    if figures.unpaid:
        events = sum(line.events for line in figures.unpaid)
        yield "Paid for by nobody", f"{count(events, 'event')}: no credits left, no overage price"


def _verdict(figures: Figures) -> list[str]:
    """Whether the books may be relied on, and which checks say no."""
    checks, failed = count(len(figures.checks), "check"), figures.failed
    if not failed:
        return [f"All {checks} hold."]
    return [
        f"{len(failed):,} of {checks} FAILED; do not rely on these figures.",
        *(f"  {result.statement}" for result in failed),
    ]


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Words and values in two columns, long values on several lines."""
    found = list(pairs)
    width = max((len(name) for name, _ in found), default=0) + 2
    return [
        line
        for name, value in found
        for line in wrap(
            value,
            WIDTH,
            initial_indent=f"{name:<{width}}",
            subsequent_indent=" " * width,
            break_long_words=False,
            break_on_hyphens=False,
        )
    ]
