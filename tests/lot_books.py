"""Small books for tests of single lots: files, rows, and what the real commands make of them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import duckdb

from tests.error_cases import Outcome, run

Rows = list[dict[str, Any]]


def use(customer: str, *uses: tuple[str, int]) -> Rows:
    """Calls of a customer at noon of some days."""
    return [
        {
            "event_id": f"{customer}-{day}",
            "occurred_at": f"{day}T12:00:00Z",
            "customer_id": customer,
            "meter": "calls",
            "quantity": quantity,
        }
        for day, quantity in uses
    ]


def run_book(
    folder: Path, files: dict[str, str], as_of: str, **feeds: Rows
) -> tuple[Path, Outcome]:
    """The database of a book of these files and rows, and what `run` said."""
    book, data = folder / "book", folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (book / name).parent.mkdir(parents=True, exist_ok=True)
        (book / name).write_text(text)
    for feed, rows in feeds.items():
        with (data / f"{feed}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(
                file, fieldnames=list({name: 0 for row in rows for name in row})
            )
            writer.writeheader()
            writer.writerows(rows)
    database = folder / "books.duckdb"
    places = ("--book", str(book), "--data", str(data), "--db", str(database))
    return database, run("run", "--as-of", as_of, *places)


def query(database: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(sql).fetchall()
