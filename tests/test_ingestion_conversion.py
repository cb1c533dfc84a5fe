"""Values on their way into raw columns: to the last digit, or refused with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.conversion import Conversion, Unsuitable, conversion
from ingestion.sources import FEEDS
from ingestion.sources.feed import Column

QUANTITY = ("usage", "quantity")
RATE = ("fx_rates", "rate")
TIME = ("usage", "occurred_at")
PRIORITY = ("grants", "priority")
DAY = ("fx_rates", "rate_date")
MONTH = ("period_closes", "period")
NAME = ("usage", "customer_id")
PROPERTIES = ("usage", "properties")


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


def column(which: tuple[str, str]) -> Column:
    feed, name = which
    return next(each for each in FEEDS[feed].columns if each.name == name)


def convert(
    connection: duckdb.DuckDBPyConnection, which: tuple[str, str], sql: str
) -> tuple[Any, str | None]:
    """The stored value of a SQL expression, and why there is none."""
    [(_, file_type, *_rest)] = connection.execute(f"describe select {sql} as given").fetchall()
    how = conversion(column(which), file_type, "given")
    assert isinstance(how, Conversion), how
    fault = how.fault or "null"
    [row] = connection.execute(
        f"select {how.value}, {fault} from (select {sql} as given)"
    ).fetchall()
    return row[0], row[1]


def text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0", "0"),
        ("-0.000000001", "-0.000000001"),
        ("+7.5", "7.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("  12.00 ", "12"),
        ("007", "7"),
        ("9999999999999999999.999999999", "9999999999999999999.999999999"),
        # Ten decimals of which the last is nought say the same with nine.
        ("1.1234567890", "1.123456789"),
    ],
)
def test_a_decimal_text_is_read_to_the_last_digit(
    connection: duckdb.DuckDBPyConnection, written: str, value: str
) -> None:
    assert convert(connection, QUANTITY, text(written)) == (Decimal(value), None)


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("0.0000000001", "has more than 9 decimals"),
        ("10000000000000000000", "has more than 19 digits before the decimal point"),
        ("10000000000000000000.5", "has more than 19 digits before the decimal point"),
        ("1e3", "is in scientific notation"),
        ("1.5E-07", "is in scientific notation"),
        ("1,000", "is not a plain decimal number"),
        ("1_000", "is not a plain decimal number"),
        ("$5", "is not a plain decimal number"),
        ("NaN", "is not a plain decimal number"),
        ("-", "is not a plain decimal number"),
        (".", "is not a plain decimal number"),
        ("1.2.3", "is not a plain decimal number"),
        ("0x10", "is not a plain decimal number"),
        ("(5.00)", "is not a plain decimal number"),
    ],
)
def test_a_decimal_text_that_would_change_is_refused(
    connection: duckdb.DuckDBPyConnection, written: str, fault: str
) -> None:
    assert convert(connection, QUANTITY, text(written)) == (None, fault)


def test_an_exchange_rate_keeps_twelve_decimals(connection: duckdb.DuckDBPyConnection) -> None:
    inside, outside = "0.000000000001", "0.0000000000001"
    assert convert(connection, RATE, text(inside)) == (Decimal(inside), None)
    assert convert(connection, RATE, text(outside)) == (None, "has more than 12 decimals")


@given(
    value=st.decimals(
        min_value=Decimal("-9999999999999999999"),
        max_value=Decimal("9999999999999999999"),
        places=9,
    )
)
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_decimal_that_fits_comes_back_unchanged(value: Decimal) -> None:
    with duckdb.connect() as connection:
        written = format(value, "f")
        assert convert(connection, QUANTITY, text(written)) == (value, None)
        typed = f"cast('{written}' as decimal(38, 12))"
        assert convert(connection, QUANTITY, typed) == (value, None)


@pytest.mark.parametrize(
    ("typed", "value", "fault"),
    [
        ("cast(5 as bigint)", "5", None),
        ("cast(9223372036854775807 as bigint)", "9223372036854775807", None),
        ("cast('9999999999999999999' as hugeint)", "9999999999999999999", None),
        ("cast('10000000000000000000' as hugeint)", None, "digits before the decimal point"),
        ("cast('1.123456789' as decimal(38, 18))", "1.123456789", None),
        ("cast('1.1234567891' as decimal(38, 18))", None, "has more than 9 decimals"),
        ("cast('10000000000000000000' as decimal(38, 2))", None, "digits before the decimal"),
        ("cast('1.5' as decimal(18, 6))", "1.5", None),
    ],
)
def test_a_typed_number_is_read_exactly_or_refused(
    connection: duckdb.DuckDBPyConnection, typed: str, value: str | None, fault: str | None
) -> None:
    found, why = convert(connection, QUANTITY, typed)
    assert found == (None if value is None else Decimal(value))
    assert (fault or "") in (why or "")
    assert (why is None) == (fault is None)


@pytest.mark.parametrize(
    ("which", "file_type", "words"),
    [
        (QUANTITY, "DOUBLE", "binary floating-point"),
        (QUANTITY, "FLOAT", "binary floating-point"),
        (QUANTITY, "BOOLEAN", "is a BOOLEAN, not a decimal"),
        (TIME, "TIMESTAMP", "has no time zone (its type is TIMESTAMP)"),
        (TIME, "TIMESTAMP_NS", "has no time zone"),
        (TIME, "DATE", "has no time zone"),
        (TIME, "BIGINT", "is a BIGINT, not a time"),
        (NAME, "DOUBLE", "cannot be used as text"),
        (NAME, "STRUCT(a INTEGER)", "is a STRUCT and cannot be used as text"),
        (NAME, "VARCHAR[]", "cannot be used as text"),
        (DAY, "TIMESTAMP", "not a date"),
        (MONTH, "DATE", "not a period"),
        (PRIORITY, "DECIMAL(18,3)", "not a whole number"),
        (PROPERTIES, "INTEGER", "is an INTEGER, not a JSON object"),
    ],
)
def test_a_type_that_cannot_be_exact_is_refused_for_the_whole_file(
    which: tuple[str, str], file_type: str, words: str
) -> None:
    how = conversion(column(which), file_type, "given")
    assert isinstance(how, Unsuitable)
    assert words in how.message
    assert how.remedy


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-01-31T23:30:00Z", datetime(2026, 1, 31, 23, 30, tzinfo=UTC)),
        ("2026-01-31 23:30:00+00:00", datetime(2026, 1, 31, 23, 30, tzinfo=UTC)),
        # Half past midnight in Vienna is still January in Greenwich.
        ("2026-02-01T00:30:00+01:00", datetime(2026, 1, 31, 23, 30, tzinfo=UTC)),
        ("2026-01-31T18:00:00-0530", datetime(2026, 1, 31, 23, 30, tzinfo=UTC)),
        ("2026-01-31 15:30-08", datetime(2026, 1, 31, 23, 30, tzinfo=UTC)),
        ("2026-01-31 23:30:00 UTC", datetime(2026, 1, 31, 23, 30, tzinfo=UTC)),
        # Finer than a microsecond is cut off, never rounded up into the next one.
        ("2026-01-31T23:59:59.9999999Z", datetime(2026, 1, 31, 23, 59, 59, 999999, tzinfo=UTC)),
    ],
)
def test_a_time_with_its_zone_becomes_utc(
    connection: duckdb.DuckDBPyConnection, written: str, instant: datetime
) -> None:
    assert convert(connection, TIME, text(written)) == (instant.replace(tzinfo=None), None)


@pytest.mark.parametrize(
    "written",
    ["2026-01-31", "2026-01-31 23:30:00", "2026-01-31T23:30:00.5", "2026-01-31T23:30"],
)
def test_a_time_without_a_zone_is_refused(
    connection: duckdb.DuckDBPyConnection, written: str
) -> None:
    assert convert(connection, TIME, text(written)) == (None, "has no time zone")


@pytest.mark.parametrize(
    "written",
    [
        "31/01/2026",
        "1767225600",
        "2026-02-30T00:00:00Z",
        "2026-01-31T25:00:00Z",
        "yesterday",
        "2026-01-31T23:30:00 Europe/Vienna",
    ],
)
def test_what_is_no_time_is_refused(connection: duckdb.DuckDBPyConnection, written: str) -> None:
    value, fault = convert(connection, TIME, text(written))
    assert value is None
    assert fault == "is not a time written like 2026-01-31T12:00:00Z"


def test_a_zoned_column_becomes_utc(connection: duckdb.DuckDBPyConnection) -> None:
    value, fault = convert(connection, TIME, "timestamptz '2026-02-01 00:30:00+01:00'")
    assert value == datetime(2026, 1, 31, 23, 30, tzinfo=UTC).replace(tzinfo=None)
    assert fault is None


@pytest.mark.parametrize(
    ("which", "sql", "value"),
    [
        (NAME, "''", None),
        (NAME, "' a '", " a "),
        (NAME, "42", "42"),
        (NAME, "null", None),
        (QUANTITY, "''", None),
        (QUANTITY, "null", None),
        (TIME, "' '", None),
        (PRIORITY, "' -5 '", -5),
        (PRIORITY, "cast(7 as hugeint)", 7),
        (PROPERTIES, "map {'model': 'flux', 'steps': null}", '{"model":"flux","steps":null}'),
        (PROPERTIES, "{'model': 'flux', 'steps': 1.50}", '{"model":"flux","steps":"1.50"}'),
        (PROPERTIES, "''", None),
    ],
)
def test_other_values_are_read_as_they_are(
    connection: duckdb.DuckDBPyConnection, which: tuple[str, str], sql: str, value: Any
) -> None:
    assert convert(connection, which, sql) == (value, None)


@pytest.mark.parametrize(
    ("which", "written", "fault"),
    [
        (PRIORITY, "1.5", "is not a whole number of at most 9 digits"),
        (PRIORITY, "1234567890", "is not a whole number of at most 9 digits"),
        (DAY, "2026-1-31", "is not a date written like 2026-01-31"),
        (DAY, "2026-02-30", "is not a date written like 2026-01-31"),
        (MONTH, "2026-13", "is not a period written like 2026-01"),
        (MONTH, "2026-01-01", "is not a period written like 2026-01"),
    ],
)
def test_other_values_that_cannot_be_read_are_refused(
    connection: duckdb.DuckDBPyConnection, which: tuple[str, str], written: str, fault: str
) -> None:
    assert convert(connection, which, text(written)) == (None, fault)


def test_days_and_months_are_read(connection: duckdb.DuckDBPyConnection) -> None:
    day, _ = convert(connection, DAY, "'2026-01-31'")
    month, _ = convert(connection, MONTH, "'2026-02'")
    typed, _ = convert(connection, DAY, "date '2026-01-31'")
    assert [str(value) for value in (day, month, typed)] == [
        "2026-01-31",
        "2026-02-01",
        "2026-01-31",
    ]
