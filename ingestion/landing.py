"""Loading a book: every file is validated first, then everything is written in one transaction."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from duckdb import DuckDBPyConnection

from ingestion.discovery import find_files, identify
from ingestion.faults import create_faults_table, problems_of
from ingestion.file_records import FileReport, record_files, reports
from ingestion.properties import stage_property_sets
from ingestion.remedies import remedies
from ingestion.repeats import conflict_problem, find_repeats, keep_conflicts
from ingestion.restatements import restate
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
        files, problems = identify(connection, found, retry_rejected=quarantine)
        _name_files(connection, files)
        staged = _read(connection, book, files, Path(scratch), problems, progress or _silent)
        feeds = [
            feed for feed in FEEDS.values() if feed.name in {s.file.source.feed for s in staged}
        ]
        for feed in feeds:
            _check(connection, feed, book, staged, progress or _silent)
        outcome = NOTHING_LOADED
        if not quarantine:
            faults = _faults(connection, staged, book)
            # Setting rows aside helps only if every file can be read at all.
            outcome = NOTHING_LOADED if problems or not faults else f"{NOTHING_LOADED} {SET_ASIDE}"
            problems += faults
        if problems:
            raise InputError(problems, outcome)
        (progress or _silent)("writing", len(staged), len(staged))
        with transaction(connection):
            for name, frame in config_tables(book).items():
                replace_table(connection, "raw", name, frame)
            for feed in feeds:
                _insert(connection, feed)
            record_files(connection, staged)
        return LoadResult(book.book.book, reports(connection, files))


def _read(
    connection: DuckDBPyConnection,
    book: BookFiles,
    files: list[DataFile],
    scratch: Path,
    problems: list[Problem],
    progress: Progress,
) -> list[Staged]:
    """Stage every file; what is wrong with those that cannot be read is added to the problems."""
    create_faults_table(connection)
    to_read = [file for file in files if file.state is not State.LOADED]
    for name in dict.fromkeys(file.source.feed for file in to_read):
        create_staged_table(connection, FEEDS[name])
    staged: list[Staged] = []
    for done, file in enumerate(to_read):
        progress(f"reading {file.name}", done, len(to_read))
        try:
            staged.append(stage(connection, FEEDS[file.source.feed], file, book.book_file, scratch))
        except InputError as error:
            problems += error.problems
    return staged


def _check(
    connection: DuckDBPyConnection,
    feed: Feed,
    book: BookFiles,
    staged: list[Staged],
    progress: Progress,
) -> None:
    """Collect the faults of a feed's staged rows and find the rows that came before."""
    progress(f"checking {feed.name}", 0, 0)
    check_schema(connection, feed)
    if feed.name == "usage":
        stage_property_sets(
            connection,
            {name: frozenset(meter.properties) for name, meter in book.book.meters.items()},
        )
    check_vocabulary(connection, feed, book)
    restate(connection, feed, staged)
    find_repeats(connection, feed)
    keep_conflicts(connection, feed)


def _faults(connection: DuckDBPyConnection, staged: list[Staged], book: BookFiles) -> list[Problem]:
    """Every rule of every file that a row breaks."""
    problems: list[Problem] = []
    what_to_do = remedies(book)
    for each in staged:
        feed = FEEDS[each.file.source.feed]
        problems += problems_of(connection, feed, each, what_to_do)
        conflict = conflict_problem(connection, feed, each)
        if conflict:
            problems.append(conflict)
    return problems


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


def _silent(what: str, done: int, total: int) -> None:
    """Progress for nobody."""
