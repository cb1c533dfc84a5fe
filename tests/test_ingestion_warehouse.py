"""The database: held by one writer, never half written, and never mistaken for something else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from ingestion.raw_tables import raw_tables
from ingestion.warehouse import (
    append_rows,
    create_raw_tables,
    reading,
    replace_table,
    transaction,
    writing,
)
from rate_cards.problems import EnvironmentProblem

HOLD = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("create table if not exists held (n integer)")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def held(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A database that another process has open for writing, and that process."""
    db = tmp_path / "held.duckdb"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(db)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdin
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        yield db, holder.pid
        holder.stdin.close()


def test_a_held_database_names_the_process_that_holds_it(held: tuple[Path, int]) -> None:
    db, pid = held
    for opening in (writing, reading):
        with pytest.raises(EnvironmentProblem) as refused, opening(db):
            pass
        problem = refused.value.problem
        assert problem.place.endswith("held.duckdb")
        assert problem.message.startswith("the database is held by python")
        assert problem.message.endswith(f"process {pid}")
        assert "Wait for that command to end" in problem.remedy


def test_reading_a_database_that_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="creditbooks load"), reading(tmp_path / "no.db"):
        pass


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    db = tmp_path / "no-such-folder/x.duckdb"
    with pytest.raises(EnvironmentProblem, match="does not exist"), writing(db):
        pass
    assert not db.parent.exists()


@pytest.mark.parametrize("content", [b"hello " * 1000, b"x", b"\0" * 20000])
def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path, content: bytes) -> None:
    db = tmp_path / "notes.txt"
    db.write_bytes(content)
    for opening in (writing, reading):
        with pytest.raises(EnvironmentProblem, match="not a DuckDB database"), opening(db):
            pass
    assert db.read_bytes() == content


def test_a_cut_off_database_is_refused(tmp_path: Path) -> None:
    db = tmp_path / "cut.duckdb"
    with writing(db) as connection:
        connection.execute("create table t as select range as n from range(100000)")
    db.write_bytes(db.read_bytes()[:3000])
    with pytest.raises(EnvironmentProblem), reading(db):
        pass


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    db = tmp_path / "x.duckdb"
    with writing(db) as connection:
        create_raw_tables(connection)
    with reading(db) as connection, pytest.raises(Exception, match="read-only"):
        connection.execute("delete from raw.files")


def test_a_new_database_of_a_failed_block_is_removed_and_an_old_one_kept(tmp_path: Path) -> None:
    db = tmp_path / "x.duckdb"

    def make_and_fail() -> None:
        with writing(db) as connection:
            connection.execute("create table if not exists t (n integer)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        make_and_fail()
    assert list(tmp_path.iterdir()) == []
    with writing(db) as connection:
        connection.execute("create table t (n integer)")
    with pytest.raises(ZeroDivisionError):
        make_and_fail()
    with reading(db) as connection:
        assert connection.execute("from t").fetchall() == []


def test_a_transaction_that_fails_takes_back_tables_and_rows(tmp_path: Path) -> None:
    with writing(tmp_path / "x.duckdb") as connection:
        connection.execute("create table t (n integer)")

        def write_and_fail() -> None:
            with transaction(connection):
                connection.execute("insert into t values (1)")
                connection.execute("create table u (n integer)")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            write_and_fail()
        assert connection.execute("from t").fetchall() == []
        names = connection.execute("select table_name from information_schema.tables").fetchall()
        assert names == [("t",)]


def test_a_session_thinks_in_utc(tmp_path: Path) -> None:
    with writing(tmp_path / "x.duckdb") as connection:
        instant = "cast(timestamptz '2026-02-01 00:30:00+01:00' as timestamp)"
        [(value,)] = connection.execute(f"select cast({instant} as varchar)").fetchall()
    assert value == "2026-01-31 23:30:00"


def test_a_frame_becomes_a_table_of_its_own_types(tmp_path: Path) -> None:
    instant = datetime(2026, 1, 31, tzinfo=UTC).replace(tzinfo=None)
    frame = pl.DataFrame(
        {
            "name": ["a", None],
            "amount": [Decimal("1.5"), None],
            "day": [date(2026, 1, 31), None],
            "at": [instant, None],
            "is_ok": [True, None],
            "n": [1, None],
        },
        schema={
            "name": pl.String,
            "amount": pl.Decimal(28, 9),
            "day": pl.Date,
            "at": pl.Datetime("us"),
            "is_ok": pl.Boolean,
            "n": pl.Int32,
        },
    )
    with writing(tmp_path / "x.duckdb") as connection:
        replace_table(connection, "marts", "check_results", frame.clear())
        replace_table(connection, "marts", "check_results", frame)
        rows = connection.execute("from marts.check_results").fetchall()
        described = connection.execute("describe marts.check_results").fetchall()
    assert rows == [("a", Decimal("1.5"), date(2026, 1, 31), instant, True, 1), (None,) * 6]
    assert [row[1] for row in described] == [
        "VARCHAR",
        "DECIMAL(28,9)",
        "DATE",
        "TIMESTAMP",
        "BOOLEAN",
        "INTEGER",
    ]


def test_rows_are_appended_by_column_name(tmp_path: Path) -> None:
    with writing(tmp_path / "x.duckdb") as connection:
        connection.execute("create table t (a integer, b varchar)")
        append_rows(connection, "t", pl.DataFrame({"b": ["x"], "a": [1]}))
        append_rows(connection, "t", pl.DataFrame({"b": [], "a": []}))
        assert connection.execute("from t").fetchall() == [(1, "x")]


def test_raw_tables_are_made_once_and_keep_their_rows(tmp_path: Path) -> None:
    with writing(tmp_path / "x.duckdb") as connection:
        create_raw_tables(connection)
        connection.execute("insert into raw.usage_customers values (1, 'acme')")
        create_raw_tables(connection)
        assert connection.execute("from raw.usage_customers").fetchall() == [(1, "acme")]
        made = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'raw'"
        ).fetchall()
    assert {name for (name,) in made} == set(raw_tables())
