"""A connection that remembers what it was asked, so that a report can name its logic."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Values = Mapping[str, Any] | Sequence[Any]


class Recorder:
    """Runs queries on a connection and keeps their text; stands in for it where one is read."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self._connection = connection
        self._queries: list[str] = []

    def execute(self, query: str, parameters: Values | None = None) -> DuckDBPyConnection:
        """Run a query."""
        self._queries.append(" ".join(query.split()))
        return self._connection.execute(query, parameters)

    @property
    def sql_sha256(self) -> str:
        """Digest over the queries so far, in their order, without their line breaks."""
        return hashlib.sha256("\n".join(self._queries).encode()).hexdigest()
