"""Money that can be asked back for a time only, through the real commands, worked by hand.

Top-ups can be asked back for thirty days. `ten` is $100 of 10 July, refundable until 9 August;
`one` is $40 of 1 July, until 31 July. A call costs a dollar.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.error_cases import run
from tests.lot_books import query, run_book, use

BOOK = """\
book: refundable
entity: Refundable, Inc.
functional_currency: USD
time_zone: UTC
first_period: 2025-07
framework: ASC606
wallets:
  usd: {unit: USD, liability: refund_liability}
  kept: {unit: USD}
meters:
  calls: {unit: call}
policies:
  - effective_from: 2025-07-01
    approved: {by: controller, on: 2025-06-01, reference: MEMO-1}
    refundable_for: {usd: 30 days}
sources:
  - {feed: usage, format: csv, path: usage.csv}
  - {feed: payments, format: csv, path: payments.csv}
  - {feed: lot_events, format: csv, path: lot_events.csv}
"""

CARD = """\
version: "2025-07-01"
effective_from: 2025-07-01T00:00:00Z
published_at: 2025-06-15T00:00:00Z
approved: {by: tester, on: 2025-06-15, reference: T-1}
rates:
  - {id: calls, meter: calls, price: [{wallet: usd, amount: 1}, {wallet: kept, amount: 1}]}
offers:
  - id: top_up
    price: {amount: 1, currency: USD}
    grants: [{wallet: usd, credits: 1, kind: paid, expires: never}]
"""

FILES = {"book.yml": BOOK, "cards/2025-07-01.yml": CARD}


def paid(payment_id: str, customer: str, at: str, amount: int, **more: object) -> dict[str, object]:
    return {
        "payment_id": payment_id,
        "occurred_at": f"{at}T00:00:00Z",
        "customer_id": customer,
        "kind": "payment",
        "amount": amount,
        "currency": "USD",
        "offer": "top_up",
        "quantity": amount,
        "relates_to": "",
        **more,
    }


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Used a little every month, moved in part when it is kept already, refunded in the end."""
    refund = {"kind": "refund", "offer": "", "quantity": "", "relates_to": "ten"}
    database, outcome = run_book(
        tmp_path_factory.mktemp("refundable"),
        FILES,
        "2025-10",
        usage=use("acme", ("2025-07-20", 30), ("2025-08-05", 20), ("2025-09-10", 10)),
        payments=[
            paid("ten", "acme", "2025-07-10", 100),
            paid("one", "bolt", "2025-07-01", 40),
            paid("back", "acme", "2025-10-05", 25, **refund),
        ],
        lot_events=[
            {
                "lot_event_id": "move",
                "occurred_at": "2025-09-20T00:00:00Z",
                "lot_id": "one:1",
                "kind": "transfer",
                "credits": 15,
                "to_wallet": "kept",
                "to_customer_id": "",
            }
        ],
    )
    assert outcome.exit_code == 0, outcome.stdout + outcome.stderr
    return database


def rolled(database: Path, liability: str, wallet: str) -> list[tuple[object, ...]]:
    return query(
        database,
        f"""
        select
            month(booked_period), opening, additions, usage_revenue, refunded, transferred, closing
        from marts.liability_rollforward
        where liability = '{liability}' and wallet = '{wallet}' order by booked_period
        """,
    )


def test_what_is_left_leaves_the_refund_liability_when_the_right_ends(books: Path) -> None:
    assert rolled(books, "refund_liability", "usd") == [
        (7, 0, 140, 30, 0, -40, 70),
        (8, 70, 0, 20, 0, -50, 0),
        (9, 0, 0, 0, 0, 0, 0),
        (10, 0, 0, 0, 0, 0, 0),
    ]
    assert rolled(books, "contract_liability", "usd") == [
        (7, 0, 0, 0, 0, 40, 40),
        (8, 40, 0, 0, 0, 50, 90),
        (9, 90, 0, 10, 0, -15, 65),
        (10, 65, 0, 0, 25, 0, 40),
    ]


def test_what_moves_on_leaves_the_class_it_is_in(books: Path) -> None:
    assert rolled(books, "contract_liability", "kept") == [
        (9, 0, 0, 0, 0, 15, 15),
        (10, 15, 0, 0, 0, 0, 15),
    ]


def test_a_lots_schedule_has_both_sides_in_the_month_the_right_ends(books: Path) -> None:
    found = query(
        books,
        """
        select month(booked_period), liability, opening, transferred, closing
        from marts.deferred_revenue_schedule
        where lot_id = 'ten:1' order by booked_period, opening desc
        """,
    )
    assert found == [
        (7, "refund_liability", 0, 0, 70),
        (8, "refund_liability", 70, -50, 0),
        (8, "contract_liability", 0, 50, 50),
        (9, "contract_liability", 50, 0, 40),
        (10, "contract_liability", 40, 0, 15),
    ]


def test_only_what_cannot_be_asked_back_is_an_obligation_to_serve(books: Path) -> None:
    found = query(
        books,
        """
        select month(booked_period), liability, sum(amount) from marts.remaining_obligations
        group by all order by all
        """,
    )
    assert found == [
        (7, "contract_liability", 40),
        (7, "refund_liability", 70),
        (8, "contract_liability", 90),
        (9, "contract_liability", 80),
        (10, "contract_liability", 55),
    ]


def test_the_journal_says_why_it_moved(books: Path) -> None:
    found = query(
        books,
        """
        select month(booked_period), account_role, debit - credit from marts.journal_lines
        where journal_id like '%/reclassifications/%' order by all
        """,
    )
    assert found == [
        (7, "contract_liability", Decimal(-40)),
        (7, "refund_liability", Decimal(40)),
        (8, "contract_liability", Decimal(-50)),
        (8, "refund_liability", Decimal(50)),
    ]


def test_a_trace_shows_what_the_money_was_owed_as(books: Path) -> None:
    traced = run("trace", "ten:1", "--db", str(books))
    assert traced.exit_code == 0, traced.stdout
    assert "reclassifications" in traced.stdout
    assert "contract liability" in traced.stdout


def test_before_the_right_ends_nothing_is_reclassified(tmp_path: Path) -> None:
    """Known on 5 August: bought 10 July, it can be asked back until the ninth."""
    database, outcome = run_book(
        tmp_path,
        FILES,
        "2025-08-05",
        usage=use("acme", ("2025-07-20", 30)),
        payments=[paid("ten", "acme", "2025-07-10", 100)],
        lot_events=[
            {
                "lot_event_id": "later",
                "occurred_at": "2025-08-06T00:00:00Z",
                "lot_id": "ten:1",
                "kind": "void",
            }
        ],
    )
    assert outcome.exit_code == 0, outcome.stdout + outcome.stderr
    assert rolled(database, "refund_liability", "usd")[-1][-1] == 70
    assert rolled(database, "contract_liability", "usd") == []


def test_a_right_that_nobody_has_cannot_end(tmp_path: Path) -> None:
    book = BOOK.replace("usd: 30 days", "kept: 30 days")
    _, outcome = run_book(
        tmp_path, {**FILES, "book.yml": book}, "2025-08", usage=use("acme", ("2025-07-20", 30)),
    )  # fmt: skip
    assert outcome.exit_code == 1
    assert "the money of wallet kept cannot be asked back" in outcome.stderr
