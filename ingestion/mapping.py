"""The column mapping of one source, bound to the columns a file really has."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import duckdb
from duckdb import DuckDBPyConnection

from ingestion.conversion import Conversion, Unsuitable, conversion
from ingestion.exports import EXPORTS, wanted
from ingestion.readers import Relation, first_line, quote, quote_name
from ingestion.sources.feed import Column, Feed, Kind
from rate_cards.book import Book, Source
from rate_cards.book_files import Authored
from rate_cards.problems import InputError, Problem

PROPERTY = "properties."
ENTRIES = "properties one by one"
UNMAPPED = '"NULL"'
"""DuckDB's name for the type of a bare null."""


@dataclass(frozen=True)
class Bound:
    """A mapping as SQL.

    Attributes:
        select: Query with `row_no`, a column per feed column as it comes, filtered by `where`.
        conversions: Feed column name -> how its column of `select` is stored.
        columns: Names of the file's columns.
        ignored: Those of them that no expression mentions.
    """

    select: str
    conversions: Mapping[str, Conversion]
    columns: tuple[str, ...]
    ignored: tuple[str, ...]


def mapping_sha256(source: Source) -> str:
    """Digest of everything in the source that decides how a file's rows are read."""
    parts = {
        "format": source.format,
        "columns": dict(source.columns),
        "constants": {name: str(value) for name, value in source.constants.items()},
        "where": source.where,
        "delimiter": source.delimiter,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def bind(
    connection: DuckDBPyConnection,
    feed: Feed,
    source: Source,
    relation: Relation,
    place: str,
    book_file: Authored[Book],
) -> Bound:
    """Fit a source's mapping to one of its files.

    Args:
        connection: Where the relation can be read.
        feed: The feed of the source.
        source: Its entry in book.yml.
        relation: The file.
        place: The file's name in messages.
        book_file: The book.yml the entry stands in, to point into it.

    Raises:
        InputError: A required column is missing, an expression does not fit the file, or a type
            cannot be stored exactly.
    """
    unknown = unknown_columns(feed, source, book_file)
    if unknown:
        raise InputError(unknown)
    written = _expressions(source, feed, relation)
    missing = [
        _missing(column, feed, source, relation, place)
        for column in feed.columns
        if column.is_required and column.written not in written
    ]
    if missing:
        raise InputError(missing)
    mapped = {name: f"({sql})" for name, sql in written.items()}
    types = _types(connection, mapped, source, relation, place, book_file)
    entries = _entries(mapped)
    selected = {column.name: mapped.get(column.written, "null") for column in feed.columns}
    conversions = {}
    problems = []
    for column in feed.columns:
        file_type = types.get(column.written, UNMAPPED)
        how = conversion(column, file_type, quote_name(_alias(column.name)))
        if isinstance(how, Unsuitable):
            problems.append(Problem(place, how.message, how.remedy))
        elif column.kind is Kind.PROPERTIES and entries:
            selected[ENTRIES] = entries
            conversions[column.name] = _with_entries(how)
        else:
            conversions[column.name] = how
    if problems:
        raise InputError(problems)
    listed = ", ".join(f"{sql} as {quote_name(_alias(name))}" for name, sql in selected.items())
    condition = wanted(source.format, source.where)
    where = f" where ({condition})" if condition else ""
    export = EXPORTS.get(source.format)
    reshape = export.reshape if export else None
    used = " ".join([*mapped.values(), condition or "", reshape or ""])
    return Bound(
        select=f"select _row as row_no, {listed} from ({relation.sql}){where}",
        conversions=conversions,
        columns=relation.columns,
        ignored=tuple(name for name in relation.columns if not _mentions(used, name)),
    )


def unknown_columns(feed: Feed, source: Source, book_file: Authored[Book]) -> list[Problem]:
    """Mapped names that the feed does not have: a misspelt one would go unread without a word."""
    known = [column.written for column in feed.columns]
    problems = []
    for part in ("columns", "constants"):
        for name in getattr(source, part):
            is_property = feed.name == "usage" and name.startswith(PROPERTY)
            if name in known or is_property:
                continue
            problems.append(
                book_file.document.problem(
                    _location(source, book_file, part, name),
                    f"the {feed.name} feed has no column {name}",
                    f"Its columns: {', '.join(known)}.",
                    of_key=True,
                )
            )
    return problems


def _expressions(source: Source, feed: Feed, relation: Relation) -> dict[str, str]:
    """Feed column as written -> SQL over the file's columns.

    With `columns` the mapping is complete as it stands, so that no column is taken by accident of
    its name; without, columns of the feed's own names are taken. An export starts from its own.
    """
    names = {name.lower(): name for name in relation.columns}
    columns = {
        # A column's name alone is that column, whatever SQL makes of order or Date (UTC).
        name: quote_name(names[sql.lower()]) if sql.lower() in names else sql
        for name, sql in source.columns.items()
    }
    constants = {name: quote(str(value)) for name, value in source.constants.items()}
    export = EXPORTS.get(source.format)
    if export:
        gives_properties = any(name.startswith(PROPERTY) for name in source.columns)
        usual = {
            name: sql
            for name, sql in export.columns.items()
            if not (name.startswith("properties") and gives_properties)
        }
        return {**usual, **columns, **constants}
    if columns:
        return {**columns, **constants}
    same = {
        column.written: quote_name(names[column.written])
        for column in feed.columns
        if column.written in names
    }
    return {**same, **constants}


def _alias(name: str) -> str:
    """Name of a mapped column that no file column has, so that expressions never see each other."""
    return f"mapped {name}"


def _entries(mapped: Mapping[str, str]) -> str | None:
    """The properties mapped one by one, as SQL of a JSON object; nulls are left for later."""
    pairs = ", ".join(
        f"{quote(name.removeprefix(PROPERTY))}, cast({sql} as varchar)"
        for name, sql in mapped.items()
        if name.startswith(PROPERTY)
    )
    return f"cast(json_object({pairs}) as varchar)" if pairs else None


def _with_entries(properties: Conversion) -> Conversion:
    """Properties completed by those mapped one by one, which win."""
    entries = quote_name(_alias(ENTRIES))
    value = f"({properties.value})"
    return Conversion(
        f"case when {value} is null then {entries}"
        f" when json_valid({value}) then cast(json_merge_patch({value}, {entries}) as varchar)"
        f" else {value} end"
    )


def _types(
    connection: DuckDBPyConnection,
    mapped: Mapping[str, str],
    source: Source,
    relation: Relation,
    place: str,
    book_file: Authored[Book],
) -> dict[str, str]:
    """Type of every expression; if they do not bind, each is tried to name the culprits."""

    def describe(expressions: Mapping[str, str], where: str | None) -> dict[str, str]:
        listed = ", ".join(
            f"{sql} as {quote_name(_alias(name))}" for name, sql in expressions.items()
        )
        condition = f" where ({where})" if where else ""
        query = f"describe select {listed} from ({relation.sql}){condition}"
        rows = connection.execute(query).fetchall()
        return dict(zip(expressions, (row[1] for row in rows), strict=True))

    try:
        return describe(mapped, source.where)
    except duckdb.Error:
        pass
    problems = []
    tried: list[tuple[str, Mapping[str, str], str | None]] = [
        (name, {name: sql}, None) for name, sql in mapped.items()
    ]
    if source.where:
        tried.append(("where", {"row": "_row"}, source.where))
    for name, expressions, where in tried:
        try:
            describe(expressions, where)
        except duckdb.Error as error:
            problems.append(_does_not_bind(name, error, source, relation, place, book_file))
    raise InputError(problems)


def _missing(column: Column, feed: Feed, source: Source, relation: Relation, place: str) -> Problem:
    """A required column that neither the file nor the mapping gives."""
    name = column.written
    has_one = name in (each.lower() for each in relation.columns)
    if source.columns and has_one:
        remedy = (
            f"The file has a column {name}, but with columns in book.yml only what is listed "
            f"there is read: add {name}: {name}."
        )
    else:
        close = get_close_matches(name, relation.columns, n=1)
        example = close[0] if close else "<expression>"
        remedy = (
            f"Say where it is, under columns of its source (book.yml:{source.line}), beside every "
            f"other column to be read: {name}: {example}. "
            f"The file has: {', '.join(relation.columns)}."
        )
    return Problem(place, f"the required {feed.name} column {name} is missing", remedy)


def _does_not_bind(
    name: str,
    error: duckdb.Error,
    source: Source,
    relation: Relation,
    place: str,
    book_file: Authored[Book],
) -> Problem:
    """An expression the file's columns cannot satisfy, shown where it is written."""
    parts = ("where",) if name == "where" else ("columns", name)
    location = _location(source, book_file, *parts)
    absent = re.search(r'Referenced column "([^"]+)" not found', str(error))
    if absent:
        return book_file.document.problem(
            location,
            f"{name} needs a column {absent[1]}, which {place} does not have",
            f"The columns of {place}: {', '.join(relation.columns)}. "
            "Every row also has _row and _file.",
        )
    return book_file.document.problem(
        location,
        f"{name} cannot be computed from {place}: {first_line(error)}",
        "An expression is DuckDB SQL over the file's columns; a column whose name is not one plain "
        "word stands in double quotes there.",
    )


def _location(source: Source, book_file: Authored[Book], *rest: str) -> tuple[str | int, ...]:
    """Where in book.yml a part of the source is written."""
    # Sources may be equal; this one is the very object.
    position = next(at for at, each in enumerate(book_file.content.sources) if each is source)
    return ("sources", position, *rest)


def _mentions(sql: str, column: str) -> bool:
    """Whether an expression speaks of a column. Takes a word in a text for a mention: harmless."""
    return re.search(rf"(?<!\w){re.escape(column)}(?!\w)", sql, re.IGNORECASE) is not None
