"""The database: the only code that opens it for writing."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl
from duckdb import DuckDBPyConnection

from ingestion.raw_tables import raw_tables
from rate_cards.problems import EnvironmentProblem, Problem, relative


@contextmanager
def writing(db: Path) -> Iterator[DuckDBPyConnection]:
    """Hold the database alone, for as long as the block runs.

    A database that this block creates is removed again if the block fails: a command that loaded
    nothing leaves nothing behind.

    Args:
        db: Database file; created if missing.

    Raises:
        EnvironmentProblem: Another process holds it, it is no database, or its folder is missing.
    """
    is_new = not db.exists()
    if is_new and not db.resolve().parent.is_dir():
        raise EnvironmentProblem(
            Problem(
                relative(db),
                f"the folder {relative(db.resolve().parent)} does not exist",
                "Make the folder, or name another database with --db.",
            )
        )
    connection = _open(db, read_only=False)
    try:
        yield connection
    except BaseException:
        connection.close()
        if is_new:
            _remove(db)
        raise
    connection.close()


@contextmanager
def reading(db: Path) -> Iterator[DuckDBPyConnection]:
    """Read a loaded database, beside other readers.

    Raises:
        EnvironmentProblem: It is missing, is no database, or a process is writing to it.
    """
    if not db.exists():
        raise EnvironmentProblem(
            Problem(
                relative(db),
                "there is no such database",
                "Load the book's files first: creditbooks load. "
                "If they are loaded elsewhere, name that database with --db.",
            )
        )
    connection = _open(db, read_only=True)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def reading_beside(db: Path) -> Iterator[DuckDBPyConnection]:
    """Read a database as `creditbooks_read`, from a connection whose own tables are in memory only.

    For what needs tables of its own: an empty database of the name that the models' queries use
    stands in the place of the one that is read, so that nothing can be written to it.

    Raises:
        EnvironmentProblem: As `reading`; or the file has a name that DuckDB keeps for itself.
    """
    if db.stem.lower() in ("creditbooks_read", "memory", "system", "temp"):
        raise EnvironmentProblem(
            Problem(
                relative(db),
                f"a database called {db.stem} cannot stand beside another one",
                "Give the file another name.",
            )
        )
    with reading(db):
        pass
    connection = duckdb.connect()
    try:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set memory_limit = '6GB'")
        # Below an estimated 64 rows DuckDB would join as-of by nested loop (profiles.yml).
        connection.execute("set asof_loop_join_threshold = 0")
        path = str(db).replace("'", "''")
        connection.execute(f"attach '{path}' as creditbooks_read (read_only)")
        connection.execute(f"""attach ':memory:' as "{db.stem.replace('"', '""')}" """)
        yield connection
    finally:
        connection.close()


@contextmanager
def transaction(connection: DuckDBPyConnection) -> Iterator[None]:
    """All of the block's changes, or none of them."""
    connection.execute("begin transaction")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def create_raw_tables(connection: DuckDBPyConnection) -> None:
    """Make the raw tables that are not there yet."""
    connection.execute("create schema if not exists raw")
    for name, columns in raw_tables().items():
        connection.execute(f"create table if not exists raw.{name} ({columns})")


def replace_table(
    connection: DuckDBPyConnection, schema: str, name: str, frame: pl.DataFrame
) -> None:
    """Store a frame as a table, in place of the one that may be there.

    Args:
        connection: Open for writing.
        schema: Schema of the table; made if missing.
        name: Name of the table.
        frame: Its dtypes become the column types, so an empty frame needs them too.
    """
    connection.execute(f'create schema if not exists "{schema}"')
    _with_parquet(connection, f'create or replace table "{schema}"."{name}" as', frame)


def store_frame(connection: DuckDBPyConnection, table: str, frame: pl.DataFrame) -> None:
    """Store a frame as a table of a given qualified name, in place of the one that may be there."""
    _with_parquet(connection, f"create or replace table {table} as", frame)


def append_rows(connection: DuckDBPyConnection, table: str, frame: pl.DataFrame) -> None:
    """Append a frame to a table, column by column name.

    Args:
        connection: Open for writing.
        table: Qualified name of an existing table that has all of the frame's columns.
        frame: Rows to add.
    """
    if frame.height:
        _with_parquet(connection, f"insert into {table} by name", frame)


def _with_parquet(connection: DuckDBPyConnection, statement: str, frame: pl.DataFrame) -> None:
    """Run `<statement> select * from <frame>`; Parquet is how the two engines exchange frames."""
    with tempfile.TemporaryDirectory(prefix="creditbooks-") as folder:
        path = Path(folder) / "frame.parquet"
        frame.write_parquet(path)
        connection.execute(f"{statement} select * from read_parquet(?)", [str(path)])


def _open(db: Path, read_only: bool) -> DuckDBPyConnection:
    """Connect, with every session setting that figures could depend on."""
    try:
        connection = duckdb.connect(str(db), read_only=read_only)
    except (
        duckdb.IOException,
        duckdb.InvalidInputException,
        duckdb.SerializationException,
    ) as error:
        raise EnvironmentProblem(_why_not_opened(db, str(error))) from error
    connection.execute("set TimeZone = 'UTC'")
    return connection


def _why_not_opened(db: Path, error: str) -> Problem:
    """What stopped DuckDB, in terms of what to do about it."""
    if "lock" in error:
        holder = re.search(r"held in (\S+) \(PID (\d+)\)", error)
        who = f" by {Path(holder[1]).name}, process {holder[2]}" if holder else ""
        return Problem(
            relative(db),
            f"the database is held{who}",
            "Wait for that command to end, or close the program that has the file open; "
            "then repeat the command. Nothing was changed.",
        )
    if "not a valid DuckDB" in error or "Serialization" in error or "orrupt" in error:
        return Problem(
            relative(db),
            "this is not a DuckDB database",
            "Name another file with --db, or remove this one: load makes a new database from "
            "the book's files.",
        )
    return Problem(
        relative(db),
        f"the database cannot be opened: {error.splitlines()[0]}",
        "Check that the file can be read and written, or name another one with --db.",
    )


def _remove(db: Path) -> None:
    """Delete a database file and its write-ahead log."""
    db.unlink(missing_ok=True)
    db.with_name(f"{db.name}.wal").unlink(missing_ok=True)
