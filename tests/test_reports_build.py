"""What a build depends on: the as-of instant, the loaded facts, the digest of the models."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from rate_cards.problems import InputError
from reports.build import Parameters, default_as_of, models_digest, parse_as_of


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def loaded(usage: str | None, payment: str | None, subscription: str | None) -> object:
    connection = duckdb.connect()
    connection.execute("create schema raw")
    for table, column, value in [
        ("usage", "occurred_at", usage),
        ("payments", "occurred_at", payment),
        ("subscriptions", "started_at", subscription),
    ]:
        connection.execute(f"create table raw.{table} ({column} timestamp)")
        if value:
            connection.execute(f"insert into raw.{table} values (?)", [value])
    return connection


@pytest.mark.parametrize(
    ("typed", "zone", "instant"),
    [
        ("2026-01", "UTC", "2026-02-01T00:00:00"),
        ("2026-12", "UTC", "2027-01-01T00:00:00"),
        ("2026-01-31", "UTC", "2026-02-01T00:00:00"),
        ("2026-01-30", "UTC", "2026-01-31T00:00:00"),
        ("2026-02-01T00:00:00Z", "UTC", "2026-02-01T00:00:00"),
        ("2026-02-01T00:00:00+02:00", "UTC", "2026-01-31T22:00:00"),
        # Midnight in New York is 05:00 UTC in winter and 04:00 in summer.
        ("2026-01", "America/New_York", "2026-02-01T05:00:00"),
        ("2026-06-30", "America/New_York", "2026-07-01T04:00:00"),
    ],
)
def test_months_and_days_are_known_to_their_end(typed: str, zone: str, instant: str) -> None:
    assert parse_as_of(typed, zone) == utc(instant)


@pytest.mark.parametrize(
    "typed", ["2026", "2026-13", "2026-02-30", "yesterday", "2026-01-31T12:00"]
)
def test_as_of_that_is_no_date_or_has_no_zone_is_refused(typed: str) -> None:
    with pytest.raises(InputError, match="not a month, a day or an instant with its zone"):
        parse_as_of(typed, "UTC")


@pytest.mark.parametrize(
    ("usage", "payment", "subscription", "instant"),
    [
        ("2026-01-31 23:59:59.999999", None, None, "2026-02-01T00:00:00"),
        ("2026-02-01 00:00:00", None, None, "2026-03-01T00:00:00"),
        ("2026-01-05 00:00:00", "2026-03-01 00:00:00", None, "2026-04-01T00:00:00"),
        ("2026-01-05 00:00:00", None, "2026-02-28 00:00:00", "2026-03-01T00:00:00"),
    ],
)
def test_default_as_of_is_the_end_of_the_last_month_that_holds_a_fact(
    usage: str | None, payment: str | None, subscription: str | None, instant: str
) -> None:
    assert default_as_of(loaded(usage, payment, subscription), "UTC") == utc(instant)


def test_default_as_of_follows_the_months_of_the_books_zone() -> None:
    # 02:00 UTC on 1 February is still January in New York: the month ends 05:00 UTC that day.
    connection = loaded("2026-02-01 02:00:00", None, None)
    assert default_as_of(connection, "America/New_York") == utc("2026-02-01T05:00:00")


def test_default_as_of_of_nothing_is_none() -> None:
    assert default_as_of(loaded(None, None, None), "UTC") is None


def test_models_are_told_the_instant_in_utc() -> None:
    as_of = datetime.fromisoformat("2026-02-01T00:00:00+02:00")
    parameters = Parameters("b", as_of, "Europe/Athens", 3, 1, "", "")
    assert parameters.variables == {
        "as_of": "2026-01-31 22:00:00.000000",
        "time_zone": "Europe/Athens",
        "wallet_levels": 3,
        "transfer_passes": 1,
    }


def test_models_digest_moves_with_any_model_and_not_with_build_output(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "target").mkdir()
    (tmp_path / "dbt_project.yml").write_text("name: x")
    model = tmp_path / "models" / "a.sql"
    model.write_text("select 1")
    first = models_digest(tmp_path)
    (tmp_path / "target" / "a.sql").write_text("compiled")
    assert models_digest(tmp_path) == first
    model.write_text("select 2")
    assert models_digest(tmp_path) != first
    model.rename(tmp_path / "models" / "b.sql")
    model.with_name("b.sql").write_text("select 1")
    assert models_digest(tmp_path) != first
