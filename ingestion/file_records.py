"""raw.files: what became of every file, so that none of its rows can be lost without a trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from duckdb import DuckDBPyConnection

from ingestion.faults import keep_rejected_rows
from ingestion.sources import FEEDS
from ingestion.sources.feed import Feed
from ingestion.staging import DataFile, Staged, State


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
        excluded: Rows that the source's `where`, or its format, leaves out.
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
class _Counts:
    """Rows of a feed's files after they were written, by file number; files without are absent."""

    loaded: Mapping[int, tuple[int, Decimal | None]]
    duplicates: Mapping[int, int]
    rejected: Mapping[int, int]


def record_files(connection: DuckDBPyConnection, staged: list[Staged]) -> None:
    """Write each file's counts and control total to raw.files, and its rejected rows.

    Loaded rows are counted in the raw table, duplicates among the repeats and rejected rows in
    raw.rejected_rows: three places, whose sum must be the rows of the file.

    Args:
        connection: Inside the load's transaction, after the rows were written.
        staged: The files that were read.
    """
    loaded_at = datetime.now(UTC).replace(tzinfo=None)
    for name in dict.fromkeys(each.file.source.feed for each in staged):
        feed = FEEDS[name]
        files = [each for each in staged if each.file.source.feed == name]
        for each in files:
            keep_rejected_rows(connection, feed, each)
        counts = _count(connection, feed)
        for each in files:
            _record(connection, feed, each, counts, loaded_at)


def reports(connection: DuckDBPyConnection, files: list[DataFile]) -> tuple[FileReport, ...]:
    """What raw.files says of every file of the book, those loaded before included."""
    found = []
    for file in files:
        [row] = connection.execute(
            "select rows, loaded, duplicates, rejected, excluded, control_total_name, "
            "control_total, ignored_columns from raw.files where file_no = ?",
            [file.file_no],
        ).fetchall()
        rows, loaded, duplicates, rejected, excluded, total_name, total, ignored = row
        found.append(
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
    return tuple(found)


def _count(connection: DuckDBPyConnection, feed: Feed) -> _Counts:
    """Count a feed's rows where they ended up, in one pass each."""
    total = f"coalesce(sum({feed.control_total}), 0)" if feed.control_total else "null"
    loaded = connection.execute(
        f"select file_no, count(*), {total} from raw.{feed.name} group by file_no"
    ).fetchall()
    # Of a file read again, the rows loaded the first time are no duplicates.
    duplicates = connection.execute(
        f"select file_no, count(*) from repeats_{feed.name} where not is_conflict "
        "and not (file_no = first_file_no and row_no = first_row_no) group by file_no"
    ).fetchall()
    rejected = connection.execute(
        "select file_no, count(*) from raw.rejected_rows where feed = ? group by file_no",
        [feed.name],
    ).fetchall()
    return _Counts(
        loaded={file_no: (rows, sum_of_rows) for file_no, rows, sum_of_rows in loaded},
        duplicates=dict(duplicates),
        rejected=dict(rejected),
    )


def _record(
    connection: DuckDBPyConnection,
    feed: Feed,
    staged: Staged,
    counts: _Counts,
    loaded_at: datetime,
) -> None:
    """Write one file's row, in place of the one it has if it was read again."""
    file = staged.file
    nothing = None if feed.control_total is None else Decimal(0)
    loaded, total = counts.loaded.get(file.file_no, (0, nothing))
    duplicates = counts.duplicates.get(file.file_no, 0)
    rejected = counts.rejected.get(file.file_no, 0)
    if staged.rows != loaded + duplicates + rejected + staged.excluded:
        raise AssertionError(
            f"{file.place}: {staged.rows} rows, but {loaded} loaded, {duplicates} duplicates, "
            f"{rejected} rejected and {staged.excluded} excluded"
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
            staged.rows,
            loaded,
            duplicates,
            rejected,
            staged.excluded,
            feed.control_total,
            total,
            loaded_at,
            ",".join(staged.ignored),
        ],
    )
