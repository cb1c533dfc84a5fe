"""Twenty-four months closed one after another, and then all that can come too late, at once.

No closed figure moves; the open month shows exactly the difference, worked by hand. Each thing that
comes late has a customer of its own, in a book where a pack of 100 credits costs $10.
"""

from __future__ import annotations

import csv
import shutil
from datetime import date
from pathlib import Path

import pytest

from tests.error_cases import run
from tests.lot_books import Rows, query, run_book, use

MONTHS = [f"{year}-{month:02}" for year in (2024, 2025) for month in range(1, 13)]
OPEN = date(2026, 1, 1)

BOOK = """\
book: two_years
entity: Two Years, Inc.
functional_currency: USD
time_zone: UTC
first_period: 2024-01
framework: ASC606
wallets:
  universal: {unit: credit}
  gift: {unit: credit}
meters:
  calls: {unit: call}
  plays: {unit: play}
policies:
  - effective_from: 2024-01-01
    approved: {by: controller, on: 2023-12-01, reference: MEMO-1}
    breakage: {default: {method: at_expiry}}
sources:
  - {feed: usage, format: csv, path: "usage*.csv"}
  - {feed: payments, format: csv, path: "payments*.csv"}
  - {feed: period_closes, format: csv, path: closes.csv}
"""

CARD = """\
version: "2024-01-01"
effective_from: 2024-01-01T00:00:00Z
published_at: 2023-12-15T00:00:00Z
approved: {by: pricing, on: 2023-12-15, reference: PC-1}
rates:
  - {id: calls, meter: calls, price: [{wallet: universal, credits: 1}]}
  - {id: plays, meter: plays, price: [{wallet: gift, credits: 1}]}
offers:
  - id: pack
    price: {amount: 10.00, currency: USD}
    grants: [{wallet: universal, credits: 100, kind: paid, expires: 36 months}]
  - id: gift_card
    price: {amount: 10.00, currency: USD}
    grants: [{wallet: gift, credits: 100, kind: paid, expires: 36 months}]
"""

RETROACTIVE = (
    CARD.replace('"2024-01-01"', '"2025-10-01"')
    .replace("effective_from: 2024-01-01", "effective_from: 2025-10-01")
    .replace("2023-12-15", "2026-01-22")
    .replace("published_at", 'supersedes: "2024-01-01"\npublished_at')
    .replace("{wallet: universal, credits: 1}", "{wallet: universal, credits: 2}")
)
"""Twice the price from October on, published in January."""

RE_ESTIMATE = """\
  - effective_from: 2025-06-01
    approved: {by: controller, on: 2026-01-23, reference: MEMO-2}
    breakage: {gift: {method: proportional, expected_unused: "0.10"}}
sources:
"""


def bought(
    payment_id: str, customer: str, day: str, offer: str, packs: int = 1
) -> dict[str, object]:
    return {
        "payment_id": payment_id,
        "occurred_at": f"{day}T00:00:00Z",
        "customer_id": customer,
        "kind": "payment",
        "amount": 10 * packs,
        "currency": "USD",
        "offer": offer,
        "quantity": packs,
        "received_at": "",
    }


def write(path: Path, rows: Rows) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def closes() -> Rows:
    """Each month, closed on the fifth of the next."""
    days = [f"{month}-05T00:00:00Z" for month in [*MONTHS[1:], "2026-01"]]
    return [
        {"close_id": f"close-{month}", "period": month, "closed_at": day}
        for month, day in zip(MONTHS, days, strict=True)
    ]


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the books, built when the last of the 24 months is over, all closed."""
    folder = tmp_path_factory.mktemp("two_years")
    steady = use("steady", *((f"{month}-15", 50) for month in [*MONTHS, "2026-01"]))
    plays = [{**row, "meter": "plays"} for row in use("gifted", ("2024-06-10", 45))]
    database, outcome = run_book(
        folder,
        {"book.yml": BOOK, "cards/2024-01-01.yml": CARD},
        "2026-01-05T00:00:00Z",
        usage=[*steady, *use("late", ("2024-03-10", 20)), *plays],
        payments=[
            *(bought(f"p{month}", "steady", f"{month}-02", "pack") for month in MONTHS),
            bought("before", "late", "2024-02-02", "pack"),
            bought("card", "gifted", "2024-05-02", "gift_card"),
        ],
        closes=closes(),
    )
    assert outcome.exit_code == 0, outcome.stdout + outcome.stderr
    for month in MONTHS:
        done = run("close", month, "--db", str(database), "--by", "ann")
        assert done.exit_code == 0, done.stderr
    return folder


def rebuilt(folder: Path) -> Path:
    """The books as known when January is over, from what lies in the folder."""
    database = folder / "books.duckdb"
    places = ("--book", str(folder / "book"), "--data", str(folder / "data"))
    outcome = run("run", "--as-of", "2026-01", *places, "--db", str(database))
    assert outcome.exit_code == 0, outcome.stdout + outcome.stderr
    return database


def january(database: Path) -> dict[str, list[object]]:
    found = query(
        database,
        f"""
        select
            wallet, opening, additions, usage_revenue, prior_period_revenue, breakage_revenue,
            closing
        from marts.liability_rollforward where booked_period = date '{OPEN}' order by wallet
        """,
    )
    return {str(wallet): figures for wallet, *figures in found}


@pytest.fixture(scope="module")
def undisturbed(closed: Path) -> dict[str, list[object]]:
    """January if nothing had come late, in a copy of the books."""
    calm = closed.with_name("undisturbed")
    shutil.copytree(closed, calm)
    return january(rebuilt(calm))


@pytest.fixture(scope="module")
def disturbed(closed: Path, undisturbed: dict[str, list[object]]) -> Path:
    """The books after a late event, a late payment, a retroactive card and a changed policy."""
    assert undisturbed
    [event] = use("late", ("2024-03-20", 10))
    write(closed / "data/usage_late.csv", [{**event, "received_at": "2026-01-20T00:00:00Z"}])
    payment = bought("forgotten", "payer", "2024-11-10", "pack", packs=3)
    write(closed / "data/payments_late.csv", [{**payment, "received_at": "2026-01-21T00:00:00Z"}])
    (closed / "book/cards/2025-10-01.yml").write_text(RETROACTIVE)
    book = (closed / "book/book.yml").read_text()
    (closed / "book/book.yml").write_text(book.replace("sources:\n", RE_ESTIMATE))
    return rebuilt(closed)


@pytest.mark.slow
def test_no_closed_figure_moves(disturbed: Path) -> None:
    again = run("reperform", "--db", str(disturbed))
    assert again.exit_code == 0, again.stdout + again.stderr
    assert [line.split()[:3] for line in again.stdout.splitlines()] == [
        [month, "as", "frozen:"] for month in MONTHS
    ]
    assert run("verify", "--db", str(disturbed)).exit_code == 0
    checked = run("check", "--db", str(disturbed))
    assert "closed 24 = unchanged 24" in checked.stdout


@pytest.mark.slow
def test_the_open_month_shows_exactly_the_difference(
    disturbed: Path, undisturbed: dict[str, list[object]]
) -> None:
    """$1 of usage of March 2024, $30 paid, 50 calls at twice the price, 5 credits never used.

    Opening, additions, usage, usage of earlier periods, breakage, closing: 24 packs and one more
    were sold for $250, of which 24 times 50 calls earned $120, and 20 calls $2.
    """
    assert undisturbed == {
        "gift": [5.5, 0, 0, 0, 0, 5.5],
        "universal": [128, 0, 5, 0, 0, 123],
    }
    assert january(disturbed) == {
        "gift": [5.5, 0, 0, 0, 0.5, 5],
        "universal": [128, 30, 10, 1, 0, 147],
    }


@pytest.mark.slow
def test_what_came_late_is_registered_with_the_month_it_belongs_to(disturbed: Path) -> None:
    found = query(
        disturbed,
        "select what, fact_id, service_period, booked_period, amount from marts.corrections "
        "order by service_period",
    )
    assert found == [
        ("late usage", "late-2024-03-20", date(2024, 3, 1), OPEN, 1),
        ("late lot", "forgotten:1", date(2024, 11, 1), OPEN, 30),
    ]
