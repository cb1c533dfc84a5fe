"""Large marts are looked at in pieces: what is looked at, and that it is said."""

from __future__ import annotations

from pathlib import Path

import duckdb

from ingestion.warehouse import reading
from reports.output_checks import looks, sample_of_customers, schema_results
from reports.schemas import OUTPUTS


def usage_of(**events: int) -> duckdb.DuckDBPyConnection:
    """A database with so many events of each customer."""
    connection = duckdb.connect()
    connection.execute("create schema raw")
    connection.execute("create table raw.usage_customers (customer_no int, customer_id varchar)")
    connection.execute("create table raw.usage (customer_no int)")
    for number, (customer, count) in enumerate(events.items()):
        connection.execute("insert into raw.usage_customers values (?, ?)", [number, customer])
        connection.execute("insert into raw.usage select ? from range(?)", [number, count])
    return connection


def test_usage_that_fits_needs_no_sample() -> None:
    assert sample_of_customers(usage_of(acme=3, globex=2), row_cap=5) == []


def test_sample_holds_as_many_customers_as_fit_and_at_least_one() -> None:
    # md5('acme') is 53bc..., md5('globex') dcb2...: acme comes first.
    assert sample_of_customers(usage_of(acme=3, globex=2), row_cap=4) == ["acme"]
    assert sample_of_customers(usage_of(acme=3, globex=2), row_cap=1) == ["acme"]


def test_every_row_of_a_small_book_is_looked_at(lite_db: Path) -> None:
    with reading(lite_db) as connection:
        results = schema_results(connection)
    statements = {result.name: result.statement for result in results}
    assert statements["schema_rated_usage"] == "rated_usage leaves in the promised shape (3 rows)"


def test_what_is_not_looked_at_is_said(lite_db: Path) -> None:
    with reading(lite_db) as connection:
        results = schema_results(connection, row_cap=1)
    statements = {result.name: result.statement for result in results}
    # Of three events two are acme's, the first customer of the sample: more than fits, so its
    # periods are looked at whole until there are enough rows, and the first has both.
    assert statements["schema_rated_usage"].endswith("(2 of its rows)")
    # Lots are booked in two periods: one row of each.
    assert statements["schema_credit_lots"].endswith("(2 of its rows)")


def test_pieces_are_periods(lite_db: Path) -> None:
    lots = next(output for output in OUTPUTS if output.table == "credit_lots")
    with reading(lite_db) as connection:
        found = list(looks(connection, lots, row_cap=100))
    assert [look.frame.height for look in found] == [2, 2]
    assert all(look.is_all for look in found)
