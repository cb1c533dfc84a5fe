"""Build the marts from what is loaded: the as-of date, the models, and a record of both."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rate_cards.problems import InputError, Problem
from reports.dbt_runner import PROJECT, Progress, Variables, failures_as_error, run_dbt

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PARAMETERS = "build_parameters"

TRANSFER_PASSES = 4
"""One more than the transfers that credits may make in a row inside a level of wallets."""


@dataclass(frozen=True)
class Parameters:
    """What a build depends on besides the loaded rows.

    Attributes:
        book: Name of the book.
        as_of: First instant the books do not know, UTC.
        time_zone: Zone whose calendar months are the periods.
        wallet_levels: Rounds of the drawdown, one more than the longest chain of wallets.
        transfer_passes: Passes over one level of wallets, one where the book has no transfers.
        models_sha256: Digest of every file of dbt_project: the logic the figures were made with.
        inputs_sha256: Digest of every file loaded, data and configuration: what they were made of.
    """

    book: str
    as_of: datetime
    time_zone: str
    wallet_levels: int
    transfer_passes: int
    models_sha256: str
    inputs_sha256: str

    @property
    def variables(self) -> Variables:
        """As dbt's `vars`."""
        return {
            "as_of": self.as_of.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
            "time_zone": self.time_zone,
            "wallet_levels": self.wallet_levels,
            "transfer_passes": self.transfer_passes,
        }


@dataclass(frozen=True)
class Build:
    """A finished build: what it depended on and how many models it made."""

    parameters: Parameters
    models: int


def build(db: Path, as_of: str | None, threads: int | None, progress: Progress) -> Build:
    """Run every model on one database and record what the build depended on.

    Args:
        db: Database file that `load` wrote.
        as_of: As typed, see `parse_as_of`; None takes `default_as_of`.
        threads: Models built at a time; None leaves it to the dbt profile.
        progress: Told when a model begins.

    Raises:
        InputError: The as-of date cannot be read, nothing is loaded, or a model failed.
        EnvironmentProblem: The database is missing or held, or dbt could not start.
    """
    from ingestion.warehouse import reading

    with reading(db) as connection:
        parameters = _parameters(connection, as_of)
    results = run_dbt("run", db, parameters.variables, threads, progress)
    if error := failures_as_error(results, db):
        raise error
    _record(db, parameters)
    return Build(parameters, sum(result.is_ok for result in results))


def parse_as_of(text: str, time_zone: str) -> datetime:
    """The first instant the books shall not know, from what a person typed.

    Args:
        text: A month `2026-01` or a day `2026-01-31`, both inclusive: the books know all of it. Or
            an instant with its zone, `2026-02-01T00:00:00Z`: the books know what came before it.
        time_zone: The book's zone, in which months and days begin.

    Raises:
        InputError: It is none of the three.
    """
    zone = ZoneInfo(time_zone)
    try:
        if len(text) == len("2026-01"):
            return _start_of_next_month(date.fromisoformat(f"{text}-01"), zone)
        if len(text) == len("2026-01-31"):
            return _midnight(date.fromisoformat(text) + timedelta(days=1), zone)
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise InputError(
            [
                Problem(
                    f"--as-of {text}",
                    "not a month, a day or an instant with its zone",
                    "Write 2026-01 (all of the month), 2026-01-31 (all of the day) "
                    "or 2026-02-01T00:00:00Z (all before it).",
                )
            ],
            "Nothing was built.",
        )
    return instant.astimezone(UTC)


def default_as_of(connection: DuckDBPyConnection, time_zone: str) -> datetime | None:
    """The end of the last month that holds usage, a payment or the start of a subscription.

    A pure function of what is loaded, so a build repeated next year gives the same books.

    Args:
        connection: Open on a loaded database.
        time_zone: The book's zone.

    Returns:
        The first instant after that month, UTC; None when nothing is loaded.
    """
    [(last,)] = connection.execute(
        """
        select max(occurred_at) from (
            select max(occurred_at) as occurred_at from raw.usage
            union all select max(occurred_at) from raw.payments
            union all select max(started_at) from raw.subscriptions
        ) as facts
        """
    ).fetchall()
    if last is None:
        return None
    zone = ZoneInfo(time_zone)
    return _start_of_next_month(last.replace(tzinfo=UTC).astimezone(zone).date(), zone)


def read_parameters(connection: DuckDBPyConnection) -> Parameters | None:
    """What the marts of this database were built with; None before the first build of this kind."""
    found = connection.execute(
        "select 1 from information_schema.columns where table_schema = 'marts' "
        "and table_name = ? and column_name = 'inputs_sha256'",
        [PARAMETERS],
    ).fetchall()
    if not found:
        return None
    [row] = connection.execute(
        "select book, as_of, time_zone, wallet_levels, transfer_passes, models_sha256, "
        "inputs_sha256 "
        f"from marts.{PARAMETERS}"
    ).fetchall()
    return Parameters(row[0], row[1].replace(tzinfo=UTC), *row[2:])


def built_parameters(connection: DuckDBPyConnection, db: Path) -> Parameters:
    """The parameters of the build, or the error that there is none.

    Raises:
        InputError: The database holds no build.
    """
    parameters = read_parameters(connection)
    if parameters is None:
        raise InputError(
            [Problem(db.name, "nothing is built in this database", "Run creditbooks build first.")]
        )
    return parameters


def has_table(connection: DuckDBPyConnection, schema: str, name: str) -> bool:
    """Whether the database holds a table or view."""
    found = connection.execute(
        "select 1 from information_schema.tables where table_schema = ? and table_name = ?",
        [schema, name],
    ).fetchall()
    return bool(found)


def models_digest(project: Path = PROJECT) -> str:
    """One sha256 over the names and contents of every file that defines the models."""
    folders = [project / name for name in ("models", "macros", "tests")]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    digest = hashlib.sha256()
    for path in sorted([project / "dbt_project.yml", *files]):
        digest.update(f"{path.relative_to(project).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def inputs_digest(connection: DuckDBPyConnection) -> str:
    """One sha256 over everything that is loaded: data files, how they were read, configuration."""
    rows = connection.execute(
        """
        select 'configuration', path, sha256, '', 0, 0 from raw.config_files
        union all
        select feed, path, sha256, mapping_sha256, loaded, rejected from raw.files
        order by all
        """
    ).fetchall()
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def _parameters(connection: DuckDBPyConnection, as_of: str | None) -> Parameters:
    """What this build depends on, from the loaded configuration.

    Raises:
        InputError: No book is loaded, or none of its facts is.
    """
    loaded = connection.execute(
        "select 1 from information_schema.tables where table_schema = 'raw' and table_name = 'book'"
    ).fetchall()
    if not loaded:
        raise _nothing_loaded("the database", "no book is loaded")
    [(book, time_zone, levels, has_transfers)] = connection.execute(
        """
        select
            book,
            time_zone,
            (select max(level) + 1 from raw.wallets),
            exists (select 1 from raw.lot_events where kind = 'transfer')
        from raw.book
        """
    ).fetchall()
    instant = parse_as_of(as_of, time_zone) if as_of else default_as_of(connection, time_zone)
    if instant is None:
        raise _nothing_loaded(f"book {book}", "no usage, payment or subscription is loaded")
    passes = TRANSFER_PASSES if has_transfers else 1
    digests = models_digest(), inputs_digest(connection)
    return Parameters(book, instant, time_zone, levels, passes, *digests)


def _nothing_loaded(place: str, message: str) -> InputError:
    """The error of a build that came before its load."""
    remedy = "Load the book's files first: creditbooks load."
    return InputError([Problem(place, message, remedy)], "Nothing was built.")


def _record(db: Path, parameters: Parameters) -> None:
    """Keep the parameters beside the marts they made, for the commands that read those."""
    import polars as pl

    from ingestion.warehouse import replace_table, writing

    frame = pl.DataFrame(
        {
            "book": [parameters.book],
            "as_of": [parameters.as_of.astimezone(UTC).replace(tzinfo=None)],
            "time_zone": [parameters.time_zone],
            "wallet_levels": [parameters.wallet_levels],
            "transfer_passes": [parameters.transfer_passes],
            "models_sha256": [parameters.models_sha256],
            "inputs_sha256": [parameters.inputs_sha256],
        }
    )
    with writing(db) as connection:
        replace_table(connection, "marts", PARAMETERS, frame)
        # What was proved of the marts before says nothing of these.
        connection.execute("drop table if exists marts.check_results")


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, UTC."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def _start_of_next_month(day: date, zone: ZoneInfo) -> datetime:
    """The first instant after the local month that a day lies in, UTC."""
    return _midnight((day.replace(day=1) + timedelta(days=32)).replace(day=1), zone)
