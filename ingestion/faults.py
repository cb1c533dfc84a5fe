"""What is wrong with which row: kept in a temporary table, shown per file and rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from ingestion.readers import quote_name
from ingestion.sources.feed import Feed
from ingestion.staging import Staged, staged_table
from rate_cards.problems import Problem

FAULTS = "file_no integer, row_no bigint, column_name varchar, rule varchar, value varchar"
"""One row per file row and broken rule. column_name is null for a rule between columns."""

CONFLICT = "came before with other content"
"""The one rule shown elsewhere: ingestion/repeats.py sets both rows side by side."""
SHOWN_ROWS = 5
SHOWN_WIDTH = 48


@dataclass(frozen=True)
class Broken:
    """A rule and how often one file breaks it."""

    column: str | None
    rule: str
    rows: int


def create_faults_table(connection: DuckDBPyConnection) -> None:
    """Make the temporary table that faults are collected in."""
    connection.execute(f"create temp table faults ({FAULTS})")


def problems_of(
    connection: DuckDBPyConnection, feed: Feed, staged: Staged, remedies: Mapping[str, str]
) -> list[Problem]:
    """One problem per rule that the file's rows break, with the first rows as a table.

    Args:
        connection: Has the faults and the staged rows.
        feed: The file's feed.
        staged: The file.
        remedies: Rule -> what to do about it, for rules that need more than asking the sender;
            `{column}` in it stands for the column at fault.
    """
    return [
        _problem(connection, feed, staged, broken, remedies)
        for broken in _broken_rules(connection, staged.file.file_no)
    ]


def _broken_rules(connection: DuckDBPyConnection, file_no: int) -> list[Broken]:
    rows = connection.execute(
        "select column_name, rule, count(*) from faults where file_no = ? and rule <> ? "
        "group by all order by column_name nulls last, rule",
        [file_no, CONFLICT],
    ).fetchall()
    return [Broken(*row) for row in rows]


def _problem(
    connection: DuckDBPyConnection,
    feed: Feed,
    staged: Staged,
    broken: Broken,
    remedies: Mapping[str, str],
) -> Problem:
    column = feed.written(broken.column) if broken.column else ""
    remedy = remedies.get(broken.rule, "Ask the sender for a corrected file.")
    return Problem(
        staged.file.place,
        f"{column} {broken.rule} in {broken.rows:,} of {staged.rows:,} rows".lstrip(),
        remedy.replace("{column}", column),
        excerpt=_first_rows(connection, feed, staged, broken),
    )


def _first_rows(connection: DuckDBPyConnection, feed: Feed, staged: Staged, broken: Broken) -> str:
    """The first rows that break the rule: where they are, their key, and the values it is about."""
    names = _columns_shown(feed, broken)
    values = ", ".join(
        f"coalesce(faults.value, cast(staged.{name} as varchar))"
        if name == broken.column
        else f"cast(staged.{name} as varchar)"
        for name in names
    )
    rows = connection.execute(
        f"select cast(faults.row_no as varchar), {values} from faults "
        f"inner join {staged_table(feed)} as staged using (file_no, row_no) "
        "where file_no = ? and rule = ? and column_name is not distinct from ? "
        f"order by faults.row_no limit {SHOWN_ROWS}",
        [staged.file.file_no, broken.rule, broken.column],
    ).fetchall()
    header = ["row", *(feed.written(name) for name in names)]
    return table(header, rows, broken.rows - len(rows))


def _columns_shown(feed: Feed, broken: Broken) -> list[str]:
    """The key, then the column at fault, or every column that the rule names."""
    if broken.column:
        about = [broken.column]
    else:
        words = broken.rule.split()
        about = [column.name for column in feed.columns if column.written in words]
    if broken.column == "properties":
        about.insert(0, "meter")
    return list(dict.fromkeys([*feed.key, *about]))


def table(header: Sequence[str], rows: Sequence[Sequence[str | None]], more: int) -> str:
    """Aligned rows, indented by two, and how many more there are."""
    cells = [list(header), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(header))]
    lines = [
        "  "
        + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    if more > 0:
        lines.append(f"  … {more:,} more")
    return "\n".join(lines)


def _cell(value: str | None) -> str:
    """A value on one line, shortened; an empty one is said to be so."""
    if value is None or value == "":
        return "(empty)"
    text = " ".join(value.split())
    return text if len(text) <= SHOWN_WIDTH else text[: SHOWN_WIDTH - 1] + "…"


def keep_rejected_rows(connection: DuckDBPyConnection, feed: Feed, staged: Staged) -> None:
    """Write the rows of one file that have faults to raw.rejected_rows, as they came.

    Values are shown as texts, so that evidence has every digit the file has.
    """
    file_no = staged.file.file_no
    connection.execute("delete from raw.rejected_rows where file_no = ?", [file_no])
    if not connection.execute(
        "select 1 from faults where file_no = ? limit 1", [file_no]
    ).fetchall():
        return
    pairs = ", ".join(
        f"'{name.replace(chr(39), chr(39) * 2)}', cast({quote_name(name)} as varchar)"
        for name in staged.relation.columns
    )
    names = " ".join(f"when '{column.name}' then '{column.written} '" for column in feed.columns)
    connection.execute(
        f"""
        insert into raw.rejected_rows
        with reasons as (
            select
                row_no,
                string_agg(reason, '; ' order by reason) as problem
            from (
                select
                    row_no,
                    case column_name {names} else '' end || rule
                    || case when value is null then '' else ': ' || value end as reason
                from faults
                where file_no = {file_no}
            )
            group by row_no
        )
        select {file_no}, reasons.row_no, '{feed.name}', reasons.problem, came.row_json
        from reasons
        inner join (
            select _row, cast(json_object({pairs}) as varchar) as row_json
            from ({staged.relation.sql})
        ) as came on reasons.row_no = came._row
        order by reasons.row_no
        """
    )
