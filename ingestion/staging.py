"""Files on their way in: read once into temporary tables, one per feed, with the types of raw.

Nothing here touches the raw tables. Staged rows are exactly the file's rows that `where` lets pass;
those with a value that could not be read are marked, and the value is kept among the faults.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from ingestion import readers
from ingestion.exports import EXPORTS, container, wanted
from ingestion.exports.export import Export
from ingestion.exports.reading import as_export, check_export
from ingestion.mapping import Bound, bind
from ingestion.readers import Relation, quote, quote_name
from ingestion.sources.feed import Feed
from rate_cards.book import Book, Source
from rate_cards.book_files import Authored
from rate_cards.problems import InputError


class State(Enum):
    """What a load does with a file."""

    NEW = "read"
    AGAIN = "read again, for the rows that were rejected"
    LOADED = "known by its content and left alone"


@dataclass(frozen=True)
class DataFile:
    """One file that a source names.

    Attributes:
        state: What this load does with it.
        file_no: Number in raw.files; an earlier one unless the file is new.
        source: The entry of book.yml that found it.
        path: The file.
        name: Its path below the data root, as raw.files shows it.
        place: Its path as messages show it.
        sha256: Digest of its bytes.
        mapping_sha256: Digest of its source's mapping.
        size: Bytes.
    """

    state: State
    file_no: int
    source: Source
    path: Path
    name: str
    place: str
    sha256: str
    mapping_sha256: str
    size: int


@dataclass(frozen=True)
class Staged:
    """A file that was read.

    Attributes:
        file: The file.
        relation: How to read its rows as they came, for evidence.
        rows: Data rows in it; where rows tell several facts, or several one, the facts.
        excluded: Those that `where`, or the layout of an export, leaves out.
        ignored: Columns that the mapping leaves unread.
    """

    file: DataFile
    relation: Relation
    rows: int
    excluded: int
    ignored: tuple[str, ...]


def staged_table(feed: Feed) -> str:
    """Name of the temporary table of a feed's rows."""
    return f"staged_{feed.name}"


def create_staged_table(connection: DuckDBPyConnection, feed: Feed) -> None:
    """Make the temporary table of a feed: file_no, row_no, is_unread, then the feed's columns."""
    columns = ", ".join(f"{column.name} {column.sql_type}" for column in feed.columns)
    connection.execute(
        f"create temp table {staged_table(feed)} "
        f"(file_no integer, row_no bigint, is_unread boolean, {columns})"
    )


def stage(
    connection: DuckDBPyConnection,
    feed: Feed,
    file: DataFile,
    book_file: Authored[Book],
    scratch: Path,
) -> Staged:
    """Read one file into its feed's staged table, and its unreadable values into the faults.

    Args:
        connection: Has the staged table and the faults table.
        feed: The file's feed.
        file: The file.
        book_file: The book.yml its source stands in.
        scratch: Folder for intermediate files, kept until the load ends.

    Raises:
        InputError: The file as a whole, or the mapping, is wrong.
    """
    source = file.source
    export = EXPORTS.get(source.format)
    relation = readers.open_relation(
        connection,
        file.path,
        file.place,
        container(source.format),
        source.delimiter,
        scratch,
        export.records if export else (),
    )
    if export:
        relation = as_export(export, relation, file.place)
    bound = bind(connection, feed, source, relation, file.place, book_file)
    condition = wanted(source.format, source.where)
    try:
        if export:
            problems = check_export(connection, export, relation, condition, file.place)
            if problems:
                raise InputError(problems)
        adds_up = export is not None and export.adds_up
        [(staged,)] = connection.execute(_insert(feed, file, bound, adds_up)).fetchall()
        excluded = 0
        if condition:
            [(excluded,)] = connection.execute(
                f"select count(*) from ({relation.sql}) where not coalesce({condition}, false)"
            ).fetchall()
        if any(how.fault for how in bound.conversions.values()):
            _keep_unread_values(connection, feed, file, bound)
        if export:
            _keep_broken_rules(connection, export, relation, file, condition)
    except duckdb.Error as error:
        raise InputError(
            readers.explain_failure(
                connection,
                file.path,
                file.place,
                container(source.format),
                source.delimiter,
                error,
            )
        ) from error
    return Staged(file, relation, staged + excluded, excluded, bound.ignored)


def _insert(feed: Feed, file: DataFile, bound: Bound, adds_up: bool) -> str:
    """The statement that reads, converts and fills in defaults, in one pass over the file."""
    converted = ", ".join(
        f"{how.value} as {quote_name(name)}" for name, how in bound.conversions.items()
    )
    faults = [f"({how.fault}) is not null" for how in bound.conversions.values() if how.fault]
    filled = ", ".join(
        f"coalesce({column.name}, cast({column.default} as {column.sql_type})) as {column.name}"
        if column.default
        else quote_name(column.name)
        for column in feed.columns
    )
    rows = (
        f"select row_no, is_unread, {filled} "
        f"from (select row_no, {' or '.join(faults) or 'false'} as is_unread, {converted} "
        f"from ({bound.select}))"
    )
    if adds_up:
        rows = _added_up(feed, rows)
    return f"insert into {staged_table(feed)} select {file.file_no}, * from ({rows})"


def _added_up(feed: Feed, rows: str) -> str:
    """SQL of rows with the parts of a figure in one, its first; what cannot be read stays alone."""
    names = [column.name for column in feed.columns]
    types = {column.name: column.sql_type for column in feed.columns}
    total = feed.control_total
    listed = ", ".join(
        f"cast(sum({name}) as {types[name]}) as {name}" if name == total else quote_name(name)
        for name in names
    )
    same = ", ".join(quote_name(name) for name in names if name != total)
    return (
        f"select min(row_no) as row_no, is_unread, {listed} from ({rows}) "
        f"group by is_unread, case when is_unread then row_no end, {same}"
    )


def _keep_unread_values(
    connection: DuckDBPyConnection, feed: Feed, file: DataFile, bound: Bound
) -> None:
    """Read the file once more, only if some value could not be read, to say which and why."""
    table = staged_table(feed)
    unread = f"select row_no from {table} where file_no = {file.file_no} and is_unread"
    if not connection.execute(f"{unread} limit 1").fetchall():
        return
    for column in feed.columns:
        how = bound.conversions[column.name]
        if how.fault is None:
            continue
        raw = quote_name(f"mapped {column.name}")
        connection.execute(
            f"insert into faults select {file.file_no}, row_no, {quote(column.name)}, fault, value "
            f"from (select row_no, {how.fault} as fault, cast({raw} as varchar) as value "
            f"from ({bound.select}) where row_no in ({unread})) where fault is not null"
        )


def _keep_broken_rules(
    connection: DuckDBPyConnection,
    export: Export,
    relation: Relation,
    file: DataFile,
    condition: str | None,
) -> None:
    """Make a fault of every wanted row that breaks a rule of its export."""
    for rule in export.rules:
        connection.execute(
            f"insert into faults select {file.file_no}, _row, {quote(rule.column)}, "
            f"{quote(rule.words)}, {rule.shown} from ({relation.sql}) "
            f"where not coalesce({rule.holds}, true) and ({condition or 'true'})"
        )
