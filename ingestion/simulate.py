"""`creditbooks simulate`: the data files of a realistic company, of any size, from a seed."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from ingestion.simulation.files import MAX_SUBSCRIPTIONS, write_company
from rate_cards.problems import relative
from rate_cards.settings import Settings


@click.command()
@click.option(
    "--customers",
    type=click.IntRange(1, 10_000_000),
    default=200,
    show_default=True,
    help="Customers that join within the months.",
)
@click.option(
    "--events",
    type=click.IntRange(1, 2_000_000_000),
    default=60_000,
    show_default=True,
    help="Distinct usage events.",
)
@click.option(
    "--months",
    type=click.IntRange(1, 120),
    default=6,
    show_default=True,
    help="Calendar months; all but the last are closed.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31),
    default=7,
    show_default=True,
    help="Picks one company out of all of this size.",
)
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m"]),
    help="First month; default: the book's first period.",
)
@click.option(
    "--lots-per-customer",
    type=click.IntRange(0, 1_000_000),
    help="Purchases of a customer of average size, in all; default: one in two months.",
)
@click.option(
    "--subscriptions",
    type=click.IntRange(min=0),
    help=f"At most so many; default: a fifth of the customers, at most {MAX_SUBSCRIPTIONS}.",
)
@click.option("--whale", is_flag=True, help="One customer holds everything; for measuring.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("simulated"),
    show_default=True,
    help="Folder to write to: new, or of an earlier simulation.",
)
@click.pass_obj
def simulate(
    settings: Settings,
    customers: int,
    events: int,
    months: int,
    seed: int,
    start: datetime | None,
    lots_per_customer: int | None,
    subscriptions: int | None,
    whale: bool,
    out: Path,
) -> None:
    """Write the files of a realistic company of any size.

    The same options give the same rows, everywhere. The book's cards say what is used and sold; the
    files lie as the sources of the northwind book name them.

    \b
    Example:
      creditbooks simulate --customers 2000 --events 1000000 --out simulated
      creditbooks run --data simulated
    """
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("Months of usage", total=months)
        made = write_company(
            out,
            book=settings.book_dir,
            customers=1 if whale else customers,
            events=events,
            months=months,
            seed=seed,
            start=start.replace(tzinfo=UTC) if start else None,
            lots_per_customer=lots_per_customer,
            subscriptions=subscriptions,
            on_month=lambda: progress.advance(task),
        )
    if settings.as_json:
        click.echo(json.dumps({"out": str(made.out), "bytes": made.bytes, "rows": made.rows}))
        return
    for name, count in made.rows.items():
        click.echo(f"{name:<32} {count:>13,} rows")
    click.echo(f"{len(made.rows)} files, {made.bytes:,} bytes in {relative(out)}")
