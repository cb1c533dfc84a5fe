"""The `creditbooks` command: where the commands of the three packages are mounted, nothing else.

A command's module is imported only when its verb is used, so `--help` and a mistyped verb answer at
once. `--book`, `--data`, `--db` and `--json` are accepted before or after the verb.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click

from rate_cards.problems import EnvironmentProblem, InputError, Problem
from rate_cards.settings import Settings

VERBS = {
    "demo": ("reports.commands", "The whole chain on the demo book, in one go."),
    "run": ("reports.commands", "Load, build and check a book."),
    "load": ("ingestion.commands", "Validate every feed and land it in the database."),
    "build": ("reports.commands", "Rate, draw down, schedule and post what is loaded."),
    "check": ("reports.commands", "Prove the books: every identity and every output schema."),
    "close": ("reports.close.commands", "Freeze a month of the books and register its close."),
    "reopen": ("reports.close.commands", "Open a closed month and every later one, and say why."),
    "verify": ("reports.close.commands", "Verify the frozen months from their files alone."),
    "reperform": (
        "reports.close.commands",
        "Perform closed months again from raw data and list every difference.",
    ),
    "trace": ("reports.commands", "Walk one figure back to its sources and on to its postings."),
    "sample": (
        "reports.sampling.commands",
        "Choose items of a month for an auditor, with one trace page each.",
    ),
    "report": (
        "reports.commands",
        "Write what finance is handed: a page, and the workbook of a month.",
    ),
    "export": (
        "reports.export.commands",
        "Write the books as files that other systems take.",
    ),
    "rates": ("rate_cards.commands", "Check, compare and publish rate cards."),
    "compare": ("reports.compare.commands", "Price the same usage under several rate cards."),
    "simulate": ("ingestion.simulate", "Write the files of a realistic company of any size."),
}
"""Verb -> (module that holds a command of that name, its first help line), in reading order."""


def _remember(context: click.Context, option: click.Parameter, value: Any) -> None:
    """Put a shared option into the settings, whether it stood before or after the verb."""
    if value is not None and option.name is not None:
        context.obj = replace(context.obj or Settings(), **{option.name: value})


def shared_options() -> list[click.Parameter]:
    """The options every verb accepts; new objects, since click ties a parameter to one command."""
    folder = click.Path(path_type=Path, file_okay=False)
    file = click.Path(path_type=Path, dir_okay=False)
    options: list[click.Parameter] = [
        click.Option(["--book"], type=folder, help="Book folder, or the name of a bundled book."),
        click.Option(["--data"], type=folder, help="Root the book's source paths are relative to."),
        click.Option(["--db"], type=file, help="Database file; <book>.duckdb in this folder."),
        click.Option(
            ["--json", "as_json"], is_flag=True, default=None, help="Print the result as JSON."
        ),
    ]
    for option in options:
        option.expose_value = False
        option.callback = _remember
    return options


def accept_shared_options(command: click.Command) -> click.Command:
    """Let a command, and the commands below it, take the shared options too."""
    if not any(option.callback is _remember for option in command.params):
        command.params.extend(shared_options())
    if isinstance(command, click.Group):
        for below in command.commands.values():
            accept_shared_options(below)
    return command


class Root(click.Group):
    """The verbs, each imported when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in reading order."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a verb."""
        if cmd_name not in VERBS:
            return None
        command = getattr(import_module(VERBS[cmd_name][0]), cmd_name)
        assert isinstance(command, click.Command)
        return accept_shared_options(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of verbs, without importing what they run."""
        with formatter.section("Commands"):
            formatter.write_dl([(verb, summary) for verb, (_, summary) in VERBS.items()])


@click.command(cls=Root, params=shared_options())
@click.version_option(package_name="creditbooks")
def root() -> None:
    """The open subledger for companies that sell credits.

    Usage and payments go in; versioned rate cards price them; a credit ledger, deferred revenue
    schedules and journals come out, and every figure walks back to a source row.

    \b
    Example:
      creditbooks demo
      creditbooks run --book my-book --db my-book.duckdb
      creditbooks trace pay_000123:1
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0 done, 1 data or configuration, 2 usage, 3 environment."""
    try:
        root.main(arguments, prog_name="creditbooks", obj=Settings())
    except InputError as error:
        click.echo(error.render(), err=True)
        sys.exit(error.exit_code)
    except EnvironmentProblem as error:
        click.echo(error.problem.render(), err=True)
        sys.exit(error.exit_code)
    except Exception as error:
        if (problem := engine_failure(error)) is None:
            raise
        click.echo(problem.render(), err=True)
        sys.exit(EnvironmentProblem.exit_code)
    sys.exit(0)


def engine_failure(error: Exception) -> Problem | None:
    """What to say when DuckDB gave up through no fault of the input: no memory, no disk, a defect.

    Told by name, so that a command line that never opens a database does not import one.

    Args:
        error: Anything that was raised.

    Returns:
        None for every other error, which is a defect here and shows its traceback.
    """
    failures = ("FatalException", "InternalException", "IOException", "OutOfMemoryException")
    kind = type(error)
    if kind.__module__ not in ("duckdb", "_duckdb") or kind.__name__ not in failures:
        return None
    return Problem(
        "DuckDB",
        "the database engine stopped: " + str(error).partition("\n")[0],
        "Nothing half-done is kept. Repeat the command; if it stops again, free memory and disk "
        "space, and then report it with this line.",
    )
