"""`creditbooks compare`: the same usage under several rate cards."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from rate_cards.burn_orders import PRESETS
from rate_cards.settings import Settings
from reports.month_parameter import Period


@click.command()
@click.argument("scenarios", metavar="A B [C ...]", nargs=-1, required=True)
@click.option("--from", "first", type=Period(), help="First month of service; default: all.")
@click.option("--to", "last", type=Period(), help="Last month of service, all of it.")
@click.option(
    "--stay",
    "staying",
    multiple=True,
    metavar="WHO",
    help="Keeps the cards in force: a customer who pays, segment:NAME, or pinned. Repeatable.",
)
@click.option(
    "--rebuild",
    "rebuilds",
    is_flag=True,
    help="Burn wallets down anew, too: a build per scenario in a copy of the database.",
)
@click.option(
    "--burn-order",
    type=click.Choice(list(PRESETS)),
    help="With --rebuild: what the last scenario's revenue becomes if lots burn in this order.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the page and every table as CSV and Parquet; made if missing.",
)
@click.pass_obj
def compare(
    settings: Settings,
    scenarios: tuple[str, ...],
    first: date | None,
    last: date | None,
    staying: tuple[str, ...],
    rebuilds: bool,
    burn_order: str | None,
    out: Path | None,
) -> None:
    """Price the same usage under several rate cards.

    A, B, ... are versions of the book, card files that need not be published, or in-force: every
    event by the card that priced it. The first is what the others are compared with. Before that
    the cards in force must reproduce the ledger, else nothing is compared.

    \b
    Example:
      creditbooks compare in-force 2026-03-01 cards/draft.yml --from 2026-01 --out out/compare
    """
    if len(scenarios) < 2:
        raise click.UsageError("Name two scenarios or more, such as: in-force 2026-03-01.")
    if burn_order and not rebuilds:
        raise click.UsageError("--burn-order changes which lots pay, so it needs --rebuild.")
    if rebuilds and (first or last or staying):
        raise click.UsageError("--rebuild is of whole books: leave out --from, --to and --stay.")
    from ingestion.commands import progress_bar
    from reports.compare.compare import compare as run_compare
    from reports.compare.engine import Scope
    from reports.compare.files import write_files
    from reports.compare.text import comparison_text

    compared = run_compare(
        settings.database,
        settings.book_dir,
        scenarios,
        Scope(first, last),
        staying,
        rebuilds,
        burn_order,
        progress_bar,
    )
    written = write_files(compared, out) if out else []
    if settings.as_json:
        click.echo(json.dumps(asdict(compared), default=str, indent=2))
        return
    click.echo(comparison_text(compared))
    if out and written:
        click.echo(f"\nPage      {written[0]}\nTables    {out / 'tables'}")
