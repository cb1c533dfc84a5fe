"""Every mart against its output schema, in bounded memory, each failure counted once per rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reports.check_result import CheckResult
from reports.numbers import count
from reports.schemas import OUTPUTS, Output

if TYPE_CHECKING:
    import polars as pl
    from duckdb import DuckDBPyConnection

ROW_CAP = 200_000
"""Rows looked at here of one period of a mart, or of a mart with a row for every event.

dbt's contracts and identities hold all of them; this is a second opinion by another engine.
"""


@dataclass(frozen=True)
class Look:
    """Some rows of a mart, and what part of it they are.

    Attributes:
        frame: The rows.
        is_all: Whether nothing of what was asked for was left out.
    """

    frame: pl.DataFrame
    is_all: bool


def schema_results(connection: DuckDBPyConnection, row_cap: int = ROW_CAP) -> list[CheckResult]:
    """One result per mart: whether its rows are of the promised shape.

    Args:
        connection: Open on a built database.
        row_cap: Rows of a period, or of events, that are validated; a result says when there were
            more.
    """
    return [_result(connection, output, row_cap) for output in OUTPUTS]


def looks(connection: DuckDBPyConnection, output: Output, row_cap: int) -> Iterator[Look]:
    """A mart in pieces that fit in memory: by period, or for some customers where it has events.

    Args:
        connection: Open on a built database.
        output: The mart.
        row_cap: Rows of a piece.
    """
    if output.is_event_level:
        yield from _looks_at_events(connection, output, row_cap)
        return
    table = f"marts.{output.table}"
    if output.chunked_by is None:
        yield _look(connection, table, "", [], row_cap)
        return
    column = output.chunked_by
    for period in _periods(connection, table, column, "", []):
        yield _look(connection, table, f"where {column} = ?", [period], row_cap)


def _looks_at_events(
    connection: DuckDBPyConnection, output: Output, row_cap: int
) -> Iterator[Look]:
    """A mart of events by period: all of it, or the periods of some customers up to the cap.

    Never with a limit: DuckDB 2.0.0 waits for ever when a limit ends the joins of these views
    early.
    """
    table, column = f"marts.{output.table}", output.chunked_by
    condition, values = "", list[object]()
    if customers := sample_of_customers(connection, row_cap):
        condition, values = "where customer_id in (select unnest(?))", [customers]
        if len(customers) > 1:
            look = _look(connection, table, condition, values, row_cap=None)
            yield replace(look, is_all=False)
            return
    seen = 0
    for period in _periods(connection, table, column, condition, values):
        where = f"{condition} {'and' if condition else 'where'} {column} = ?"
        look = _look(connection, table, where, [*values, period], row_cap=None)
        seen += look.frame.height
        yield replace(look, is_all=not customers)
        if customers and seen >= row_cap:
            return


def _periods(
    connection: DuckDBPyConnection,
    table: str,
    column: str | None,
    condition: str,
    values: list[object],
) -> list[object]:
    """The periods of a mart's rows that meet a condition, in order."""
    rows = connection.execute(
        f"select distinct {column} from {table} {condition} order by 1", values
    ).fetchall()
    return [period for (period,) in rows]


def sample_of_customers(connection: DuckDBPyConnection, row_cap: int) -> list[str]:
    """Customers whose usage is about as many rows as may be looked at; none when all of it is.

    Picked by digest of the id: by chance, but the same ones each time. The first is always taken.

    Args:
        connection: Open on a loaded database.
        row_cap: Rows of usage.
    """
    rows = connection.execute(
        """
        with
        counted as (
            select customer_id, count(*) as events
            from raw.usage inner join raw.usage_customers using (customer_no) group by customer_id
        ),
        running as (
            select
                customer_id,
                sum(events) over (order by md5(customer_id), customer_id) as events_to,
                sum(events) over () as events_in_all,
                row_number() over (order by md5(customer_id), customer_id) as place
            from counted
        )
        select customer_id from running
        where events_in_all > $cap and (events_to <= $cap or place = 1)
        """,
        {"cap": row_cap},
    ).fetchall()
    return [customer for (customer,) in rows]


def _look(
    connection: DuckDBPyConnection,
    table: str,
    condition: str,
    values: list[object],
    row_cap: int | None,
) -> Look:
    """Rows that meet a condition, up to the cap if there is one."""
    import polars as pl

    limit = "" if row_cap is None else f"limit {row_cap + 1}"
    frame = pl.DataFrame(
        connection.sql(f"select * from {table} {condition} {limit}", params=values)
    )
    if row_cap is None:
        return Look(frame, is_all=True)
    return Look(frame.head(row_cap), frame.height <= row_cap)


def failures_of(output: Output, frame: pl.DataFrame) -> dict[str, int]:
    """Rules a frame breaks, with the number of rows that break each.

    Args:
        output: The mart; its schema is asked.
        frame: Some of its rows.
    """
    import pandera.errors as pandera_errors

    inexact = [name for name, dtype in frame.schema.items() if dtype.is_float()]
    broken = {f"{name} is a binary float": frame.height for name in inexact}
    try:
        # Lazily, so that every broken rule is found and not only the first.
        output.schema.validate(frame, lazy=True)
    except pandera_errors.SchemaErrors as errors:
        for case in errors.failure_cases.iter_rows(named=True):
            rule = f"{case['column']}: {case['check']}"
            if case["column"] == output.schema.__name__ or case["column"] is None:
                rule = str(case["check"])
            broken[rule] = broken.get(rule, 0) + 1
    return broken


def _result(connection: DuckDBPyConnection, output: Output, row_cap: int) -> CheckResult:
    """One mart, all of its pieces."""
    rows, is_all = 0, True
    broken: dict[str, int] = {}
    for look in looks(connection, output, row_cap):
        rows += look.frame.height
        is_all &= look.is_all
        for rule, failures in failures_of(output, look.frame).items():
            broken[rule] = broken.get(rule, 0) + failures
    statement = f"{output.table} leaves in the promised shape ("
    statement += count(rows, "row") if is_all else f"{rows:,} of its rows"
    statement += ")" + "".join(f"; {rule}" for rule in sorted(broken))
    return CheckResult(
        name=f"schema_{output.table}",
        kind="schema",
        statement=statement,
        failures=sum(broken.values()),
        is_ok=not broken,
        rows_kept_in=f"marts.{output.table}" if broken else "",
    )
