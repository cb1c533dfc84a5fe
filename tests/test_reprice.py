"""Credits whose price is agreed anew with a purchase, through the real commands, worked by hand."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.error_cases import run
from tests.lot_books import query, run_book, use
from tests.test_transfers import BOOK, CARD, grant, transfer

FILES = {"book.yml": BOOK, "cards/2025-07-01.yml": CARD}


def later(day: str, row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "effective_at": f"{day}T00:00:00Z"}


def reprice(event: str, lot: str, day: str, **terms: Any) -> dict[str, Any]:
    return {**transfer(event, lot, day), "kind": "reprice", "new_expires_at": "", **terms}


GRANTS = [
    grant("a", "universal", 1000, "100.00"),
    later("2025-08-01", grant("b", "universal", 1400, "60.00")),
    later("2025-09-01", grant("c", "universal", 500, "10.00")),
    {**grant("e", "universal", 30, "1.00"), "customer_id": "globex"},
    {**grant("f", "universal", 30, "2.00"), "customer_id": "initech"},
]
USAGE = use(
    "acme", ("2025-07-10", 400), ("2025-08-10", 500), ("2025-09-10", 100), ("2025-10-10", 1900)
)
EVENTS = [
    reprice("r1", "a", "2025-08-01"),
    reprice("r2", "b", "2025-08-01"),
    reprice("r3", "a:r1", "2025-09-01"),
    reprice("r4", "b:r2", "2025-09-01"),
    reprice("r5", "c", "2025-09-01"),
    # Those of another pool are another agreement, whatever the instant.
    reprice("r6", "e", "2025-08-01", reason="renewed"),
    reprice("r7", "f", "2025-08-01", new_expires_at="2026-07-01T00:00:00Z"),
]


@pytest.fixture(scope="module")
def repriced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two purchases below the price alone, each agreed together with what was left before."""
    database, done = run_book(
        tmp_path_factory.mktemp("repriced"), FILES, "2025-10-31T00:00:00Z",
        usage=USAGE, grants=GRANTS, lot_events=EVENTS,
    )  # fmt: skip
    assert done.exit_code == 0, done.stdout + done.stderr
    return database


def test_what_is_left_and_what_is_new_share_one_value(repriced: Path) -> None:
    # July: 400 of 1,000 for 100.00 are 40.00. August: 60.00 + 60.00 for 600 + 1,400 credits, 0.06
    # each. 500 are used, 30.00. September: 6.00 + 84.00 + 10.00 for 100 + 1,400 + 500: 0.05 each.
    rows = query(
        repriced,
        "select lot_id, credits, consideration from marts.credit_lots "
        "where origin = 'transfer' order by all",
    )
    assert rows == [
        ("a:r1", Decimal(600), Decimal("36.00")),
        ("a:r1:r3", Decimal(100), Decimal("5.00")),
        ("b:r2", Decimal(1400), Decimal("84.00")),
        ("b:r2:r4", Decimal(1400), Decimal("70.00")),
        ("c:r5", Decimal(500), Decimal("25.00")),
        ("e:r6", Decimal(30), Decimal("1.00")),
        ("f:r7", Decimal(30), Decimal("2.00")),
    ]


def test_revenue_is_at_the_price_agreed_last_and_none_of_it_at_the_change(repriced: Path) -> None:
    rows = query(
        repriced,
        "select strftime(booked_period, '%m'), additions, usage_revenue, transferred, closing "
        "from marts.liability_rollforward where wallet = 'universal' order by all",
    )
    # 100 at 0.05 in September; 1,900 in October are all that acme has.
    assert rows == [
        ("07", Decimal("103.00"), Decimal("40.00"), Decimal("0.00"), Decimal("63.00")),
        ("08", Decimal("60.00"), Decimal("30.00"), Decimal("0.00"), Decimal("93.00")),
        ("09", Decimal("10.00"), Decimal("5.00"), Decimal("0.00"), Decimal("98.00")),
        ("10", Decimal("0.00"), Decimal("95.00"), Decimal("0.00"), Decimal("3.00")),
    ]


def test_the_ledger_and_a_trace_say_what_became_of_a_lot(repriced: Path) -> None:
    rows = query(
        repriced,
        "select entry_id, credits, reason from marts.credit_ledger "
        "where entry_type like 'transfer%' and lot_id in ('a', 'a:r1', 'e') order by all",
    )
    assert rows == [
        ("a/r1", Decimal(-600), "repriced"),
        ("a:r1/r3", Decimal(-100), "repriced"),
        ("a:r1/transfer_in", Decimal(600), "from a"),
        ("e/r6", Decimal(-30), "renewed"),
    ]
    shown = run("trace", "a:r1", "--db", str(repriced)).stdout
    assert "moved to lot a:r1:r3: 100 universal" in shown
    assert "✗" not in shown


def test_a_reprice_that_finds_nothing_to_agree_on_is_listed(tmp_path: Path) -> None:
    ends = {**grant("g", "universal", 10, "1.00"), "expires_at": "2025-07-20T00:00:00Z"}
    database, done = run_book(
        tmp_path, FILES, "2025-10-31T00:00:00Z",
        usage=USAGE, grants=[ends, later("2025-09-01", grant("h", "universal", 10, "1.00"))],
        lot_events=[
            reprice("lapsed", "g", "2025-08-01", new_expires_at="2026-01-01T00:00:00Z"),
            reprice("early", "h", "2025-08-01"),
            reprice("unknown", "i", "2025-08-01"),
        ],
    )  # fmt: skip
    assert done.exit_code == 1, done.stderr
    assert query(
        database,
        "select lot_event_id, problem from failures.assert_no_lot_event_is_left_out order by all",
    ) == [
        ("lapsed", "the lot has lapsed, or rolled over by the terms of its offer"),
        ("unknown", "no lot has this id"),
    ]
