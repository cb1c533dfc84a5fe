"""Which files a book's sources name, and which of them are loaded already."""

from __future__ import annotations

import glob
from dataclasses import dataclass
from pathlib import Path

from duckdb import DuckDBPyConnection

from ingestion.mapping import mapping_sha256
from ingestion.readers import fingerprint
from ingestion.staging import DataFile
from rate_cards.book import Source
from rate_cards.book_files import BookFiles
from rate_cards.problems import EnvironmentProblem, InputError, Problem, relative


@dataclass(frozen=True)
class Found:
    """A file that a source names: its path, its path below the data root, and in messages."""

    source: Source
    path: Path
    name: str
    place: str


@dataclass(frozen=True)
class Plan:
    """What a load has to do.

    Attributes:
        to_read: Files to read, numbered in the order of the sources, then by path.
        loaded: Files whose content was loaded before under the same mapping.
        again: File numbers among `to_read` whose rejected rows are tried again.
    """

    to_read: tuple[DataFile, ...]
    loaded: tuple[DataFile, ...]
    again: frozenset[int]


def find_files(book: BookFiles, data: Path) -> list[Found]:
    """Every file the sources name.

    Args:
        book: The book.
        data: Root its paths are relative to.

    Raises:
        EnvironmentProblem: A source that is not optional names no file.
    """
    found: list[Found] = []
    for position, source in enumerate(book.book.sources):
        names = sorted(glob.glob(source.path, root_dir=data, recursive=True))
        files = [name for name in names if (data / name).is_file()]
        if not files and not source.optional:
            raise EnvironmentProblem(_no_file(book, position, source, data))
        for name in files:
            path = data / name
            found.append(Found(source, path, Path(name).as_posix(), relative(path)))
    return found


def plan(connection: DuckDBPyConnection, found: list[Found], retry_rejected: bool) -> Plan:
    """Tell new files from those that were loaded before.

    Args:
        connection: Has raw.files.
        found: Every file the book's sources name.
        retry_rejected: Read files again of which rows were rejected, since the book may know better
            by now; their loaded rows stay as they are.

    Raises:
        InputError: Files that cannot be what they are said to be, all of them.
    """
    known = {
        (feed, digest, mapping): (file_no, rejected)
        for feed, digest, mapping, file_no, rejected in connection.execute(
            "select feed, sha256, mapping_sha256, file_no, rejected from raw.files"
        ).fetchall()
    }
    next_no = max((file_no for file_no, _ in known.values()), default=0) + 1
    to_read: list[DataFile] = []
    loaded: list[DataFile] = []
    again: set[int] = set()
    problems: list[Problem] = []
    for file in found:
        try:
            content = fingerprint(file.path, file.place, file.source.format)
        except InputError as error:
            problems += error.problems
            continue
        mapping = mapping_sha256(file.source)
        identity = (file.source.feed, content.sha256, mapping)
        file_no, rejected = known.get(identity, (next_no, None))
        entry = DataFile(
            file_no,
            file.source,
            file.path,
            file.name,
            file.place,
            content.sha256,
            mapping,
            content.size,
        )
        if rejected is None:
            to_read.append(entry)
            known[identity] = (next_no, 0)
            next_no += 1
        elif rejected > 0 and retry_rejected:
            to_read.append(entry)
            again.add(file_no)
            known[identity] = (file_no, 0)
        else:
            loaded.append(entry)
    if problems:
        raise InputError(problems, "Nothing was loaded.")
    return Plan(tuple(to_read), tuple(loaded), frozenset(again))


def _no_file(book: BookFiles, position: int, source: Source, data: Path) -> Problem:
    return book.book_file.document.problem(
        ("sources", position, "path"),
        f"no file matches {source.path} below {relative(data)}",
        "Put the file there, name the folder with --data, or write optional: true if there need "
        "not be one.",
    )
