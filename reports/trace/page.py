"""A trace as one HTML page that opens offline and prints."""

from __future__ import annotations

from pathlib import Path

from rate_cards.problems import unusable
from reports.build import Parameters
from reports.numbers import count, instant, short_digest
from reports.page import page_environment
from reports.trace.tree import SHOWN, Step, Tie, all_hold


def render_trace(step: Step, parameters: Parameters) -> str:
    """The page as text: equal books and ids give equal bytes.

    Args:
        step: The whole trace.
        parameters: Of the build it was read from.
    """
    environment = page_environment()
    environment.filters.update(instant=instant, short_digest=short_digest)
    environment.globals.update(count=count)
    environment.tests["tie"] = lambda found: isinstance(found, Tie)
    return environment.get_template("trace.html").render(
        step=step, parameters=parameters, all_hold=all_hold(step), most=SHOWN
    )


def write_trace(step: Step, parameters: Parameters, path: Path) -> None:
    """Write the page, making its folder.

    Raises:
        EnvironmentProblem: The machine does not let us.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render_trace(step, parameters), encoding="utf-8", newline="\n")
    except OSError as error:
        raise unusable(path, error, "Name another file with --html.") from error
