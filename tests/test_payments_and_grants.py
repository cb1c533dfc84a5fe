"""Payments and the grants they were made for, booked in different months; refunds, traced."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from lite_book import lite_book

from tests.error_cases import run

FEEDS = 'path: "customers*.csv"}\n'
GRANTS = '  - {feed: grants, format: csv, path: "grants.csv"}\n'


PAYMENTS = """\
payment_id,occurred_at,customer_id,kind,amount,currency,offer,relates_to
p1,2026-01-20T00:00:00Z,acme,payment,30.00,USD,,
p2,2026-02-20T00:00:00Z,acme,payment,20.00,USD,,
p3,2026-01-20T00:00:00Z,acme,payment,7.00,USD,,
p4,2026-01-20T00:00:00Z,acme,payment,10.00,USD,pack_100,
r1,2026-02-20T00:00:00Z,acme,refund,10.00,USD,,p4
r2,2026-02-21T00:00:00Z,acme,refund,1.00,USD,,
"""
GRANTED = """\
grant_id,customer_id,wallet,credits,kind,effective_at,consideration,currency,payment_id
g1,acme,universal,100,paid,2026-02-10T00:00:00Z,,,p1
g2,acme,universal,100,paid,2026-01-10T00:00:00Z,,,p2
g3,acme,universal,100,paid,2026-01-20T00:00:00Z,4.50,USD,p3
g4,acme,universal,40,migration,2026-01-01T00:00:00Z,5.00,USD,
"""


def built(folder: Path, grants: str) -> tuple[int, str, Path]:
    """Exit code, output and database of the small book with these grants, as of 1 April 2026."""
    book = lite_book(folder, ("book.yml", FEEDS, FEEDS + GRANTS))
    data = folder / "data"
    data.mkdir()
    (data / "payments.csv").write_text(PAYMENTS)
    (data / "grants.csv").write_text(grants)
    (data / "customers.csv").write_text("customer_id\nacme\n")
    (data / "usage.csv").write_text("event_id,occurred_at,customer_id,meter,quantity,properties\n")
    database = folder / "lite.duckdb"
    done = run(
        *("run", "--book", str(book), "--data", str(data), "--db", str(database)),
        *("--as-of", "2026-04-01T00:00:00Z"),
    )
    return done.exit_code, done.stdout + done.stderr, database


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    exit_code, said, database = built(tmp_path_factory.mktemp("granted"), GRANTED)
    assert exit_code == 0, said
    return database


def balances(database: Path, account: str) -> list[Decimal]:
    """Closing balance of an account in January, February and March; debits positive."""
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            "select closing from marts.trial_balance where account_name = ? order by booked_period",
            [account],
        ).fetchall()
    return [closing for (closing,) in rows]


def test_money_received_before_its_grant_is_unapplied_until_then(database: Path) -> None:
    # p1's 30.00 wait for g1 in February. Of p3's 7.00 its grant carries 4.50: 2.50 stay.
    unapplied = [Decimal("-32.50"), Decimal("-2.50"), Decimal("-2.50")]
    assert balances(database, "Unapplied payments") == unapplied


def test_credits_granted_before_they_are_paid_are_a_receivable_until_then(database: Path) -> None:
    assert balances(database, "Accounts receivable") == [20, 0, 0]


def test_every_lot_is_deferred_from_its_own_period_on(database: Path) -> None:
    # January: g2 20.00, g3 4.50, g4 5.00, p4 10.00. February: g1 30.00 more, p4's 10.00 back.
    deferred = [Decimal("-39.50"), Decimal("-59.50"), Decimal("-59.50")]
    assert balances(database, "Deferred revenue") == deferred
    assert balances(database, "Migration clearing") == [5, 5, 5]


def test_the_rest_of_a_payment_is_listed(database: Path) -> None:
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            "select payment_id from revenue.int_payments__unposted where kind = 'payment'"
        ).fetchall()
    assert rows == [("p3",)]


def test_grants_never_carry_more_than_their_payment(tmp_path: Path) -> None:
    grants = GRANTED + "g5,acme,universal,9,paid,2026-03-01T00:00:00Z,2.51,USD,p3\n"
    exit_code, said, _ = built(tmp_path, grants)
    assert exit_code == 1
    assert "Payments tie to lots [1 failing" in said


def test_a_refund_names_the_lots_it_took_from(database: Path) -> None:
    shown = run("trace", "r1", "--db", str(database)).stdout
    assert "took back from 2 lots" in shown
    assert "lot p4:1: 100 universal, booked in 2026-02" in shown
    assert "lot p4:2: 20 universal, booked in 2026-02" in shown
    assert "payment p4 of 10.00 USD" in shown
    shown = run("trace", "r2", "--db", str(database)).stdout
    assert "took nothing back" in shown
