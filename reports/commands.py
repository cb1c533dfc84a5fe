"""The commands of this package: each parses, calls one function, prints and exits."""

from __future__ import annotations

import json
import sys
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rate_cards.problems import relative
from rate_cards.settings import Settings
from reports.month_parameter import Period

if TYPE_CHECKING:
    from reports.check_result import CheckResult
    from reports.figures import Figures

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
    from ingestion.commands import progress_bar
    from reports.build import build as run_build
    from reports.numbers import count, instant

    with progress_bar() as progress:
        built = run_build(settings.database, as_of, threads, progress)
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
    from ingestion.commands import progress_bar
    from reports.check import check as run_checks

    with progress_bar() as progress:
        results = run_checks(settings.database, threads, progress)
    _print_checks(results, settings.as_json)
    if not all(result.is_ok for result in results):
        sys.exit(1)


@click.command()
@click.argument("wanted", metavar="ID")
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it as a page that opens offline and prints, made with its folder.",
)
@click.pass_obj
def trace(settings: Settings, wanted: str, page: Path | None) -> None:
    """Walk one figure back to its sources and on to its postings.

    ID is a lot, event, payment, subscription, journal or customer as the files name it; a ledger
    entry (event/lot), a journal line (journal/2) or a balance (customer/wallet). Ends with the
    totals that must tie, and exits 1 when one does not.

    \b
    Example:
      creditbooks trace pay_000123:1
    """
    from ingestion.warehouse import reading
    from reports.build import built_parameters
    from reports.trace import trace as walk
    from reports.trace.page import write_trace
    from reports.trace.tree import all_hold, as_json, as_text

    with reading(settings.database) as connection:
        parameters = built_parameters(connection, settings.database)
        found = walk(connection, wanted)
    if page is not None:
        write_trace(found, parameters, page)
        click.echo(f"{relative(page)}, sha256 {sha256(page.read_bytes()).hexdigest()[:12]}")
    else:
        click.echo(json.dumps(as_json(found), indent=2) if settings.as_json else as_text(found))
    if not all_hold(found):
        sys.exit(1)


@click.command()
@AS_OF
@click.option("--quarantine", is_flag=True, help="Set bad rows aside and load the others.")
@click.pass_obj
def run(settings: Settings, as_of: str | None, quarantine: bool) -> None:
    """Load, build and check a book.

    Ends with the roll-forward of deferred revenue and whether the checks hold; exits 1 when one
    does not.

    \b
    Example:
      creditbooks run --book my-book --data exports --as-of 2026-01
    """
    from ingestion.commands import progress_bar
    from reports.chain import run_chain

    figures = run_chain(settings, as_of, quarantine, _tell, progress_bar)
    _print_summary(settings, figures, {"Books": settings.database})


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("out"),
    show_default=True,
    help="Folder for the files; made if missing.",
)
@click.option("--period", type=Period(), help="Month of the workbook; default: the last one.")
@click.pass_obj
def report(settings: Settings, out: Path, period: date | None) -> None:
    """Write what finance is handed: a page, and the workbook of a month.

    The page holds the roll-forward of all months; it opens offline and prints. The workbook,
    <book>-<month>.xlsx, has a sheet for each thing a close is asked for. Beside each file is its
    manifest: digests of logic, queries and inputs, rows, control totals. The same database gives
    the same bytes.

    \b
    Example:
      creditbooks report --period 2026-01 --out reports/2026-01
    """
    from reports.hand_over import hand_over
    from reports.numbers import short_digest

    written = hand_over(settings.database, out, period)
    files = (written.page, written.workbook)
    if settings.as_json:
        listed = [
            {"path": str(each.path), "sha256": each.sha256, "manifest": str(each.manifest)}
            for each in files
        ]
        click.echo(json.dumps(listed, indent=2))
        return
    for each in files:
        click.echo(f"{relative(each.path)}, sha256 {short_digest(each.sha256)}")


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("out/demo"),
    show_default=True,
    help="Folder for the demo's data, database, page and workbook.",
)
@click.pass_obj
def demo(settings: Settings, out: Path) -> None:
    """The whole chain on the demo book, in one go.

    Simulates a company, loads its files, builds and checks its books, writes the page and the
    workbook, and says what it found. Repeating it gives the same figures.

    \b
    Example:
      creditbooks demo
    """
    from ingestion.commands import progress_bar
    from reports.chain import run_demo

    written, database = run_demo(settings, out, _tell, progress_bar)
    files = {"Page": written.page.path, "Workbook": written.workbook.path, "Books": database}
    _print_summary(settings, written.figures, files)


def _tell(line: str) -> None:
    """Progress, on stderr."""
    click.echo(line, err=True)


def _print_summary(settings: Settings, figures: Figures, files: dict[str, Path]) -> None:
    """The one screen, and exit 1 when a check does not hold."""
    from dataclasses import asdict

    from reports.summary import summary_text

    if settings.as_json:
        click.echo(json.dumps(asdict(figures), default=str, indent=2))
    else:
        click.echo(summary_text(figures, files))
    if figures.failed:
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
