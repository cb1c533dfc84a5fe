"""Contracts billed in parts, through the real commands, worked by hand.

`big` is $15,000 of 1 July, of which $1,250 are invoiced on the first of each month; acme uses 9,200
in July and 3,000 in September. `small` is $300 of 1 July; bolt pays 200 and, in September, 100
without an invoice, and uses 50 in July and 100 in August. A call costs a dollar.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.error_cases import run
from tests.lot_books import query, run_book, use

BOOK = """\
book: contracts
entity: Contracts, Inc.
functional_currency: USD
time_zone: UTC
first_period: 2025-07
framework: ASC606
wallets:
  usd: {unit: USD}
meters:
  calls: {unit: call}
policies:
  - effective_from: 2025-07-01
    approved: {by: controller, on: 2025-06-01, reference: MEMO-1}
    progress: {default: consumption}
sources:
  - {feed: usage, format: csv, path: usage.csv}
  - {feed: grants, format: csv, path: grants.csv}
  - {feed: payments, format: csv, path: payments.csv}
"""

CARD = """\
version: "2025-07-01"
effective_from: 2025-07-01T00:00:00Z
published_at: 2025-06-15T00:00:00Z
approved: {by: tester, on: 2025-06-15, reference: T-1}
rates:
  - {id: calls, meter: calls, price: [{wallet: usd, amount: 1}]}
"""

FILES = {"book.yml": BOOK, "cards/2025-07-01.yml": CARD}


def signed(contract: str, customer: str, price: int) -> dict[str, Any]:
    return {
        "grant_id": f"{contract}-lot",
        "customer_id": customer,
        "wallet": "usd",
        "credits": price,
        "kind": "paid",
        "effective_at": "2025-07-01T00:00:00Z",
        "consideration": price,
        "currency": "USD",
        "contract_id": contract,
    }


def fact(
    payment_id: str, customer: str, day: str, kind: str, amount: int, **more: str
) -> dict[str, Any]:
    return {
        "payment_id": payment_id,
        "occurred_at": f"2025-{day}T00:00:00Z",
        "customer_id": customer,
        "kind": kind,
        "amount": amount,
        "currency": "USD",
        "relates_to": "",
        "contract_id": "",
        **more,
    }


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Use outruns the invoices of one contract and not what is paid for the other."""
    database, outcome = run_book(
        tmp_path_factory.mktemp("contracts"),
        FILES,
        "2025-10",
        usage=[
            *use("acme", ("2025-07-20", 9200), ("2025-09-05", 3000)),
            *use("bolt", ("2025-07-20", 50), ("2025-08-20", 100)),
        ],
        grants=[signed("big", "acme", 15000), signed("small", "bolt", 300)],
        payments=[
            fact("i7", "acme", "07-01", "invoice", 1250, contract_id="big"),
            fact("i8", "acme", "08-01", "invoice", 1250, contract_id="big"),
            fact("i9", "acme", "09-01", "invoice", 1250, contract_id="big"),
            fact("paid", "acme", "08-10", "payment", 1250, relates_to="i7"),
            fact("p7", "bolt", "07-05", "payment", 200, contract_id="small"),
            fact("p9", "bolt", "09-05", "payment", 100, contract_id="small"),
        ],
    )
    assert outcome.exit_code == 0, outcome.stdout + outcome.stderr
    return database


def by_month(database: Path, columns: str, mart: str, condition: str = "true") -> list[Any]:
    return query(
        database,
        f"select month(booked_period), {columns} from marts.{mart} "
        f"where {condition} and booked_period < '2025-10-01' order by booked_period",
    )


@pytest.mark.parametrize(
    ("account", "balances"),
    [
        # 13,750 not billed less 5,800 not earned; 12,500 less 5,800; 11,250 less 2,800.
        ("Contract assets", [7950, 6700, 8450]),
        # 250 not earned less 100 not billed; 150 less 100; 150.
        ("Contract liability", [-150, -50, -150]),
        ("Accounts receivable", [1250, 1250, 2500]),
        ("Cash in transit", [200, 1450, 1550]),
        ("Usage revenue", [-9250, -9350, -12350]),
    ],
)
def test_a_contract_is_one_asset_or_one_liability(
    books: Path, account: str, balances: list[int]
) -> None:
    found = by_month(books, "closing", "trial_balance", f"account_name = '{account}'")
    assert found == [(n, Decimal(x)) for n, x in zip((7, 8, 9), balances, strict=True)]


def test_the_rollforward_shows_what_is_netted_as_transferred(books: Path) -> None:
    columns = "opening, additions, usage_revenue, transferred, closing, variance"
    assert by_month(books, columns, "liability_rollforward") == [
        (7, 0, 15300, 9250, -5900, 150, 0),
        (8, 150, 0, 100, 0, 50, 0),
        (9, 50, 0, 3000, 3100, 150, 0),
    ]


def test_what_is_still_to_be_served_counts_what_is_not_billed(books: Path) -> None:
    found = by_month(books, "amount", "remaining_obligations")
    assert found == [(7, 6050), (8, 5950), (9, 2950)]
    columns = "sum(remaining)"
    assert query(
        books,
        f"select {columns} from marts.deferred_revenue_waterfall "
        "where recognized_period = '2025-09-01'",
    ) == [(2950,)]


def test_what_was_netted_at_opening_is_told_apart(books: Path) -> None:
    columns = "revenue_from_opening, opening, netted_at_opening, current_portion"
    assert by_month(books, columns, "contract_balances") == [
        (7, 0, 0, 0, 150),
        (8, 100, 150, 5900, 50),
        (9, 3000, 50, 5900, 150),
    ]


def test_each_journal_names_what_it_did(books: Path) -> None:
    found = query(
        books,
        """
        select split_part(posting_group, ': ', 1), account_role, debit - credit
        from marts.journal_lines
        where booked_period = '2025-07-01' and account_role = 'contract_asset' order by all
        """,
    )
    assert found == [
        ("contract invoices", "contract_asset", -1250),
        ("contract payments", "contract_asset", -200),
        ("contracts", "contract_asset", 15300),
        ("contracts netted", "contract_asset", -5900),
    ]


def test_reports_and_exports_take_it(books: Path, tmp_path: Path) -> None:
    places = ("--book", str(books.parent / "book"), "--db", str(books))
    for command in (
        ("report", "--out", str(tmp_path)),
        ("export", "journals", "--format", "hledger", "--out", str(tmp_path / "hledger")),
        ("export", "journals", "--format", "beancount", "--out", str(tmp_path / "beancount")),
        ("trace", "big-lot"),
        ("trace", "2025-07/contracts/USD"),
        ("trace", "2025-07/contracts netted/USD"),
    ):
        outcome = run(*command, *places)
        assert outcome.exit_code == 0, (command, outcome.stdout + outcome.stderr)


def test_a_contract_is_not_billed_for_more_than_it_sold(tmp_path: Path) -> None:
    database, outcome = run_book(
        tmp_path,
        FILES,
        "2025-08",
        usage=use("bolt", ("2025-07-20", 50)),
        grants=[signed("small", "bolt", 300)],
        payments=[
            fact("i7", "bolt", "07-05", "invoice", 400, contract_id="small"),
            fact("i8", "bolt", "07-06", "invoice", 10, contract_id="other"),
        ],
    )
    assert outcome.exit_code == 1
    assert "Contracts are whole" in outcome.stdout + outcome.stderr
    found = query(
        database, "select id, reason from failures.assert_contracts_are_whole order by id"
    )
    assert found == [
        ("bolt", "is billed for more than it has sold by then"),
        (
            "i8",
            "bills no grant of this contract: another customer, currency or kind",
        ),
    ]
