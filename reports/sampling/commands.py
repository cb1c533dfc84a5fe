"""`creditbooks sample`: items for an auditor to test, each with its trace on a page."""

from __future__ import annotations

import csv
import io
import json
import sys
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rate_cards.problems import relative, unusable
from rate_cards.settings import Settings
from reports.month_parameter import Period
from reports.sampling.population import POPULATIONS
from reports.sampling.selection import METHODS, Sample

if TYPE_CHECKING:
    from reports.build import Parameters

ITEMS, STATEMENT = "sample.csv", "sample.json"
COLUMNS = ("sample_no", "id", "customer_id", "happened_at", "booked_period", "amount", "why")


@click.command()
@click.argument("period", type=Period())
@click.option(
    "--of",
    "population",
    type=click.Choice(list(POPULATIONS)),
    default="lots",
    show_default=True,
    help="What is sampled.",
)
@click.option(
    "--method",
    type=click.Choice(list(METHODS)),
    default="random",
    show_default=True,
    help="How items are chosen.",
)
@click.option("--size", type=click.IntRange(min=1), default=25, show_default=True, help="Items.")
@click.option("--seed", default="1", show_default=True, help="Any text; it decides the choice.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder for the list, how it was chosen, and a page per item; made if missing.",
)
@click.pass_obj
def sample(
    settings: Settings,
    period: date,
    population: str,
    method: str,
    size: int,
    seed: str,
    out: Path,
) -> None:
    """Choose items of a month for an auditor, with one trace page each.

    The same books, seed and size give the same items; sample.json says how to choose them again
    without this program. Exits 1 when a total on one of the pages does not tie.

    \b
    Example:
      creditbooks sample 2026-01 --of lots --method monetary_unit --size 25 --out sample
    """
    from ingestion.warehouse import reading
    from reports.build import built_parameters
    from reports.numbers import count
    from reports.sampling.selection import draw
    from reports.trace import trace
    from reports.trace.page import render_trace
    from reports.trace.tree import all_hold

    chosen = POPULATIONS[population]
    if method == "monetary_unit" and not chosen.has_amounts:
        raise click.UsageError(f"{population} have no amounts of their own: sample lots instead.")
    if method == "cut_off" and not chosen.has_cut_off:
        raise click.UsageError(f"{population} have no cut-off: sample payments or events.")
    with reading(settings.database) as connection:
        parameters = built_parameters(connection, settings.database)
        found = draw(connection, chosen, method, period, size, seed)
        traces = {item.sample_no: trace(connection, item.id) for item in found.items}
    pages = {
        f"{sample_no:03}.html": render_trace(step, parameters) for sample_no, step in traces.items()
    }
    listed = _listed(found)
    statement = _statement(found, period, size, parameters, listed)
    _write(out, {**pages, ITEMS: listed, STATEMENT: statement})
    untied = [sample_no for sample_no, step in traces.items() if not all_hold(step)]
    if settings.as_json:
        click.echo(statement, nl=False)
    else:
        click.echo(
            f"{relative(out)}: {count(len(found.items), 'item')} of {found.rows:,}, "
            f"{count(len(found.items) - len(untied), 'page')} on which every total ties"
        )
    if untied:
        numbers = ", ".join(f"{sample_no:03}" for sample_no in untied)
        click.echo(f"Totals do not tie on {numbers}.", err=True)
        sys.exit(1)


def _listed(found: Sample) -> str:
    """The items as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, "page"])
    for item in found.items:
        writer.writerow(
            [
                item.sample_no,
                item.id,
                item.customer_id,
                f"{item.happened_at.isoformat()}Z",
                f"{item.booked_period:%Y-%m}",
                "" if item.amount is None else f"{item.amount:f}",
                item.why,
                f"{item.sample_no:03}.html",
            ]
        )
    return text.getvalue()


def _statement(found: Sample, period: date, size: int, parameters: Parameters, listed: str) -> str:
    """What was sampled, how, and from which books: what makes the sample evidence."""
    said = {
        "book": parameters.book,
        "period": f"{period:%Y-%m}",
        "as_of": parameters.as_of.isoformat(),
        "population": {
            "name": found.population.name,
            "is": found.population.title,
            "rows": found.rows,
            "total": None if found.total is None else f"{found.total:f}",
            "left_out_below_zero": found.left_out,
        },
        "method": found.method,
        "chooses": METHODS[found.method],
        "seed": found.seed,
        "size": size,
        "interval": found.interval,
        "items": len(found.items),
        "items_sha256": sha256(listed.encode()).hexdigest(),
        "models_sha256": parameters.models_sha256,
        "inputs_sha256": parameters.inputs_sha256,
    }
    return json.dumps(said, indent=2) + "\n"


def _write(out: Path, files: dict[str, str]) -> None:
    """Write files into a folder.

    Raises:
        EnvironmentProblem: The machine does not let us.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (out / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise unusable(out, error, "Name another folder with --out.") from error
