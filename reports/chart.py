"""The roll-forward as a picture: floating bars from opening to closing, period by period, in SVG.

Pure and deterministic; the only place where an amount becomes a float, at the pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from math import ceil

from markupsafe import Markup

from reports.figures import MOVEMENTS, Rollforward, RollforwardRow
from reports.numbers import money, month

WIDTH, HEIGHT = 960, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 8, 22, 28
GAP = 0.22
"""Share of a period's band left empty, so that periods stand apart."""
LABEL_WIDTH = 60
"""Pixels a period's name needs; where bands are narrower, only some are named."""


@dataclass(frozen=True)
class Scale:
    """Amounts to vertical pixels."""

    low: Decimal
    high: Decimal

    def y(self, amount: Decimal) -> float:
        """The pixel row of an amount."""
        share = float(amount - self.low) / float(self.high - self.low)
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - share)


@dataclass(frozen=True)
class Bar:
    """One bar of a period: what it stands for, from which level to which, and its figure."""

    kind: str
    label: str
    start: Decimal
    end: Decimal
    amount: Decimal


def rollforward_svg(rollforward: Rollforward) -> Markup:
    """Draw one roll-forward; '' when it never held anything.

    Each period is a small waterfall: what was added rises from the opening balance, what was earned
    or paid back falls from there, and a solid bar stands for the closing balance.

    Args:
        rollforward: Periods in order, movements signed.
    """
    periods = [_bars(row, rollforward.shown) for row in rollforward.rows]
    levels = [level for bars in periods for bar in bars for level in (bar.start, bar.end)]
    if not any(levels):
        return Markup("")
    ticks = _ticks(min(levels), max(levels))
    scale = Scale(ticks[0], ticks[-1])
    band = (WIDTH - LEFT - RIGHT) / len(periods)
    labelled = ceil(LABEL_WIDTH / band)
    body = [_axis(ticks, scale)]
    for position, bars in enumerate(periods):
        left = LEFT + band * position
        is_last = position + 1 == len(periods)
        body.append(_period(bars, left, band, is_last, scale, rollforward))
        if position % labelled == 0:
            body.append(_label(left + band / 2, month(rollforward.rows[position].period)))
    first, last = rollforward.rows[0].period, rollforward.rows[-1].period
    name = f"chart-{rollforward.liability}-{rollforward.currency}".lower()
    return Markup(
        '<svg class="chart" viewBox="0 0 {width} {height}" role="img" '
        'aria-labelledby="{name}-title {name}-desc" xmlns="http://www.w3.org/2000/svg">'
        '<title id="{name}-title">{title}</title><desc id="{name}-desc">{description}</desc>'
        "{body}</svg>"
    ).format(
        width=WIDTH,
        height=HEIGHT,
        name=name,
        title=f"Roll-forward of {rollforward.title}",
        description=(
            f"From {money(rollforward.opening, rollforward.decimals)} before {month(first)} to "
            f"{money(rollforward.closing, rollforward.decimals)} at the end of {month(last)}. "
            "The table below holds the same figures."
        ),
        body=Markup("").join(body),
    )


def _bars(row: RollforwardRow, shown: Sequence[str]) -> list[Bar]:
    """The bars of a period: each movement from where the one before it ended, then closing."""
    bars = []
    level = row.opening
    for name in shown:
        amount = row.movements[name]
        label = f"{month(row.period)} {MOVEMENTS[name].lower()}"
        bars.append(Bar(name, label, level, level + amount, amount))
        level += amount
    label = f"{month(row.period)} closing balance"
    return [*bars, Bar("closing", label, Decimal(0), row.closing, row.closing)]


def _period(
    bars: Sequence[Bar],
    left: float,
    band: float,
    is_last: bool,
    scale: Scale,
    rollforward: Rollforward,
) -> Markup:
    """One period's bars, each joined to the next at the level it reached."""
    width = band * (1 - GAP) / len(bars)
    parts = []
    for place, bar in enumerate(bars):
        x = left + band * GAP / 2 + width * place
        parts.append(_rect(bar, x, width, scale, rollforward))
        is_closing = bar.kind == "closing"
        reach = width * 2 if not is_closing else width + band * GAP
        if not (is_closing and is_last):
            parts.append(_line("step", x, x + reach, scale.y(bar.end)))
    return Markup("").join(parts)


def _rect(bar: Bar, x: float, width: float, scale: Scale, rollforward: Rollforward) -> Markup:
    """A bar with its figure as a tooltip; nothing for a zero."""
    if bar.start == bar.end:
        return Markup("")
    top, bottom = scale.y(max(bar.start, bar.end)), scale.y(min(bar.start, bar.end))
    return Markup(
        '<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}">'
        "<title>{label}: {figure} {currency}</title></rect>"
    ).format(
        kind=bar.kind.replace("_", "-"),
        x=x + 0.5,
        y=top,
        width=max(width - 1, 1.0),
        height=max(bottom - top, 0.8),
        label=bar.label,
        figure=money(bar.amount, rollforward.decimals),
        currency=rollforward.currency,
    )


def _label(x: float, text: str) -> Markup:
    """The name of a period, under the axis."""
    return Markup('<text class="period" x="{x:.1f}" y="{y}">{text}</text>').format(
        x=x, y=HEIGHT - 8, text=text
    )


def _axis(ticks: list[Decimal], scale: Scale) -> Markup:
    """Grid lines with their amounts, zero drawn stronger."""
    parts = []
    for tick in ticks:
        y = scale.y(tick)
        parts.append(_line("grid" if tick else "zero", LEFT, WIDTH - RIGHT, y))
        parts.append(
            Markup('<text class="tick" x="{x}" y="{y:.1f}">{label}</text>').format(
                x=LEFT - 8, y=y + 4, label=_short(tick)
            )
        )
    return Markup("").join(parts)


def _line(kind: str, left: float, right: float, y: float) -> Markup:
    """A horizontal line."""
    return Markup(
        '<line class="{kind}" x1="{x1:.1f}" x2="{x2:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
    ).format(kind=kind, x1=left, x2=right, y=y)


def _ticks(low: Decimal, high: Decimal) -> list[Decimal]:
    """Round amounts, some six of them, that enclose both ends."""
    span = high - low
    power = Decimal(10) ** (span.adjusted() - 1)
    step = next(power * factor for factor in (1, 2, 5, 10, 20) if span / (power * factor) <= 6)
    first = (low / step).to_integral_value(rounding=ROUND_FLOOR)
    last = (high / step).to_integral_value(rounding=ROUND_CEILING)
    return [step * number for number in range(int(first), int(last) + 1)]


def _short(amount: Decimal) -> str:
    """An axis amount: 1.5M, 250k, 40."""
    for size, letter in ((Decimal(10**9), "B"), (Decimal(10**6), "M"), (Decimal(10**3), "k")):
        if abs(amount) >= size:
            return f"{(amount / size).normalize():f}{letter}"
    return f"{amount.normalize():f}"
