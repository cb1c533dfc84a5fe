"""`creditbooks export`: the books as files that other systems take."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from pathlib import Path

import click

from rate_cards.problems import relative, unusable
from rate_cards.settings import Settings
from reports.export.focus import FORMATS, SERVICE_CATEGORIES
from reports.export.formats import FOLDER_WRITERS, WRITERS, text_of, texts_of
from reports.export.journal import Journals
from reports.month_parameter import Period


@click.group()
def export() -> None:
    """Write the books as files that other systems take."""


@export.command()
@click.option(
    "--format",
    "form",
    type=click.Choice([*WRITERS, *FOLDER_WRITERS]),
    required=True,
    help="The program the file is for.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="File to write, made with its folder; without it the journals go to stdout. Of ads, "
    "which is three files, a folder.",
)
@click.option("--period", type=Period(), help="Only this month, such as 2025-07.")
@click.option("--from", "first", type=Period(), help="From this month on.")
@click.option("--to", "last", type=Period(), help="Up to this month, included.")
@click.pass_obj
def journals(
    settings: Settings,
    form: str,
    out: Path | None,
    period: date | None,
    first: date | None,
    last: date | None,
) -> None:
    """Write the journals, and the balances they lead to, for another program to check.

    One entry per journal, with the role, number and name of each line's account; each account's
    balance is asserted at the end of every month. From a later month on, the file begins with what
    accounts held before it. The same database gives the same bytes. Exits 1 when a check of the
    books does not hold.

    \b
    Example:
      creditbooks export journals --format hledger --out books.journal
    """
    if period is not None:
        if first is not None or last is not None:
            raise click.UsageError("--period is a month by itself: leave out --from and --to.")
        first = last = period
    if first is not None and last is not None and last < first:
        raise click.UsageError("--to is before --from.")
    if settings.as_json and out is None:
        raise click.UsageError("--json describes a file: name it with --out.")
    if form in FOLDER_WRITERS and out is None:
        raise click.UsageError(f"{form} is several files: name a folder with --out.")
    if form not in FOLDER_WRITERS and out is not None and out.is_dir():
        raise click.UsageError(f"--out {out} is a directory: name the file to write in it.")
    found, failed = _read(settings, first, last)
    if out is None:
        click.echo(text_of(found, form), nl=False)
    elif form in FOLDER_WRITERS:
        texts = {out / name: text for name, text in texts_of(found, form).items()}
        for file, text in texts.items():
            _write(file, text)
        _describe_files(settings, texts)
    else:
        text = text_of(found, form)
        _write(out, text)
        _describe(settings, out, text, found)
    if failed:
        click.echo(
            f"{failed} of the books' checks FAILED; do not rely on these journals.", err=True
        )
        sys.exit(1)


def _read(settings: Settings, first: date | None, last: date | None) -> tuple[Journals, int]:
    """The journals, and how many checks of the books fail."""
    from ingestion.warehouse import reading
    from reports.build import built_parameters
    from reports.export.journal import read_journals
    from reports.reading import read_checks

    with reading(settings.database) as connection:
        parameters = built_parameters(connection, settings.database)
        failed = sum(not result.is_ok for result in read_checks(connection))
        return read_journals(connection, parameters, first, last), failed


def _write(out: Path, text: str) -> None:
    """Write a file with its folder.

    Raises:
        EnvironmentProblem: The machine does not let us.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise unusable(out, error, "Name another file with --out.") from error


def _describe_files(settings: Settings, texts: Mapping[Path, str]) -> None:
    """Files of one format, a line each: how many rows below the header, and the digest."""
    from reports.numbers import count, short_digest

    described = [
        (file, text.count("\n") - 1, sha256(text.encode()).hexdigest())
        for file, text in texts.items()
    ]
    if settings.as_json:
        files = [
            {"path": str(file), "rows": rows, "sha256": digest} for file, rows, digest in described
        ]
        click.echo(json.dumps(files))
        return
    for file, rows, digest in described:
        click.echo(f"{relative(file)}: {count(rows, 'row')}, sha256 {short_digest(digest)}")


def _describe(settings: Settings, out: Path, text: str, found: Journals) -> None:
    """The file in one line: what it holds, and its digest."""
    from reports.numbers import count, money, month, short_digest

    digest = sha256(text.encode()).hexdigest()
    if settings.as_json:
        click.echo(
            json.dumps(
                {
                    "path": str(out),
                    "from": month(found.first),
                    "to": month(found.last),
                    "journals": len(found.journals),
                    "lines": found.lines,
                    "debits": {currency: str(amount) for currency, amount in found.debits.items()},
                    "sha256": digest,
                }
            )
        )
        return
    debits = "".join(f", {money(amount)} {currency}" for currency, amount in found.debits.items())
    click.echo(
        f"{relative(out)}: {count(len(found.journals), 'journal')}, "
        f"{count(found.lines, 'line')}{debits}, sha256 {short_digest(digest)}"
    )


@export.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="csv",
    show_default=True,
    help="How the rows are written; decimals are exact in both.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="File to write, made with its folder.",
)
@click.option(
    "--service-category",
    type=click.Choice(SERVICE_CATEGORIES),
    default="Other",
    show_default=True,
    help="What FOCUS calls the kind of service that is sold.",
)
@click.pass_obj
def focus(settings: Settings, form: str, out: Path, service_category: str) -> None:
    """Write what customers bought and used as FOCUS 1.2 cost and usage.

    Purchases have a billed cost and no effective one; usage has an effective cost, priced in the
    credits of its wallet. Billed less effective cost is what is owed in credits. The same database
    gives the same bytes. Exits 1 when a check of the books does not hold.

    \b
    Example:
      creditbooks export focus --format parquet --out focus.parquet
    """
    from ingestion.warehouse import reading
    from reports.build import built_parameters
    from reports.export.focus import write_focus
    from reports.numbers import count, money, short_digest
    from reports.reading import read_checks

    with reading(settings.database) as connection:
        built_parameters(connection, settings.database)
        failed = sum(not result.is_ok for result in read_checks(connection))
        totals = write_focus(connection, out, form, service_category)
    digest = sha256(out.read_bytes()).hexdigest()
    if settings.as_json:
        described = {
            "path": str(out),
            "rows": totals.rows,
            "billed": {currency: str(amount) for currency, amount in totals.billed.items()},
            "effective": {currency: str(amount) for currency, amount in totals.effective.items()},
            "sha256": digest,
        }
        click.echo(json.dumps(described))
    else:
        sums = "".join(
            f", billed {money(billed)} and effective {money(totals.effective[currency])} {currency}"
            for currency, billed in totals.billed.items()
        )
        click.echo(
            f"{relative(out)}: {count(totals.rows, 'row')}{sums}, sha256 {short_digest(digest)}"
        )
    if failed:
        click.echo(f"{failed} of the books' checks FAILED; do not rely on these charges.", err=True)
        sys.exit(1)
