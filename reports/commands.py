"""The commands of this package: each parses, calls one function, prints and exits."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from rate_cards.settings import Settings

if TYPE_CHECKING:
    from reports.check_result import CheckResult

AS_OF = click.option(
    "--as-of",
    metavar="T",
    help="What the books know: 2026-01 (all of it), 2026-01-31 (all of it) or an instant with "
    "its zone. Default: all of the last month that holds a fact.",
)
THREADS = click.option(
    "--threads", type=click.IntRange(min=1), help="Models built at a time; default: 1."
)


@click.command()
@AS_OF
@THREADS
@click.pass_obj
def build(settings: Settings, as_of: str | None, threads: int | None) -> None:
    """Rate, draw down, schedule and post what is loaded.

    Repeating it gives the same books. dbt's log is kept in <db>.dbt/logs.

    \b
    Example:
      creditbooks build --as-of 2026-01
    """
    from reports.build import build as run_build
    from reports.numbers import count, instant

    built = run_build(settings.database, as_of, threads)
    known = built.parameters
    if settings.as_json:
        click.echo(
            json.dumps(
                {
                    "book": known.book,
                    "as_of": known.as_of.isoformat(),
                    "models": built.models,
                    "models_sha256": known.models_sha256,
                }
            )
        )
        return
    click.echo(
        f"Built {known.book} as of {instant(known.as_of)}: {count(built.models, 'model')}, "
        f"logic sha256 {known.models_sha256[:12]}."
    )


@click.command()
@THREADS
@click.pass_obj
def check(settings: Settings, threads: int | None) -> None:
    """Prove the books: every identity and every output schema.

    Prints one line per check and exits 1 when one fails. The results stay in marts.check_results,
    failing rows in the tables named beside the check.

    \b
    Example:
      creditbooks check
    """
    from reports.check import check as run_checks

    results = run_checks(settings.database, threads)
    _print_checks(results, settings.as_json)
    if not all(result.is_ok for result in results):
        sys.exit(1)


@click.command()
@click.argument("wanted", metavar="ID")
@click.pass_obj
def trace(settings: Settings, wanted: str) -> None:
    """Walk one figure back to its sources and on to its postings.

    ID is a lot, event, payment, subscription, journal or customer as the files name it; a ledger
    entry (event/lot), a journal line (journal/2) or a balance (customer/wallet). Ends with the
    totals that must tie, and exits 1 when one does not.

    \b
    Example:
      creditbooks trace pay_000123:1
    """
    from ingestion.warehouse import reading
    from reports.check import built_parameters
    from reports.trace import trace as walk
    from reports.trace.tree import all_hold, as_json, as_text

    with reading(settings.database) as connection:
        built_parameters(connection, settings.database)
        found = walk(connection, wanted)
    click.echo(json.dumps(as_json(found), indent=2) if settings.as_json else as_text(found))
    if not all_hold(found):
        sys.exit(1)


def _print_checks(results: list[CheckResult], as_json: bool) -> None:
    """Every check, then how many hold."""
    from dataclasses import asdict

    from reports.check import report_lines
    from reports.numbers import count

    if as_json:
        click.echo(json.dumps([asdict(result) for result in results], default=str, indent=2))
        return
    for line in report_lines(results):
        click.echo(line)
    failed = sum(not result.is_ok for result in results)
    click.echo(
        f"{count(failed, 'check')} of {len(results):,} FAILED."
        if failed
        else f"All {count(len(results), 'check')} hold."
    )
