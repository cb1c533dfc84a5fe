"""Credits that move to another customer or wallet, through the real commands, worked by hand."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.error_cases import run
from tests.lot_books import Rows, query, run_book, use

BOOK = """\
book: transfers
entity: Transfers, Inc.
functional_currency: USD
time_zone: UTC
first_period: 2025-07
framework: ASC606
wallets:
  deposit: {unit: USD, liability: refund_liability}
  universal: {unit: credit}
  spill: {unit: credit}
meters:
  calls: {unit: call}
sources:
  - {feed: usage, format: csv, path: usage.csv}
  - {feed: grants, format: csv, path: grants.csv}
  - {feed: lot_events, format: csv, path: lot_events.csv}
"""

CARD = """\
version: "2025-07-01"
effective_from: 2025-07-01T00:00:00Z
published_at: 2025-06-15T00:00:00Z
approved: {by: tester, on: 2025-06-15, reference: T-1}
rates:
  - id: calls
    meter: calls
    price: [{wallet: universal, credits: 1}, {wallet: spill, credits: 1}]
"""

FILES = {"book.yml": BOOK, "cards/2025-07-01.yml": CARD}


def grant(grant_id: str, wallet: str, credits: int, consideration: str) -> dict[str, Any]:
    return {
        "grant_id": grant_id,
        "customer_id": "acme",
        "wallet": wallet,
        "credits": credits,
        "kind": "paid",
        "effective_at": "2025-07-01T00:00:00Z",
        "expires_at": "",
        "consideration": consideration,
        "currency": "USD",
    }


def transfer(event: str, lot: str, day: str, **terms: Any) -> dict[str, Any]:
    return {
        "lot_event_id": event,
        "lot_id": lot,
        "kind": "transfer",
        "occurred_at": f"{day}T00:00:00Z",
        "credits": "",
        "to_customer_id": "",
        "to_wallet": "",
        "rate": "",
        **terms,
    }


GRANTS = [
    grant("g1", "universal", 1200, "49.00"),
    grant("d1", "deposit", 20, "20.00"),
    grant("s1", "spill", 60, "6.00"),
]
USAGE = [
    *use("acme", ("2025-07-10", 700), ("2025-08-10", 300)),
    *use("globex", ("2025-09-10", 100), ("2025-10-10", 100)),
    *use("initech", ("2025-09-20", 70)),
]
EVENTS = [
    transfer("t1", "g1", "2025-08-20", to_customer_id="globex"),
    transfer("t2", "g1:t1", "2025-09-15", to_customer_id="initech", credits=50),
    transfer("t3", "d1", "2025-09-01", to_wallet="universal", credits=5, rate=100),
    transfer("t4", "d1", "2025-09-01", to_wallet="spill", credits=1, rate="33.333333333"),
]


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What acme has left goes to globex, a part of that on to initech, a deposit into credits."""
    database, done = run_book(
        tmp_path_factory.mktemp("moved"), FILES, "2025-10-31T00:00:00Z",
        usage=USAGE, grants=GRANTS, lot_events=EVENTS,
    )  # fmt: skip
    assert done.exit_code == 0, done.stdout + done.stderr
    return database


def lots(database: Path) -> Rows:
    names = ("lot", "parent", "customer", "wallet", "credits", "consideration", "liability")
    rows = query(
        database,
        """
        select
            lot_id, parent_lot_id, customer_id, wallet, credits, consideration, liability
        from marts.credit_lots where origin = 'transfer' order by lot_id
        """,
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_what_is_left_arrives_with_the_money_it_carries(moved: Path) -> None:
    # 49.00 for 1,200: 1,000 used are 40.83. The 200 left carry 8.17; 100 of them used are 4.09
    # (4.085), 50 more would make 6.13 (6.1275), so 2.04 move on.
    found = [
        (row["lot"], row["customer"], row["credits"], row["consideration"]) for row in lots(moved)
    ]
    assert found == [
        ("d1:t3", "acme", Decimal(500), Decimal("5.00")),
        ("d1:t4", "acme", Decimal("33.333333333"), Decimal("1.00")),
        ("g1:t1", "globex", Decimal(200), Decimal("8.17")),
        ("g1:t1:t2", "initech", Decimal(50), Decimal("2.04")),
    ]


def test_credits_leave_and_arrive_in_the_ledger(moved: Path) -> None:
    rows = query(
        moved,
        """
        select entry_id, entry_type, credits, strftime(booked_at, '%m-%d') from marts.credit_ledger
        where entry_type like 'transfer%' order by booked_at, entry_type desc, entry_id
        """,
    )
    assert [(name, kind, str(credits.normalize()), day) for name, kind, credits, day in rows] == [
        ("g1/t1", "transfer_out", "-2E+2", "08-20"),
        ("g1:t1/transfer_in", "transfer_in", "2E+2", "08-20"),
        ("d1/t3", "transfer_out", "-5", "09-01"),
        ("d1/t4", "transfer_out", "-1", "09-01"),
        ("d1:t3/transfer_in", "transfer_in", "5E+2", "09-01"),
        ("d1:t4/transfer_in", "transfer_in", "33.333333333", "09-01"),
        ("g1:t1/t2", "transfer_out", "-5E+1", "09-15"),
        ("g1:t1:t2/transfer_in", "transfer_in", "5E+1", "09-15"),
    ]


def test_the_liability_changes_hands_without_revenue(moved: Path) -> None:
    rows = query(
        moved,
        """
        select liability, wallet, transferred, usage_revenue, closing
        from marts.liability_rollforward where booked_period = '2025-09-01' order by all
        """,
    )
    # globex uses 100 of 200 (4.09), initech the 50 it was sent (2.04).
    assert rows == [
        ("contract_liability", "spill", Decimal("1.00"), Decimal("0.00"), Decimal("7.00")),
        ("contract_liability", "universal", Decimal("5.00"), Decimal("6.13"), Decimal("7.04")),
        ("refund_liability", "deposit", Decimal("-6.00"), Decimal("0.00"), Decimal("14.00")),
    ]
    journal = query(
        moved,
        """
        select account_role, sum(debit) - sum(credit) from marts.journal_lines
        where booked_period = '2025-09-01' and memo like '%transfer%' group by all order by all
        """,
    )
    assert journal == [
        ("contract_liability", Decimal("-6.00")),
        ("refund_liability", Decimal("6.00")),
    ]


def test_what_was_sold_stays_in_its_cohort(moved: Path) -> None:
    rows = query(
        moved,
        """
        select wallet, sold, transferred, remaining from marts.deferred_revenue_waterfall
        where recognized_period = '2025-10-01' order by all
        """,
    )
    # globex uses the 50 it has left in October: 2.04.
    assert rows == [
        ("deposit", Decimal("20.00"), Decimal("-6.00"), Decimal("14.00")),
        ("spill", Decimal("6.00"), Decimal("1.00"), Decimal("7.00")),
        ("universal", Decimal("49.00"), Decimal("5.00"), Decimal("5.00")),
    ]
    assert query(moved, "select distinct cohort from marts.deferred_revenue_waterfall") == [
        (query(moved, "select date '2025-07-01'")[0][0],)
    ]


def test_transfers_that_cannot_be_carried_out_are_listed(tmp_path: Path) -> None:
    events = [
        transfer("back", "s1", "2025-08-01", to_wallet="universal"),
        transfer("same", "s1", "2025-08-01", to_customer_id="acme"),
        transfer("there", "g1", "2025-08-01", to_customer_id="globex", credits=1),
        transfer("again", "g1:there", "2025-08-02", to_customer_id="acme"),
    ]
    database, done = run_book(
        tmp_path, FILES, "2025-10-31T00:00:00Z", usage=USAGE, grants=GRANTS, lot_events=events
    )
    assert done.exit_code == 1, done.stderr
    around = "credits go around between wallets, or through too many of them"
    assert query(
        database,
        "select lot_event_id, problem from failures.assert_no_lot_event_is_left_out order by all",
    ) == [
        ("again", around),
        ("back", "the wallet is drawn down before the one the credits come from"),
        ("same", "the pool and the wallet are the same: nothing would move"),
        ("there", around),
    ]
    assert query(
        database, "select count(*) from marts.credit_ledger where entry_type like 'tr%'"
    ) == [(0,)]


def test_a_trace_follows_credits_from_lot_to_lot(moved: Path) -> None:
    given = run("trace", "g1:t1", "--db", str(moved)).stdout
    assert "transfer t1 of lot g1 on 2025-08-20 00:00:00 UTC: 200 universal arrived" in given
    assert "moved to lot g1:t1:t2: 50 universal" in given
    assert "+ moved to other lots 2.04" in given
    assert "✗" not in given
