"""Which files a book's sources name, and which of them were loaded before."""

from __future__ import annotations

import glob
from dataclasses import dataclass
from pathlib import Path

from duckdb import DuckDBPyConnection

from ingestion.exports import container
from ingestion.mapping import mapping_sha256
from ingestion.readers import fingerprint
from ingestion.staging import DataFile, State
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


def identify(
    connection: DuckDBPyConnection, found: list[Found], retry_rejected: bool
) -> tuple[list[DataFile], list[Problem]]:
    """Number the files, and tell new ones from those whose content was loaded before.

    Args:
        connection: Has raw.files.
        found: Every file the book's sources name.
        retry_rejected: Read files again of which rows were rejected, since the book may know better
            by now; their loaded rows stay as they are.

    Returns:
        The files in the same order, new ones with the next numbers; and what is wrong with those
        that cannot be what they are said to be, which are left out.
    """
    known = {
        (feed, digest, mapping): (file_no, retry_rejected and rejected > 0)
        for feed, digest, mapping, file_no, rejected in connection.execute(
            "select feed, sha256, mapping_sha256, file_no, rejected from raw.files"
        ).fetchall()
    }
    next_no = max((file_no for file_no, _ in known.values()), default=0) + 1
    files: list[DataFile] = []
    problems: list[Problem] = []
    for each in found:
        try:
            content = fingerprint(each.path, each.place, container(each.source.format))
        except InputError as error:
            problems += error.problems
            continue
        mapping = mapping_sha256(each.source)
        identity = (each.source.feed, content.sha256, mapping)
        if identity not in known:
            state, file_no = State.NEW, next_no
            next_no += 1
        else:
            file_no, is_tried_again = known[identity]
            state = State.AGAIN if is_tried_again else State.LOADED
        # The same content under another name in this very load is known from here on.
        known[identity] = (file_no, False)
        files.append(
            DataFile(
                state=state,
                file_no=file_no,
                source=each.source,
                path=each.path,
                name=each.name,
                place=each.place,
                sha256=content.sha256,
                mapping_sha256=mapping,
                size=content.size,
            )
        )
    return files, problems


def _no_file(book: BookFiles, position: int, source: Source, data: Path) -> Problem:
    return book.book_file.document.problem(
        ("sources", position, "path"),
        f"no file matches {source.path} below {relative(data)}",
        "Put the file there, name the folder with --data, or write optional: true if there need "
        "not be one.",
    )
