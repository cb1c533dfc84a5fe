"""The commands of the close: close, reopen, verify, reperform."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import date

import click

from rate_cards.settings import Settings
from reports.month_parameter import Period
from reports.numbers import month

BY = click.option("--by", required=True, help="Who answers for it.")


@click.command()
@click.argument("period", type=Period())
@BY
@click.option("--comment", default="", help="What a later reader should know.")
@click.option("--explain", default="", help="Why the period is complete without rejected rows.")
@click.option(
    "--task",
    "tasks",
    multiple=True,
    metavar="TASK=RESULT",
    help="What was looked at before closing, and what was found; may be repeated.",
)
@click.pass_obj
def close(
    settings: Settings, period: date, by: str, comment: str, explain: str, tasks: tuple[str, ...]
) -> None:
    """Freeze a month of the books and register its close.

    Every check must hold, nothing rejected may be unexplained, earlier periods must be closed, and
    the books must be those of what is loaded. The evidence is kept in <db>.closed.

    \b
    Example:
      creditbooks close 2025-07 --by controller
    """
    from reports.close.close import Signed
    from reports.close.close import close as run_close

    told = dict(_task(each) for each in tasks)
    entry = run_close(settings.database, period, Signed(by, comment, explain, told))
    _tell(settings, f"Closed {month(period)}", entry.folder.name)


@click.command()
@click.argument("period", type=Period())
@BY
@click.option("--reason", required=True, help="Why closed books have to be opened.")
@click.pass_obj
def reopen(settings: Settings, period: date, by: str, reason: str) -> None:
    """Open a closed month and every later one, and say why.

    What was frozen is kept as evidence.

    \b
    Example:
      creditbooks reopen 2025-07 --by controller --reason "contract of acme was keyed twice"
    """
    from reports.close.close import Signed
    from reports.close.close import reopen as run_reopen

    entry = run_reopen(settings.database, period, Signed(by, reason))
    _tell(settings, f"Reopened {month(period)}", entry.folder.name)


@click.command()
@click.argument("period", type=Period(), required=False)
@click.pass_obj
def verify(settings: Settings, period: date | None) -> None:
    """Verify the frozen months from their files alone.

    The same program lies beside the evidence: python <db>.closed/verify.py

    \b
    Example:
      creditbooks verify
    """
    from reports.close.close import evidence_folder
    from reports.close.verify import HEAD, entries, in_force
    from reports.close.verify import verify as run_verify

    root = evidence_folder(settings.database)
    problems = run_verify(root, month(period) if period else None)
    if settings.as_json:
        click.echo(json.dumps({"problems": problems}))
    elif not problems:
        chain = entries(root)
        closed = ", ".join(sorted(in_force(chain))) or "none"
        click.echo(f"Verified; entries: {len(chain)}, closed: {closed}.")
        click.echo(f"Head: {(root / HEAD).read_text('ascii').strip()}")
    else:
        click.echo("\n".join(problems))
    sys.exit(1 if problems else 0)


@click.command()
@click.argument("period", type=Period(), required=False)
@click.pass_obj
def reperform(settings: Settings, period: date | None) -> None:
    """Perform closed months again from raw data and list every difference.

    Each with its cause: files, configuration or models that were changed since.

    \b
    Example:
      creditbooks reperform 2025-07
    """
    from reports.close.reperform import reperform as run_reperform
    from reports.close.reperform import report_lines

    results = run_reperform(settings.database, month(period) if period else None)
    if settings.as_json:
        click.echo(json.dumps([asdict(result) for result in results], default=str))
    else:
        click.echo("\n".join(report_lines(results)))
    sys.exit(1 if any(result.differences for result in results) else 0)


def _task(text: str) -> tuple[str, str]:
    """TASK=RESULT as its two parts."""
    task, sign, result = text.partition("=")
    if not sign or not task.strip():
        raise click.BadParameter(f"{text} is not TASK=RESULT", param_hint="--task")
    return task.strip(), result.strip()


def _tell(settings: Settings, what: str, entry: str) -> None:
    """Say what was done and where its evidence is."""
    from rate_cards.problems import relative
    from reports.close.close import evidence_folder

    root = evidence_folder(settings.database)
    if settings.as_json:
        head = (root / "HEAD").read_text("ascii").split()
        click.echo(json.dumps({"entry": entry, "head": head[1], "folder": relative(root)}))
        return
    click.echo(f"{what}: {relative(root)}/{entry}")
    click.echo(f"Head: {(root / 'HEAD').read_text('ascii').strip()}")
