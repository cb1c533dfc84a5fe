"""The one screen a controller reads when a run has finished."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

from rate_cards.problems import relative
from reports.figures import MOVEMENTS, Figures, Headline, Rollforward
from reports.numbers import aligned, count, last_day, money, month

PERIODS_SHOWN = 8


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
    blocks += [_rollforward_lines(rollforward) for rollforward in figures.rollforwards]
    blocks.append(_pairs((head.what, _headline(head)) for head in figures.heads))
    blocks.append([_verdict(figures)])
    blocks.append(_pairs((name, relative(path)) for name, path in files.items()))
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _rollforward_lines(rollforward: Rollforward) -> list[str]:
    """A period a line, the latest ones in full, the ones before them as a single line."""
    title = rollforward.title
    header = ["Period", "Opening", *(MOVEMENTS[name] for name in rollforward.shown), "Closing"]
    shown = rollforward.rows[-PERIODS_SHOWN:]
    table = [header]
    for row in shown:
        amounts = [row.opening, *(row.movements[name] for name in rollforward.shown), row.closing]
        table.append([month(row.period), *(money(x, rollforward.decimals) for x in amounts)])
    totals = [
        rollforward.opening,
        *(rollforward.total(name) for name in rollforward.shown),
        rollforward.closing,
    ]
    table.append(["All", *(money(total, rollforward.decimals) for total in totals)])
    earlier = len(rollforward.rows) - len(shown)
    if earlier:
        title += f" (the last {len(shown)} of {len(rollforward.rows)} periods)"
    lines = aligned(table)
    rule = "-" * len(lines[0])
    return [title, lines[0], rule, *lines[1:-1], rule, lines[-1]]


def _headline(head: Headline) -> str:
    """A figure with its unit and the rows behind it."""
    text = f"{money(head.amount, head.decimals)} {head.unit}"
    return f"{text} in {count(head.rows, head.row_name)}" if head.rows else text


def _verdict(figures: Figures) -> str:
    """Whether the books may be relied on, and which checks say no."""
    total, failed = len(figures.checks), figures.failed
    if not failed:
        return f"All {count(total, 'check')} hold."
    names = "".join(f"\n  {result.statement}" for result in failed)
    return (
        f"{len(failed):,} of {count(total, 'check')} FAILED; do not rely on these figures.{names}"
    )


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Words and values in two columns."""
    found = list(pairs)
    width = max((len(name) for name, _ in found), default=0)
    return [f"{name:<{width}}  {value}" for name, value in found]
