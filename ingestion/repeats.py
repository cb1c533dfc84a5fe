"""Rows seen before: the same again is a duplicate, other content under the same key a conflict."""

from __future__ import annotations

from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from ingestion import usage
from ingestion.faults import CONFLICT, table
from ingestion.sources.feed import Feed
from ingestion.staging import Staged, staged_table
from rate_cards.problems import Problem

SHOWN_CONFLICTS = 3


@dataclass(frozen=True)
class Content:
    """Two queries with the same columns: file_no, row_no and the feed's own."""

    staged: str
    loaded: str


def content_of(feed: Feed) -> Content:
    """Where a feed's rows can be compared, column by column."""
    if feed.name == "usage":
        return Content(usage.STAGED, usage.LOADED)
    columns = ", ".join(["file_no", "row_no", *(column.name for column in feed.columns)])
    return Content(
        f"select {columns} from {staged_table(feed)}", f"select {columns} from raw.{feed.name}"
    )


def find_repeats(connection: DuckDBPyConnection, feed: Feed) -> None:
    """Decide which staged rows came before, into the temporary table repeats_<feed>.

    The first of the rows with one key is kept: a loaded one if there is one, else the first by file
    and row. repeats_<feed> has a row for each other one: file_no, row_no, is_conflict, and
    first_file_no and first_row_no of the row kept. Rows with faults do not take part.
    """
    key = ", ".join(feed.key)
    content = content_of(feed)
    staged = staged_table(feed)
    connection.execute(
        f"""
        create temp table repeated_keys_{feed.name} as
        select {key} from {staged} group by {key} having count(*) > 1
        union
        select {key} from {staged} semi join raw.{feed.name} using ({key})
        """
    )
    same = " and ".join(
        f"candidates.{column.name} is not distinct from first_ones.{column.name}"
        for column in feed.columns
    )
    connection.execute(
        f"""
        create temp table repeats_{feed.name} as
        with candidates as (
            select *, true as is_staged from ({content.staged})
            semi join repeated_keys_{feed.name} using ({key})
            anti join faults using (file_no, row_no)
            union all by name
            select *, false as is_staged from ({content.loaded})
            semi join repeated_keys_{feed.name} using ({key})
        ),
        first_ones as (
            select * from candidates
            qualify row_number() over (partition by {key} order by is_staged, file_no, row_no) = 1
        )
        select
            candidates.file_no,
            candidates.row_no,
            not ({same}) as is_conflict,
            first_ones.file_no as first_file_no,
            first_ones.row_no as first_row_no
        from candidates
        inner join first_ones using ({key})
        where
            candidates.is_staged
            and (
                not first_ones.is_staged
                or candidates.file_no <> first_ones.file_no
                or candidates.row_no <> first_ones.row_no
            )
        """
    )


def keep_conflicts(connection: DuckDBPyConnection, feed: Feed) -> None:
    """Make every conflict a fault whose value shows the row it disagrees with, and where that is.

    Args:
        connection: Has repeats_<feed> and the faults; raw.files and loading_files name the files.
        feed: The feed.
    """
    if not connection.execute(
        f"select 1 from repeats_{feed.name} where is_conflict limit 1"
    ).fetchall():
        return
    content = content_of(feed)
    differences = " || ".join(
        f"case when mine.{column.name} is distinct from first_one.{column.name} then "
        f"', {column.written} ' || {_shown(f'first_one.{column.name}')} || ' there and ' "
        f"|| {_shown(f'mine.{column.name}')} || ' here' else '' end"
        for column in feed.columns
    )
    connection.execute(
        f"""
        insert into faults
        select
            repeats.file_no,
            repeats.row_no,
            '{feed.key[0]}',
            '{CONFLICT}',
            'see ' || files.path || ' row ' || repeats.first_row_no || ':'
            || ltrim({differences}, ',')
        from repeats_{feed.name} as repeats
        inner join ({content.staged}) as mine using (file_no, row_no)
        inner join (
            -- A file read again has its loaded rows among the staged ones too: those are repeats.
            select * from ({content.staged}) anti join repeats_{feed.name} using (file_no, row_no)
            union all by name
            select * from ({content.loaded})
        ) as first_one
            on
                repeats.first_file_no = first_one.file_no
                and repeats.first_row_no = first_one.row_no
        inner join loading_files as files on repeats.first_file_no = files.file_no
        where repeats.is_conflict
        """
    )


def conflict_problem(connection: DuckDBPyConnection, feed: Feed, staged: Staged) -> Problem | None:
    """The conflicts of one file, the first of them row against row; None if there are none."""
    file_no = staged.file.file_no
    pairs = connection.execute(
        f"select row_no, first_file_no, first_row_no from repeats_{feed.name} "
        f"where is_conflict and file_no = {file_no} order by row_no"
    ).fetchall()
    if not pairs:
        return None
    rows: list[dict[str, str | None]] = []
    differing: set[str] = set()
    for row_no, first_file_no, first_row_no in pairs[:SHOWN_CONFLICTS]:
        first = _row(connection, feed, first_file_no, first_row_no)
        mine = _row(connection, feed, file_no, row_no)
        differing.update(
            column.name for column in feed.columns if first[column.name] != mine[column.name]
        )
        rows += [first, mine]
    names = [*feed.key, *(c.name for c in feed.columns if c.name in differing)]
    header = ["file", "row", *(feed.written(name) for name in names)]
    cells = [[row["path"], row["row_no"], *(row[name] for name in names)] for row in rows]
    key = " and ".join(feed.written(name) for name in feed.key)
    return Problem(
        staged.file.place,
        f"{key} {CONFLICT} in {len(pairs):,} of {staged.rows:,} rows",
        "Ask the sender which of the two is right. If it is the later one, take the earlier file "
        "away and load the rest into a new database.",
        excerpt=table(header, cells, len(pairs) - SHOWN_CONFLICTS),
    )


def _row(
    connection: DuckDBPyConnection, feed: Feed, file_no: int, row_no: int
) -> dict[str, str | None]:
    """A staged or loaded row as texts, with the path of its file."""
    content = content_of(feed)
    names = ["row_no", *(column.name for column in feed.columns)]
    listed = ", ".join(f"cast(found.{name} as varchar)" for name in names)
    # A row that is both, of a file read again, says the same in both.
    [values] = connection.execute(
        f"select files.path, {listed} from "
        f"(({content.staged}) union all by name ({content.loaded})) as found "
        "inner join loading_files as files using (file_no) "
        f"where found.file_no = {file_no} and found.row_no = {row_no} limit 1"
    ).fetchall()
    return dict(zip(["path", *names], values, strict=True))


def _shown(column: str) -> str:
    """SQL of a value as text, an empty one said to be so."""
    return f"coalesce(cast({column} as varchar), '(empty)')"
