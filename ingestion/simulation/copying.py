"""Writing the result of a query to a file."""

from __future__ import annotations

from pathlib import Path

from duckdb import DuckDBPyConnection

CSV = "format csv, header"
JSON_LINES = "format json"
PARQUET = "format parquet, compression zstd, row_group_size 122880"


def copy_to(connection: DuckDBPyConnection, target: Path, query: str, options: str) -> int:
    """Write a query's rows to a file in their order, and return how many there were."""
    quoted = target.as_posix().replace("'", "''")
    written = connection.execute(f"copy ({query}) to '{quoted}' ({options})").fetchall()
    return int(written[0][0])
