"""Invoices paid from a balance, written off, paid after all; credit notes paid out; disputes won.

Through the real commands, worked by hand. Every plan costs 90.00 for 100 credits from 1 July on.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.error_cases import run
from tests.lot_books import Rows, query, run_book, use

BOOK = """\
book: back
entity: Back, Inc.
functional_currency: USD
time_zone: UTC
first_period: 2025-07
framework: ASC606
wallets:
  universal: {unit: credit}
meters:
  calls: {unit: call}
sources:
  - {feed: usage, format: csv, path: usage.csv}
  - {feed: subscriptions, format: csv, path: subscriptions.csv}
  - {feed: payments, format: csv, path: payments.csv}
"""

CARD = """\
version: "2025-07-01"
effective_from: 2025-07-01T00:00:00Z
published_at: 2025-06-15T00:00:00Z
approved: {by: tester, on: 2025-06-15, reference: T-1}
rates:
  - id: calls
    meter: calls
    price: [{wallet: universal, credits: 1}]
    overage: {amount: 0.50, currency: USD}
offers:
  - id: plan
    price: {amount: 90.00, currency: USD, every: year}
    grants: [{wallet: universal, credits: 100, kind: paid, expires: period_end}]
"""

FILES = {"book.yml": BOOK, "cards/2025-07-01.yml": CARD}


def fact(name: str, kind: str, customer: str, day: str, amount: str, **more: str) -> dict[str, Any]:
    return {
        "payment_id": name,
        "kind": kind,
        "customer_id": customer,
        "occurred_at": f"2025-{day}T00:00:00Z",
        "amount": amount,
        "currency": "USD",
        "relates_to": "",
        "subscription_id": "",
        **more,
    }


def billed(customer: str) -> Rows:
    plan = {"subscription_id": f"s-{customer}"}
    return [fact(f"i-{customer}", "invoice", customer, "07-01", "90.00", **plan)]


CUSTOMERS = ("late", "balanced", "noted", "winner", "over")
PAYMENTS = [
    *(row for customer in CUSTOMERS for row in billed(customer)),
    # late: 40 credits used by the write-off, so 36.00 of 90.00 earned; paid in September in two
    # parts, and the second part is disputed in October.
    fact("w", "write_off", "late", "08-01", "90.00", relates_to="i-late"),
    fact("p1", "payment", "late", "09-01", "60.00", relates_to="i-late"),
    fact("p2", "payment", "late", "09-02", "30.00", relates_to="i-late"),
    fact("d", "dispute_opened", "late", "10-01", "30.00", relates_to="p2"),
    # balanced: 20.00 were there; they pay a part, and what is owed is written off.
    fact("b", "payment", "balanced", "07-01", "20.00"),
    fact("a", "balance_applied", "balanced", "07-02", "20.00", relates_to="i-balanced"),
    fact("x", "write_off", "balanced", "08-01", "90.00", relates_to="i-balanced"),
    # noted: paid; a third comes off, and half of that is paid out.
    fact("n1", "payment", "noted", "07-02", "90.00", relates_to="i-noted"),
    fact("n2", "credit_note", "noted", "08-01", "30.00", relates_to="i-noted"),
    fact("n3", "refund", "noted", "08-02", "15.00", relates_to="n2"),
    # over: 160 calls, 60 of them beyond the plan, 30.00; billed, paid but for 10.00, written off.
    fact("o0", "payment", "over", "07-02", "90.00", relates_to="i-over"),
    fact("o1", "invoice", "over", "08-02", "30.00"),
    fact("o2", "payment", "over", "08-20", "20.00", relates_to="o1"),
    fact("o3", "write_off", "over", "09-20", "30.00", relates_to="o1"),
    fact("o4", "payment", "over", "10-20", "10.00", relates_to="o1"),
    # winner: paid apart, disputed with 40 credits used, and won.
    fact("v1", "payment", "winner", "07-02", "90.00", relates_to="i-winner"),
    fact("v2", "dispute_opened", "winner", "08-01", "90.00", relates_to="v1"),
    # A processor names the payment, and not the customer again.
    fact("v3", "dispute_won", "", "09-01", "90.00", relates_to="v1"),
]


def owner(row: dict[str, Any]) -> str:
    """Whose a fact is: its own customer, or that of what it is about."""
    about = {other["payment_id"]: other["customer_id"] for other in PAYMENTS}
    return str(row["customer_id"] or about[row["relates_to"]])


SUBSCRIPTIONS = [
    {
        "subscription_id": f"s-{customer}",
        "customer_id": customer,
        "offer": "plan",
        "started_at": "2025-07-01T00:00:00Z",
    }
    for customer in CUSTOMERS
]


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A book of each customer alone, so that accounts tell of nobody else."""
    made = {}
    for customer in CUSTOMERS:
        database, done = run_book(
            tmp_path_factory.mktemp(customer),
            FILES,
            "2025-11-01T00:00:00Z",
            usage=use(customer, ("2025-07-10", 160 if customer == "over" else 40)),
            subscriptions=[row for row in SUBSCRIPTIONS if row["customer_id"] == customer],
            payments=[row for row in PAYMENTS if owner(row) == customer],
        )
        assert done.exit_code == 0, done.stdout + done.stderr
        made[customer] = database
    return made


def moved(database: Path, month: str, *roles: str) -> list[Decimal]:
    """Debits less credits of some accounts in a month."""
    rows = query(
        database,
        "select account_role, sum(debit - credit) from marts.journal_lines "
        f"where booked_period = date '2025-{month}-01' group by account_role",
    )
    return [dict(rows).get(role, Decimal(0)) for role in roles]


def test_what_was_written_off_and_is_paid_returns_to_bad_debt_and_the_rest_is_a_gain(
    books: dict[str, Path],
) -> None:
    late = books["late"]
    owed = ("accounts_receivable", "contract_liability", "bad_debt", "recoveries")
    assert moved(late, "08", *owed) == [-90, 54, 36, 0]
    # 36.00 of bad debt come back, 54.00 had been released: 36.00 and 18.00 of them (54 x 60 / 90).
    assert moved(late, "09", *owed, "cash_in_transit") == [0, 0, -36, -54, 90]
    # The second part was 12.00 of bad debt and 18.00 of recoveries.
    assert moved(late, "10", "recoveries", "disputes_contra_revenue", "cash_in_transit") == [
        18,
        12,
        -30,
    ]


def test_a_balance_pays_an_invoice_and_only_what_is_owed_is_written_off(
    books: dict[str, Path],
) -> None:
    balanced = books["balanced"]
    assert moved(balanced, "07", "accounts_receivable", "unapplied_payments") == [70, 0]
    # 70 of 90: the lot gives 77.78 of its 100 credits back as far as they are left, 60 for 54.00.
    assert moved(balanced, "08", "accounts_receivable", "contract_liability", "bad_debt") == [
        -70,
        54,
        16,
    ]


def test_a_credit_note_of_what_was_paid_is_a_balance_until_it_is_paid_out(
    books: dict[str, Path],
) -> None:
    # A third of 100 credits is left to take: 30.00 leave the liability, nothing was earned of it.
    roles = ("contract_liability", "credit_notes_contra_revenue", "unapplied_payments")
    assert moved(books["noted"], "08", *roles, "accounts_receivable", "cash_in_transit") == [
        30,
        0,
        -15,
        0,
        -15,
    ]


def test_a_dispute_that_is_won_gives_revenue_back_and_a_trace_says_so(
    books: dict[str, Path],
) -> None:
    winner = books["winner"]
    roles = ("cash_in_transit", "disputes_contra_revenue", "contract_liability", "recoveries")
    assert moved(winner, "08", *roles) == [-90, 36, 54, 0]
    assert moved(winner, "09", *roles) == [90, -36, 0, -54]
    assert "✗" not in run("trace", "v2", "--db", str(winner)).stdout


def test_usage_sold_in_arrears_is_billed_paid_written_off_and_recovered(
    books: dict[str, Path],
) -> None:
    over = books["over"]
    owed = ("unbilled_receivable", "accounts_receivable", "bad_debt", "cash_in_transit")
    assert moved(over, "07", *owed, "overage_revenue") == [30, 0, 0, 90, -30]
    assert moved(over, "08", *owed) == [-30, 10, 0, 20]
    assert moved(over, "09", *owed) == [0, -10, 10, 0]
    assert moved(over, "10", *owed) == [0, 0, -10, 10]


def test_more_usage_billed_than_was_sold_is_an_error(tmp_path: Path) -> None:
    database, done = run_book(
        tmp_path,
        FILES,
        "2025-11-01T00:00:00Z",
        usage=use("late", ("2025-07-10", 140)),
        subscriptions=SUBSCRIPTIONS[:1],
        payments=[fact("o1", "invoice", "late", "08-02", "20.01")],
    )
    assert done.exit_code == 1
    failing = "select billed, sold from failures.assert_no_more_usage_is_billed_than_was_sold"
    assert query(database, failing) == [(Decimal("20.01"), Decimal("20.00"))]
