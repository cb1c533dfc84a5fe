"""The rules of a feed, checked over its staged rows: the pandera schema, in chunks."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from duckdb import DuckDBPyConnection
from pandera.errors import SchemaErrors

from ingestion.phrases import phrase
from ingestion.sources.feed import Feed
from ingestion.staging import staged_table
from ingestion.warehouse import append_rows

ROWS_PER_CHUNK = 1_000_000
"""Bounds the memory of validation; a chunk of usage takes about 100 MB."""


def check_schema(connection: DuckDBPyConnection, feed: Feed) -> None:
    """Check every staged row of a feed against its schema and keep the failures as faults.

    A value that could not be read is missing for that reason and not reported as missing again.
    """
    for chunk in _chunks(connection, feed):
        append_rows(connection, "faults", failures(feed, chunk))
    connection.execute(
        "delete from faults using faults as unread where faults.rule = 'is missing' "
        "and unread.rule <> 'is missing' and faults.file_no = unread.file_no "
        "and faults.row_no = unread.row_no and faults.column_name = unread.column_name"
    )


def failures(feed: Feed, rows: pl.DataFrame) -> pl.DataFrame:
    """Every rule that every row breaks.

    Args:
        feed: The feed.
        rows: Columns of the feed's schema, and file_no and row_no.

    Returns:
        file_no, row_no, column_name (null for a rule between columns), rule, value: one row per
        failure.

    Raises:
        TypeError: A column has another type than the schema's: our mistake, not the sender's.
    """
    try:
        feed.schema.validate(rows, lazy=True)
    except SchemaErrors as error:
        found = error.failure_cases
    else:
        return _NO_FAILURES
    if found["index"].has_nulls():
        raise TypeError(f"{feed.name}: {found.filter(pl.col('index').is_null()).to_dicts()}")
    at = rows.select("file_no", "row_no")[found["index"].to_list()]
    is_between_columns = found["schema_context"] == "DataFrameSchema"
    failed: pl.DataFrame = at.with_columns(
        pl.when(~is_between_columns).then(found["column"]).alias("column_name"),
        pl.Series("rule", [phrase(check) for check in found["check"]], dtype=pl.String),
        # The value is in the staged row; only unreadable ones need to be kept.
        pl.lit(None, dtype=pl.String).alias("value"),
    )
    return failed


def _chunks(connection: DuckDBPyConnection, feed: Feed) -> Iterator[pl.DataFrame]:
    """The staged rows, a million at a time; columns without a rule stay where they are."""
    table = staged_table(feed)
    columns = ", ".join(column.name for column in feed.columns)
    [(rows,)] = connection.execute(f"select count(*) from {table}").fetchall()
    for first in range(0, rows, ROWS_PER_CHUNK):
        yield pl.DataFrame(
            connection.sql(
                f"select file_no, row_no, {columns} from {table} "
                f"where rowid >= {first} and rowid < {first + ROWS_PER_CHUNK}"
            )
        )


_NO_FAILURES = pl.DataFrame(
    schema={
        "file_no": pl.Int32,
        "row_no": pl.Int64,
        "column_name": pl.String,
        "rule": pl.String,
        "value": pl.String,
    }
)
