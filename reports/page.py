"""The roll-forward page: one HTML file that opens offline, prints and is always the same bytes."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reports.chart import rollforward_svg
from reports.figures import MOVEMENTS, Figures, period_tables
from reports.numbers import (
    count,
    credits_text,
    instant,
    last_day,
    money,
    month,
    short_credits,
    total,
)

PAGE_NAME = "rollforward.html"
TEMPLATES = Path(__file__).resolve().parent / "templates"


def page_environment() -> Environment:
    """What every page is made with: names are escaped, one that is not given is an error."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["style"] = Markup((TEMPLATES / "page.css").read_text(encoding="utf-8"))
    return environment


def render_rollforward(figures: Figures) -> str:
    """The page as text: no script, no font, no address outside itself.

    Args:
        figures: Read from a checked database; nothing else goes in, so equal figures give equal
            bytes.
    """
    environment = page_environment()
    environment.filters.update(
        money=money,
        month=month,
        credits=credits_text,
        short_credits=short_credits,
        instant=instant,
        total=total,
        words=lambda name: name.replace("_", " "),
    )
    environment.globals.update(count=count, chart=rollforward_svg, movements=MOVEMENTS)
    local = figures.as_of.astimezone(ZoneInfo(figures.time_zone))
    offset = local.utcoffset()
    assert offset is not None
    return environment.get_template("rollforward.html").render(
        figures=figures,
        until=last_day(figures.as_of.astimezone(UTC), offset),
        revenue_tables=period_tables(figures.revenue),
        meter_tables=period_tables(figures.meters),
    )


def write_page(figures: Figures, path: Path) -> None:
    """Write the page, making its folder.

    Args:
        figures: What it shows.
        path: The HTML file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render_rollforward(figures), encoding="utf-8")
