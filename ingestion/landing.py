"""Loading a book: every file is validated first, then everything is written in one transaction."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from ingestion.discovery import find_files, identify
from ingestion.faults import create_faults_table, keep_rejected_rows, problems_of
from ingestion.properties import stage_property_sets
from ingestion.remedies import remedies
from ingestion.repeats import conflict_problem, find_repeats, keep_conflicts
from ingestion.sources import FEEDS
from ingestion.sources.feed import Feed
from ingestion.staging import DataFile, Staged, State, create_staged_table, stage, staged_table
from ingestion.usage import insert_usage
from ingestion.validation import check_schema
from ingestion.vocabulary import check_vocabulary
from ingestion.warehouse import create_raw_tables, replace_table, transaction, writing
from rate_cards.book_files import BookFiles
from rate_cards.load import load_book
from rate_cards.problems import InputError, Problem, relative
from rate_cards.settings import Settings
from rate_cards.tables import config_tables

NOTHING_LOADED = "Nothing was loaded."
SET_ASIDE = (
    "To load the other rows and set these aside, with the reasons: creditbooks load --quarantine"
)

Progress = Callable[[str, int, int], None]
"""Called with what is being done, and how many of how many files are read."""


@dataclass(frozen=True)
class FileReport:
    """What became of one file: rows = loaded + duplicates + rejected + excluded.

    Attributes:
        path: Below the data root.
        feed: Its feed.
        rows: Data rows in the file.
        loaded: Rows in the raw table.
        duplicates: Rows that came before with the same content.
        rejected: Rows in raw.rejected_rows.
        excluded: Rows that the source's `where` leaves out.
        control_total_name: Column added up; None where the feed has none.
        control_total: Its sum over the loaded rows.
        sha256: Digest of the file.
        is_new: Whether this load read it; False if its content was loaded before.
        ignored_columns: Columns that the mapping leaves unread.
    """

    path: str
    feed: str
    rows: int
    loaded: int
    duplicates: int
    rejected: int
    excluded: int
    control_total_name: str | None
    control_total: Decimal | None
    sha256: str
    is_new: bool
    ignored_columns: tuple[str, ...]


@dataclass(frozen=True)
class LoadResult:
    """What a load did.

    Attributes:
        book: Name of the book.
        files: Every file the sources name, in their order.
    """

    book: str
    files: tuple[FileReport, ...]


def load(
    settings: Settings, quarantine: bool = False, progress: Progress | None = None
) -> LoadResult:
    """Load a book and every file its sources name; repeating it changes nothing.

    Args:
        settings: Which book, data and database.
        quarantine: Keep bad rows in raw.rejected_rows and load the rest, instead of refusing all.
        progress: Told what is being done.

    Returns:
        What became of each file.

    Raises:
        InputError: The book or the data is wrong: every problem found. Nothing was loaded.
        EnvironmentProblem: A file is missing, or the database is held.
    """
    book = load_book(settings.book_dir)
    found = find_files(book, settings.data_dir)
    with (
        writing(settings.database) as connection,
        tempfile.TemporaryDirectory(prefix="creditbooks-") as scratch,
    ):
        create_raw_tables(connection)
        _refuse_other_book(connection, book, settings.database)
        files = identify(connection, found, retry_rejected=quarantine)
        _name_files(connection, files)
        staged = _read(connection, book, files, Path(scratch), progress or _silent)
        feeds = [
            feed for feed in FEEDS.values() if feed.name in {s.file.source.feed for s in staged}
        ]
        for feed in feeds:
            _check(connection, feed, book, progress or _silent)
        if not quarantine:
            _refuse_faults(connection, staged, book)
        (progress or _silent)("writing", len(staged), len(staged))
        with transaction(connection):
            for name, frame in config_tables(book).items():
                replace_table(connection, "raw", name, frame)
            for feed in feeds:
                _insert(connection, feed)
            _record_files(connection, staged)
        return LoadResult(book.book.book, _reports(connection, files))


def _read(
    connection: DuckDBPyConnection,
    book: BookFiles,
    files: list[DataFile],
    scratch: Path,
    progress: Progress,
) -> list[Staged]:
    """Stage every file; files that cannot be read at all are refused together."""
    create_faults_table(connection)
    to_read = [file for file in files if file.state is not State.LOADED]
    for name in dict.fromkeys(file.source.feed for file in to_read):
        create_staged_table(connection, FEEDS[name])
    staged: list[Staged] = []
    problems: list[Problem] = []
    for done, file in enumerate(to_read):
        progress(f"reading {file.name}", done, len(to_read))
        try:
            staged.append(stage(connection, FEEDS[file.source.feed], file, book.book_file, scratch))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems, NOTHING_LOADED)
    return staged


def _check(connection: DuckDBPyConnection, feed: Feed, book: BookFiles, progress: Progress) -> None:
    """Collect the faults of a feed's staged rows and find the rows that came before."""
    progress(f"checking {feed.name}", 0, 0)
    check_schema(connection, feed)
    if feed.name == "usage":
        stage_property_sets(
            connection,
            {name: frozenset(meter.properties) for name, meter in book.book.meters.items()},
        )
    check_vocabulary(connection, feed, book)
    find_repeats(connection, feed)
    keep_conflicts(connection, feed)


def _refuse_faults(connection: DuckDBPyConnection, staged: list[Staged], book: BookFiles) -> None:
    """Stop if a single row is wrong, with every rule of every file that is broken."""
    problems: list[Problem] = []
    what_to_do = remedies(book)
    for each in staged:
        feed = FEEDS[each.file.source.feed]
        problems += problems_of(connection, feed, each, what_to_do)
        conflict = conflict_problem(connection, feed, each)
        if conflict:
            problems.append(conflict)
    if problems:
        raise InputError(problems, f"{NOTHING_LOADED} {SET_ASIDE}")


def _insert(connection: DuckDBPyConnection, feed: Feed) -> None:
    """Append a feed's staged rows, without rejected rows and repeats."""
    connection.execute(
        f"create temp table dropped_{feed.name} as "
        "select file_no, row_no from faults union "
        f"select file_no, row_no from repeats_{feed.name}"
    )
    [(dropped,)] = connection.execute(f"select count(*) from dropped_{feed.name}").fetchall()
    kept = (
        "(staged.file_no, staged.row_no) not in "
        f"(select (file_no, row_no) from dropped_{feed.name})"
        if dropped
        else "true"
    )
    if feed.name == "usage":
        insert_usage(connection, kept)
        return
    columns = ", ".join(column.name for column in feed.columns)
    connection.execute(
        f"insert into raw.{feed.name} by name select {columns}, file_no, row_no "
        f"from {staged_table(feed)} as staged where {kept} order by file_no, row_no"
    )


def _record_files(connection: DuckDBPyConnection, staged: list[Staged]) -> None:
    """Write each file's counts and control total to raw.files, and its rejected rows.

    Loaded rows are counted in the raw table, duplicates among the repeats and rejected rows among
    the faults: three places, whose sum must be the rows of the file.
    """
    loaded_at = datetime.now(UTC).replace(tzinfo=None)
    for each in staged:
        file = each.file
        feed = FEEDS[file.source.feed]
        keep_rejected_rows(connection, feed, each)
        loaded, total = _one(
            connection,
            f"select count(*), {_control_total(feed)} from raw.{feed.name} where file_no = ?",
            file.file_no,
        )
        (rejected,) = _one(
            connection, "select count(*) from raw.rejected_rows where file_no = ?", file.file_no
        )
        # Of a file read again, the rows loaded the first time are no duplicates.
        (duplicates,) = _one(
            connection,
            f"select count(*) from repeats_{feed.name} where file_no = ? and not is_conflict "
            "and not (file_no = first_file_no and row_no = first_row_no)",
            file.file_no,
        )
        if each.rows != loaded + duplicates + rejected + each.excluded:
            raise AssertionError(
                f"{file.place}: {each.rows} rows, but {loaded} loaded, {duplicates} duplicates, "
                f"{rejected} rejected and {each.excluded} excluded"
            )
        connection.execute("delete from raw.files where file_no = ?", [file.file_no])
        connection.execute(
            f"insert into raw.files values ({', '.join('?' * 17)})",
            [
                file.file_no,
                feed.name,
                file.source.format,
                file.name,
                file.source.line,
                file.mapping_sha256,
                file.sha256,
                file.size,
                each.rows,
                loaded,
                duplicates,
                rejected,
                each.excluded,
                feed.control_total,
                total,
                loaded_at,
                ",".join(each.ignored),
            ],
        )


def _control_total(feed: Feed) -> str:
    """SQL of the sum that is compared with the sender's."""
    if feed.control_total is None:
        return "null"
    return f"coalesce(sum({feed.control_total}), 0)"


def _reports(connection: DuckDBPyConnection, files: list[DataFile]) -> tuple[FileReport, ...]:
    """What raw.files says of every file of the book, those loaded before included."""
    reports = []
    for file in files:
        row = _one(
            connection,
            "select rows, loaded, duplicates, rejected, excluded, control_total_name, "
            "control_total, ignored_columns from raw.files where file_no = ?",
            file.file_no,
        )
        rows, loaded, duplicates, rejected, excluded, total_name, total, ignored = row
        reports.append(
            FileReport(
                path=file.name,
                feed=file.source.feed,
                rows=rows,
                loaded=loaded,
                duplicates=duplicates,
                rejected=rejected,
                excluded=excluded,
                control_total_name=total_name,
                control_total=total,
                sha256=file.sha256,
                is_new=file.state is not State.LOADED,
                ignored_columns=tuple(name for name in ignored.split(",") if name),
            )
        )
    return tuple(reports)


def _name_files(connection: DuckDBPyConnection, files: list[DataFile]) -> None:
    """Keep the path of every file, loaded or loading, for messages about rows of two files."""
    connection.execute("create temp table loading_files as select file_no, path from raw.files")
    for file in files:
        if file.state is State.NEW:
            connection.execute("insert into loading_files values (?, ?)", [file.file_no, file.name])


def _refuse_other_book(connection: DuckDBPyConnection, book: BookFiles, db: Path) -> None:
    """One database holds one book: a second one would mix its customers into the first."""
    has_book = connection.execute(
        "select 1 from information_schema.tables where table_schema = 'raw' and table_name = 'book'"
    ).fetchall()
    if not has_book:
        return
    names = [name for (name,) in connection.execute("select book from raw.book").fetchall()]
    if names not in ([], [book.book.book]):
        raise InputError(
            [
                Problem(
                    relative(db),
                    f"the database holds the book {names[0]}, not {book.book.book}",
                    "Name another database with --db, or the other book with --book.",
                )
            ],
            NOTHING_LOADED,
        )


def _one(connection: DuckDBPyConnection, query: str, file_no: int) -> tuple[Any, ...]:
    """The only row of a query about one file."""
    [row] = connection.execute(query, [file_no]).fetchall()
    return tuple(row)


def _silent(what: str, done: int, total: int) -> None:
    """Progress for nobody."""
