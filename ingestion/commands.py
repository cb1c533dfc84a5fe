"""`creditbooks load`: from files to the raw tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from decimal import Decimal

import click

from ingestion.file_records import FileReport
from ingestion.landing import LoadResult, Progress
from ingestion.landing import load as load_files
from rate_cards.settings import Settings


@click.command()
@click.option(
    "--quarantine",
    is_flag=True,
    help="Set bad rows aside in raw.rejected_rows, with the reasons, and load the others. Rows set "
    "aside earlier are tried again.",
)
@click.pass_obj
def load(settings: Settings, quarantine: bool) -> None:
    """Validate every feed and land it in the database.

    Every file is checked before anything is written; without --quarantine one bad row refuses the
    whole load. Files loaded before are known by their digest and are not read again.

    \b
    Example:
      creditbooks load --book my-book --data exports/2026-01
    """
    with progress_bar() as progress:
        result = load_files(settings, quarantine, progress)
    if settings.as_json:
        click.echo(json.dumps(asdict(result), default=_digits, indent=2))
        return
    for line in report_lines(result):
        click.echo(line)


def report_lines(result: LoadResult) -> list[str]:
    """One line per file, then a total."""
    width = max((len(file.path) for file in result.files), default=0)
    lines = [f"{file.path:<{width}}  {_outcome(file)}" for file in result.files]
    new = [file for file in result.files if file.is_new]
    known = len(result.files) - len(new)
    total = (
        f"{result.book}: {_count(len(new), 'file')} loaded, "
        f"{_count(sum(file.loaded for file in new), 'row')}"
    )
    return [*lines, total + (f"; {_count(known, 'file')} loaded before." if known else ".")]


def _outcome(file: FileReport) -> str:
    """What became of a file: rows, what was left out and why, control total, digest."""
    parts = [f"{_count(file.loaded, f'{file.feed} row')} loaded"]
    parts += [
        f"{count:,} {what}"
        for count, what in (
            (file.duplicates, "duplicate"),
            (file.rejected, "rejected"),
            (file.excluded, "excluded"),
        )
        if count
    ]
    if file.control_total is not None:
        parts.append(f"{file.control_total_name} {_plain(file.control_total)}")
    parts.append(f"sha256 {file.sha256[:12]}")
    if file.ignored_columns:
        parts.append(f"not read: {' '.join(file.ignored_columns)}")
    return ("" if file.is_new else "loaded before: ") + ", ".join(parts)


def _plain(number: Decimal) -> str:
    """A decimal with separators and at least two places, without idle zeros."""
    whole, _, places = f"{number:,f}".partition(".")
    return f"{whole}.{places.rstrip('0').ljust(2, '0')}"


def _digits(number: Decimal) -> str:
    """A decimal as JSON text with every digit: a JSON number would be read as a float."""
    return format(number, "f")


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar on stderr while files are read; nothing at all where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("starting", total=None)

        def show(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total or None)

        yield show
