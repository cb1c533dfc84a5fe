"""Every mart against its output schema, in bounded memory, each failure counted once per rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reports.check_result import CheckResult
from reports.numbers import count, month
from reports.schemas import OUTPUTS, Output

if TYPE_CHECKING:
    import polars as pl
    from duckdb import DuckDBPyConnection

ROW_CAP = 100_000
"""Rows of one mart and period looked at here; dbt's contracts and identities hold the others."""


def schema_results(connection: DuckDBPyConnection, row_cap: int = ROW_CAP) -> list[CheckResult]:
    """One result per mart: whether its rows are of the promised shape.

    Args:
        connection: Open on a built database.
        row_cap: Rows of one period that are validated; a statement says when there were more.
    """
    return [_result(connection, output, row_cap) for output in OUTPUTS]


def chunks(
    connection: DuckDBPyConnection, output: Output, row_cap: int
) -> Iterator[tuple[str, pl.DataFrame, bool]]:
    """A mart in pieces that fit in memory.

    Args:
        connection: Open on a built database.
        output: The mart.
        row_cap: Rows of a piece.

    Yields:
        The period as text ('' for a mart without one), its rows, and whether there were more.
    """
    import polars as pl

    table = f"marts.{output.table}"
    where: list[tuple[str, str, list[object]]] = [("", "", [])]
    if output.chunked_by:
        column = output.chunked_by
        periods = connection.execute(f"select distinct {column} from {table} order by 1").fetchall()
        where = [(month(period), f"where {column} = ?", [period]) for (period,) in periods]
    for name, condition, values in where:
        rows = connection.sql(
            f"select * from {table} {condition} limit {row_cap + 1}", params=values
        )
        frame = pl.DataFrame(rows)
        yield name, frame.head(row_cap), frame.height > row_cap


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
    """One mart, all of its chunks."""
    statement = f"{output.table} leaves in the promised shape"
    rows, is_capped = 0, False
    broken: dict[str, int] = {}
    for _, frame, is_more in chunks(connection, output, row_cap):
        rows += frame.height
        is_capped |= is_more
        for rule, failures in failures_of(output, frame).items():
            broken[rule] = broken.get(rule, 0) + failures
    seen = f"the first {row_cap:,} rows of each period" if is_capped else count(rows, "row")
    statement += f" ({seen})"
    if broken:
        statement += ": " + "; ".join(sorted(broken))
    return CheckResult(
        name=f"schema_{output.table}",
        kind="schema",
        statement=statement,
        failures=sum(broken.values()),
        is_ok=not broken,
        rows_kept_in=f"marts.{output.table}" if broken else "",
    )
