"""The roll-forward as a picture: floating bars from opening to closing, period by period, in SVG.

Pure and deterministic; the only place where an amount becomes a float, at the pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup, escape

from reports.figures import MOVEMENTS, Rollforward
from reports.numbers import money, month

WIDTH, HEIGHT = 960, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 8, 22, 28
GAP = 0.22
"""Share of a period's band left empty, so that periods stand apart."""


@dataclass(frozen=True)
class Scale:
    """Amounts to vertical pixels."""

    low: Decimal
    high: Decimal

    def y(self, amount: Decimal) -> float:
        """The pixel row of an amount."""
        share = float(amount - self.low) / float(self.high - self.low)
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - share)


def rollforward_svg(rollforward: Rollforward) -> Markup:
    """Draw one roll-forward; '' when it never held anything.

    Each period is a small waterfall: what was added rises from the opening balance, what was earned
    or paid back falls from there, and a solid bar stands for the closing balance.

    Args:
        rollforward: Periods in order, movements signed.
    """
    reached = [Decimal(0)]
    for row in rollforward.rows:
        level = row.opening
        reached.append(level)
        for name in rollforward.shown:
            level += row.movements[name]
            reached.append(level)
    if not any(reached):
        return Markup("")
    step = _tick_step(max(reached) - min(reached))
    ticks = _ticks(min(reached), max(reached), step)
    scale = Scale(ticks[0], ticks[-1])
    body = [_axis(ticks, scale)]
    band = (WIDTH - LEFT - RIGHT) / len(rollforward.rows)
    for position in range(len(rollforward.rows)):
        body.append(_period(rollforward, position, LEFT + band * position, band, scale))
    first, last = rollforward.rows[0].period, rollforward.rows[-1].period
    title = f"Roll-forward of {rollforward.title}"
    description = (
        f"From {money(rollforward.opening, rollforward.decimals)} before {month(first)} to "
        f"{money(rollforward.closing, rollforward.decimals)} at the end of {month(last)}. "
        "The table below holds the same figures."
    )
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
        title=title,
        description=description,
        body=Markup("").join(body),
    )


def _period(
    rollforward: Rollforward, position: int, left: float, band: float, scale: Scale
) -> Markup:
    """One period's bars, the steps that join them, and its label."""
    row = rollforward.rows[position]
    bars = [*rollforward.shown, "closing"]
    width = band * (1 - GAP) / len(bars)
    x = left + band * GAP / 2
    parts = []
    level = row.opening
    for name in rollforward.shown:
        amount = row.movements[name]
        label = f"{month(row.period)} {MOVEMENTS[name].lower()}"
        parts.append(_bar(name, x, width, level, level + amount, amount, label, rollforward, scale))
        level += amount
        x += width
        parts.append(_line("step", x - width, x + width, scale.y(level)))
    label = f"{month(row.period)} closing balance"
    zero = Decimal(0)
    parts.append(
        _bar("closing", x, width, zero, row.closing, row.closing, label, rollforward, scale)
    )
    if position + 1 < len(rollforward.rows):
        parts.append(_line("step", x, left + band * (1 + GAP / 2), scale.y(row.closing)))
    parts.append(
        Markup('<text class="period" x="{x:.1f}" y="{y}">{label}</text>').format(
            x=left + band / 2, y=HEIGHT - 8, label=month(row.period)
        )
    )
    return Markup("").join(parts)


def _bar(
    kind: str,
    x: float,
    width: float,
    start: Decimal,
    end: Decimal,
    amount: Decimal,
    label: str,
    rollforward: Rollforward,
    scale: Scale,
) -> Markup:
    """One bar between two levels, with its figure as a tooltip; nothing for a zero."""
    if start == end:
        return Markup("")
    top, bottom = scale.y(max(start, end)), scale.y(min(start, end))
    return Markup(
        '<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}">'
        "<title>{label}: {figure} {currency}</title></rect>"
    ).format(
        kind=kind.replace("_", "-"),
        x=x + 0.5,
        y=top,
        width=max(width - 1, 1.0),
        height=max(bottom - top, 0.8),
        label=label,
        figure=money(amount, rollforward.decimals),
        currency=rollforward.currency,
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
    ).format(kind=escape(kind), x1=left, x2=right, y=y)


def _tick_step(span: Decimal) -> Decimal:
    """A round step that divides a span into four to eight."""
    step = Decimal(10) ** (span.adjusted() - 1)
    for factor in (1, 2, 5, 10, 20, 50):
        if span / (step * factor) <= 6:
            return step * factor
    return step * 100


def _ticks(low: Decimal, high: Decimal, step: Decimal) -> list[Decimal]:
    """Multiples of the step that enclose both ends."""
    first = (low / step).to_integral_value(rounding="ROUND_FLOOR")
    last = (high / step).to_integral_value(rounding="ROUND_CEILING")
    return [step * number for number in range(int(first), int(last) + 1)]


def _short(amount: Decimal) -> str:
    """An axis amount: 1.5M, 250k, 40."""
    for size, letter in ((Decimal(10**9), "B"), (Decimal(10**6), "M"), (Decimal(10**3), "k")):
        if abs(amount) >= size:
            return f"{(amount / size).normalize():f}{letter}"
    return f"{amount.normalize():f}"
