"""Rows seen before: the same again is a duplicate, other content under the same key a conflict.

Some facts are completed later: a subscription that was running has ended. A row that only fills
what another leaves empty is neither; both are kept, and models read them as one.
"""

from __future__ import annotations

from collections.abc import Iterable
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
    and row; and with it those that fill in what it leaves empty. repeats_<feed> has a row for each
    other one: file_no, row_no, is_conflict, and first_file_no and first_row_no of the row kept that
    it repeats or contradicts. Rows with faults do not take part.
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
    everything = ", ".join(column.name for column in feed.columns)
    told_apart = everything if feed.filled_later else key
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
            qualify row_number() over (
                partition by {told_apart} order by is_staged, file_no, row_no
            ) = 1
        ),
        {_compared(feed)}
        select
            candidates.file_no,
            candidates.row_no,
            not compared.agrees as is_conflict,
            compared.with_file_no as first_file_no,
            compared.with_row_no as first_row_no
        from candidates
        inner join compared using (is_staged, file_no, row_no)
        where
            candidates.is_staged
            and not (
                compared.agrees
                and candidates.file_no = compared.with_file_no
                and candidates.row_no = compared.with_row_no
                and not compared.with_loaded
            )
        """
    )


def _compared(feed: Feed) -> str:
    """SQL of `compared`: each candidate, the row it is held against, and whether they agree.

    Without columns to fill in, that is the first row of its key. With them it is the first row
    before it that it contradicts; where there is none, the first row that says the same.
    """
    names = [column.name for column in feed.columns]
    if not feed.filled_later:
        return f"""
        compared as (
            select
                candidates.is_staged,
                candidates.file_no,
                candidates.row_no,
                {_same(names, "candidates", "first_ones")} as agrees,
                first_ones.file_no as with_file_no,
                first_ones.row_no as with_row_no,
                not first_ones.is_staged as with_loaded
            from candidates
            inner join first_ones using ({", ".join(feed.key)})
        )
        """
    before = (
        "(earlier.is_staged, earlier.file_no, earlier.row_no) "
        "< (later.is_staged, later.file_no, later.row_no)"
    )
    on_key = " and ".join(f"earlier.{name} = later.{name}" for name in feed.key)
    return f"""
        clashes as (
            select
                later.is_staged,
                later.file_no,
                later.row_no,
                min((earlier.is_staged, earlier.file_no, earlier.row_no)) as held_against
            from first_ones as later
            inner join first_ones as earlier
                on {on_key} and {before} and ({_contradicts(feed)})
            group by all
        ),
        compared as (
            select
                candidates.is_staged,
                candidates.file_no,
                candidates.row_no,
                clashes.held_against is null as agrees,
                coalesce(clashes.held_against[2], first_ones.file_no) as with_file_no,
                coalesce(clashes.held_against[3], first_ones.row_no) as with_row_no,
                not coalesce(clashes.held_against[1], first_ones.is_staged) as with_loaded
            from candidates
            inner join first_ones on {_same(names, "candidates", "first_ones")}
            left join clashes
                on
                    first_ones.is_staged = clashes.is_staged
                    and first_ones.file_no = clashes.file_no
                    and first_ones.row_no = clashes.row_no
        )
        """


def _contradicts(feed: Feed) -> str:
    """SQL: whether `earlier` and `later`, two rows of one key, cannot both be said of one fact.

    They differ in what cannot be filled in; or both fill a column, each in its own way; or they
    were received at different times without one filling in what the other leaves empty; or the
    emptier one was received last, which takes back what was known.
    """
    fixed = [
        column.name
        for column in feed.columns
        if column.name not in (*feed.filled_later, "received_at")
    ]
    found = [f"earlier.{name} is distinct from later.{name}" for name in fixed]
    found += [f"earlier.{name} <> later.{name}" for name in feed.filled_later]
    if any(column.name == "received_at" for column in feed.columns):
        found.append(
            f"{_same(feed.filled_later, 'earlier', 'later')} "
            "and earlier.received_at is distinct from later.received_at"
        )
        found += [
            f"{empty}.{name} is null and {full}.{name} is not null "
            f"and {empty}.received_at > {full}.received_at"
            for name in feed.filled_later
            for empty, full in (("earlier", "later"), ("later", "earlier"))
        ]
    return " or ".join(f"coalesce({clash}, false)" for clash in found)


def _same(names: Iterable[str], one: str, other: str) -> str:
    """SQL: whether two rows agree in every column named."""
    return " and ".join(f"{one}.{name} is not distinct from {other}.{name}" for name in names)


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
            -- Once each: a file read again has its loaded rows among the staged ones too.
            select distinct * from (
                select * from ({content.staged})
                union all by name
                select * from ({content.loaded})
            )
            semi join (
                select first_file_no as file_no, first_row_no as row_no
                from repeats_{feed.name} where is_conflict
            ) using (file_no, row_no)
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
