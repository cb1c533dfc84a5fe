"""Payments, the lots they bought, what the processor moved and paid out, and cash in transit."""

from __future__ import annotations

from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from tests.error_cases import run
from tests.lot_books import query, run_book

BOOK = """\
book: cash
entity: Cash, Inc.
functional_currency: USD
time_zone: UTC
first_period: 2025-07
framework: ASC606
wallets:
  universal: {unit: credit}
meters:
  calls: {unit: call}
sources:
  - {feed: payments, format: csv, path: payments.csv}
  - {feed: settlements, format: csv, path: settlements.csv}
  - {feed: fx_rates, format: csv, path: fx_rates.csv}
"""
CARD = """\
version: "2025-07-01"
effective_from: 2025-07-01T00:00:00Z
published_at: 2025-06-15T00:00:00Z
approved: {by: tester, on: 2025-06-15, reference: T-1}
rates:
  - {id: calls, meter: calls, price: [{wallet: universal, credits: 1}]}
offers:
  - id: pack
    price: {amount: 100.00, currency: USD}
    grants: [{wallet: universal, credits: 1000, kind: paid, expires: never}]
  - id: packet
    price: {amount: 100.00, currency: EUR}
    grants: [{wallet: universal, credits: 1000, kind: paid, expires: never}]
"""


def payment(name: str, at: str, amount: str, kind: str = "payment", **terms: Any) -> dict[str, Any]:
    return {
        "payment_id": name,
        "occurred_at": f"{at}T12:00:00Z",
        "customer_id": "" if kind in ("fee", "payout") else "acme",
        "kind": kind,
        "amount": amount,
        "currency": "USD",
        "tax": "",
        "fee": "",
        "offer": "pack" if kind == "payment" else "",
        "relates_to": "",
        **terms,
    }


def moved(name: str, at: str, amount: str, kind: str = "charge", **terms: Any) -> dict[str, Any]:
    return {
        "settlement_id": f"txn_{name}",
        "processor": "stripe",
        "occurred_at": f"{at}T12:00:00Z",
        "kind": kind,
        "amount": amount,
        "fee": "",
        "currency": "USD",
        "payment_id": name,
        "payout_id": "",
        **terms,
    }


PAYMENTS = [
    payment("opening", "2025-07-01", "100"),  # before their first movement
    payment("ties", "2025-07-10", "110", fee="3.20", tax="10"),
    payment("rising", "2025-07-31", "100", fee="3.20"),  # theirs in August
    payment("fee-booked-apart", "2025-07-11", "100"),
    payment("its-fee", "2025-07-11", "3.20", "fee", relates_to="fee-booked-apart"),
    payment("fee-forgotten", "2025-07-12", "100"),
    payment("foreign", "2025-07-13", "100", currency="EUR", offer="packet"),
    payment("re", "2025-07-14", "40", "refund", relates_to="ties"),
    payment("re-short", "2025-07-15", "10", "refund", relates_to="fee-forgotten"),
    payment("dp", "2025-07-20", "100", "dispute_opened", relates_to="fee-booked-apart", fee="15"),
    payment("txn_back", "2025-08-20", "100", "dispute_won", relates_to="fee-booked-apart"),
    payment("gone", "2025-07-16", "25", offer=""),  # they know nothing of it
    payment("po", "2025-08-02", "293.60", "payout"),
    payment("young", "2025-09-02", "100", fee="3.20"),  # after their last movement
]
SETTLEMENTS = [
    moved("ties", "2025-07-10", "110", fee="3.20", payout_id="po"),
    moved("rising", "2025-08-01", "100", fee="3.20", payout_id="po"),
    moved("fee-booked-apart", "2025-07-11", "100", fee="3.20", payout_id="po"),
    moved("fee-forgotten", "2025-07-12", "100", fee="3.20"),
    moved("foreign", "2025-07-13", "119", fee="4"),  # in dollars
    moved("re", "2025-07-14", "-40", "refund"),
    moved("re-short", "2025-07-15", "-12", "refund"),
    moved("dp", "2025-07-20", "-100", "dispute", fee="15"),
    moved("back", "2025-08-20", "100", "dispute", fee="-15", payment_id="txn_back"),
    moved("unknown", "2025-07-21", "60"),
    moved("unknown-refund", "2025-07-22", "-5", "refund"),
    moved("monthly", "2025-07-31", "-0.75", "fee", payment_id=""),
    moved("tax", "2025-08-05", "-7", "adjustment", payment_id=""),
    moved("po", "2025-07-31", "-293.60", "payout", payout_id="po"),
]
RATES = [{"date": "2025-07-01", "currency": "EUR", "rate": "1.20"}]

BUCKETS = (
    *("timing", "fee", "fx", "refund", "dispute", "not_told"),
    *("missing_here", "missing_there"),
)


@pytest.fixture(scope="module")
def cash(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    database, done = run_book(
        tmp_path_factory.mktemp("cash"), {"book.yml": BOOK, "cards/2025-07-01.yml": CARD},
        "2025-10-01T00:00:00Z", payments=PAYMENTS, settlements=SETTLEMENTS, fx_rates=RATES,
    )  # fmt: skip
    assert done.exit_code == 0, done.stdout + done.stderr
    return database, done.stderr


EXPECTED: dict[tuple[str, str], tuple[str, str, dict[str, str]]] = {
    # (fact, month): theirs, ours, buckets
    ("opening", "2025-07"): ("0", "100", {"not_told": "-100"}),
    ("ties", "2025-07"): ("106.80", "106.80", {}),
    # Ours on the last day of July, theirs on the first of August.
    ("rising", "2025-07"): ("0", "96.80", {"timing": "-96.80"}),
    ("rising", "2025-08"): ("96.80", "0", {"timing": "96.80"}),
    ("fee-booked-apart", "2025-07"): ("96.80", "96.80", {}),
    ("fee-forgotten", "2025-07"): ("96.80", "100", {"fee": "-3.20"}),
    # 100 EUR at 1.20 are 120 USD; 119 came, less 4 that nobody booked.
    ("foreign", "2025-07"): ("115", "120", {"fee": "-4", "fx": "-1"}),
    ("re", "2025-07"): ("-40", "-40", {}),
    ("re-short", "2025-07"): ("-12", "-10", {"refund": "-2"}),
    ("dp", "2025-07"): ("-115", "-115", {}),
    # The processor gives its fee back, too: not booked.
    ("txn_back", "2025-08"): ("115", "100", {"fee": "15"}),
    ("gone", "2025-07"): ("0", "25", {"missing_there": "-25"}),
    ("unknown", "2025-07"): ("60", "0", {"missing_here": "60"}),
    ("unknown-refund", "2025-07"): ("-5", "0", {"refund": "-5"}),
    ("txn_monthly", "2025-07"): ("-0.75", "0", {"fee": "-0.75"}),
    ("txn_tax", "2025-08"): ("-7", "0", {"missing_there": "-7"}),
    ("po", "2025-07"): ("-293.60", "0", {"timing": "-293.60"}),
    ("po", "2025-08"): ("0", "-293.60", {"timing": "293.60"}),
    ("young", "2025-09"): ("0", "96.80", {"not_told": "-96.80"}),
}


def rows(database: Path) -> dict[tuple[str, str], tuple[D, D, dict[str, D]]]:
    found = query(
        database,
        "select fact_id, strftime(booked_period, '%Y-%m'), theirs, ours, "
        f"{', '.join(BUCKETS)} from marts.cash_reconciliation",
    )
    return {
        (fact, month): (theirs, ours, {b: v for b, v in zip(BUCKETS, values, strict=True) if v})
        for fact, month, theirs, ours, *values in found
    }


def test_every_fact_of_either_side_is_there(cash: tuple[Path, str]) -> None:
    assert set(rows(cash[0])) == set(EXPECTED)


@pytest.mark.parametrize("fact", EXPECTED, ids="/".join)
def test_a_difference_goes_into_the_bucket_that_names_it(
    cash: tuple[Path, str], fact: tuple[str, str]
) -> None:
    theirs, ours, buckets = EXPECTED[fact]
    named = {bucket: D(amount) for bucket, amount in buckets.items()}
    assert rows(cash[0])[fact] == (D(theirs), D(ours), named)


def test_ours_is_cash_in_transit_of_the_journals(cash: tuple[Path, str]) -> None:
    posted = query(
        cash[0],
        """
        select strftime(booked_period, '%Y-%m'), sum(functional_debit - functional_credit)
        from marts.journal_lines where account_role = 'cash_in_transit' group by 1 order by 1
        """,
    )
    # All is in dollars here but `foreign`, which is compared in them.
    assert posted == query(
        cash[0],
        "select strftime(booked_period, '%Y-%m'), sum(ours) from marts.cash_reconciliation "
        "group by 1 having sum(ours) <> 0 order by 1",
    )


def test_a_payment_ties_to_the_lots_it_bought_and_a_payout_to_its_movements(
    cash: tuple[Path, str],
) -> None:
    assert query(
        cash[0],
        """
        select fact_id, received, tax, in_lots, elsewhere, payout_id, paid_out
        from marts.cash_reconciliation
        where fact_id in ('ties', 'gone', 'po') and (ours > 0 or theirs < 0) order by fact_id
        """,
    ) == [
        ("gone", D(25), D(0), D(0), D(25), None, None),
        # 106.80 + 96.80 + 96.80 are 300.40, and 293.60 were paid out.
        ("po", D(0), D(0), D(0), D(0), "po", D("-300.40")),
        ("ties", D(110), D(10), D(100), D(0), "po", None),
    ]


def test_check_shows_both_sums_and_counts_what_is_missing(cash: tuple[Path, str]) -> None:
    database, said = cash
    # theirs: 106.80 + 3 x 96.80 + 115 - 40 - 12 - 115 + 115 + 60 - 5 - 0.75 - 7 - 293.60 = 213.85;
    # missing are -25, 60 and -7: 213.85 - 28 = 185.85.
    line = (
        "note  What processors moved is in cash in transit or explained, 17 facts (USD): "
        "moved 213.85 ≠ ours and explained 185.85 "
        "[3 not explained, kept in marts.cash_reconciliation]"
    )
    payouts = (
        "note  1 payout is the movements in them (USD): paid out 293.60 ≠ movements 300.40 "
        "[1 not explained, kept in marts.cash_reconciliation]"
    )
    assert line in said.splitlines()
    assert payouts in said.splitlines()
    checked = run("check", "--book", str(database.parent / "book"), "--db", str(database))
    assert checked.exit_code == 0
    assert line in checked.stdout


def test_without_movements_nothing_is_compared(tmp_path: Path) -> None:
    book = BOOK.replace("  - {feed: settlements, format: csv, path: settlements.csv}\n", "")
    database, done = run_book(
        tmp_path, {"book.yml": book, "cards/2025-07-01.yml": CARD}, "2025-10-01T00:00:00Z",
        payments=PAYMENTS, fx_rates=RATES,
    )  # fmt: skip
    assert done.exit_code == 0, done.stdout + done.stderr
    assert query(database, "select count(*) from marts.cash_reconciliation") == [(0,)]
    assert "processors" not in done.stderr
