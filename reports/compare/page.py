"""The comparison as one page that opens offline: bridges as pictures, figures in tables."""

from __future__ import annotations

from decimal import Decimal

from markupsafe import Markup

from reports.compare.comparison import BREAKDOWNS, EFFECT_NAMES, Bridge, Comparison
from reports.numbers import count, credits_text, instant, money, month, short_credits
from reports.page import page_environment

WIDTH, BAR, LEFT, RIGHT = 960, 30, 300, 130
"""Pixels of the picture, of a row, of the names and of the figures at their right."""


def render_comparison(comparison: Comparison) -> str:
    """The page as text: no script, no font, no address outside itself."""
    environment = page_environment()
    environment.filters.update(
        money=money,
        month=month,
        credits=credits_text,
        short_credits=short_credits,
        instant=instant,
        words=lambda name: name.replace("_", " "),
    )
    environment.globals.update(
        count=count,
        bridge_svg=bridge_svg,
        effects=EFFECT_NAMES,
        breakdowns={table: what for table, (what, _) in BREAKDOWNS.items()},
    )
    return environment.get_template("compare.html").render(comparison=comparison)


def bridge_svg(bridge: Bridge, first: str) -> Markup:
    """The steps from one total to the other, one row each; '' where nothing was earned."""
    rows: list[tuple[str, Decimal, Decimal, Decimal, str]] = [
        (first, Decimal(0), bridge.before, bridge.before, "closing")
    ]
    level = bridge.before
    for step, amount in bridge.steps:
        if amount:
            kind = "additions" if amount > 0 else "refunded"
            rows.append((EFFECT_NAMES[step], level, level + amount, amount, kind))
        level += amount
    rows.append((bridge.scenario, Decimal(0), bridge.after, bridge.after, "closing"))
    low = min(min(start, end) for _, start, end, _, _ in rows)
    high = max(max(start, end) for _, start, end, _, _ in rows)
    if low == high:
        return Markup("")
    # Amounts become floats only here, at the pixel.
    scale = (WIDTH - LEFT - RIGHT) / float(high - low)
    body = []
    for place, (label, start, end, amount, kind) in enumerate(rows):
        x, width = float(min(start, end) - low) * scale, float(abs(end - start)) * scale
        body.append(
            Markup(
                '<text class="tick" x="{left}" y="{text}">{label}</text>'
                '<rect class="{kind}" x="{x:.1f}" y="{y}" width="{width:.1f}" height="{height}"/>'
                '<text x="{after:.1f}" y="{text}">{figure}</text>'
            ).format(
                left=LEFT - 10,
                text=place * BAR + 19,
                label=label,
                kind=kind,
                x=LEFT + x,
                y=place * BAR + 5,
                width=max(width, 1.0),
                height=BAR - 10,
                after=LEFT + x + width + 6,
                figure=money(amount, bridge.decimals),
            )
        )
    return Markup(
        '<svg class="chart" viewBox="0 0 {width} {height}" role="img" '
        'xmlns="http://www.w3.org/2000/svg"><title>{title}</title>{body}</svg>'
    ).format(
        width=WIDTH,
        height=len(rows) * BAR,
        title=f"From {first} to {bridge.scenario}, {bridge.currency}; the table holds the figures",
        body=Markup("").join(body),
    )
