"""Trace: every kind of id, walked to file, row, line and digest, ending in totals that tie."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import duckdb
import pytest

from reports.trace.events import cost_of
from tests.conftest import LITE
from tests.error_cases import run


def traced(lite_db: Path, wanted: str) -> str:
    shown = run("trace", wanted, "--db", str(lite_db))
    assert shown.exit_code == 0, shown.stderr
    return shown.stdout


def digest(*parts: str) -> str:
    return sha256(LITE.joinpath(*parts).read_bytes()).hexdigest()[:12]


def test_a_trace_is_a_page_that_escapes_what_it_shows(lite_db: Path, tmp_path: Path) -> None:
    database = tmp_path / "marked.duckdb"
    shutil.copy(lite_db, database)
    with duckdb.connect(str(database)) as connection:
        connection.execute("update raw.files set path = '<b>' || path")
    page = tmp_path / "pages" / "lot.html"
    shown = run("trace", "pay_1:1", "--html", str(page), "--db", str(database))
    assert shown.exit_code == 0, shown.stderr
    text = page.read_text("utf-8")
    assert shown.stdout.split()[-1] == sha256(page.read_bytes()).hexdigest()[:12]
    assert "&lt;b&gt;payments.csv, row 1" in text
    assert "<b>" not in text
    assert "Every total on this page ties." in text


def test_lot_walks_back_to_its_payment_offer_and_policies(lite_db: Path) -> None:
    text = traced(lite_db, "pay_1:1")
    assert "lot pay_1:1: 100 universal (paid), sold for 8.33 USD, customer acme" in text
    assert f"payments.csv, row 1, sha256 {digest('data', 'payments.csv')}" in text
    card = LITE / "book" / "cards" / "2026-01-01.yml"
    line = 1 + card.read_text().splitlines().index("  - id: pack_100")
    assert (
        f"cards/2026-01-01.yml:{line}, sha256 {digest('book', 'cards', '2026-01-01.yml')}" in text
    )
    assert "policy breakage method: at_expiry, approved by controller on 2025-12-15" in text


def test_lot_walks_on_to_its_draws_schedule_and_journal(lite_db: Path) -> None:
    text = traced(lite_db, "pay_1:1")
    assert "drawn 16 by 2 events" in text
    assert ["2026-01", "2", "0", "16", "ev_1", "ev_2"] in words(text)
    assert ["2026-01", "0.00", "8.33", "1.33", "7.00"] in words(text)
    assert "4000 Usage revenue, credit 1.33 USD in 2026-01: 2026-01/usage/USD/2" in text


def words(text: str) -> list[list[str]]:
    return [line.strip("│├└─ ").split() for line in text.splitlines()]


def test_lot_ends_in_totals_that_tie(lite_db: Path) -> None:
    text = traced(lite_db, "pay_1:1")
    assert "✓ granted 100 = drawn 16 + left 84, together 100" in text
    assert "✓ sold for 8.33 = earned 1.33 + refunded 0.00 + still deferred 7.00" in text


def test_event_walks_back_to_its_row_and_rate_and_on_to_the_lot_that_paid(lite_db: Path) -> None:
    text = traced(lite_db, "ev_2")
    assert f"usage.csv, row 2, sha256 {digest('data', 'usage.csv')}" in text
    assert "rated at flux-dev of card 2026-01-01" in text
    assert "2. universal: 3 per 1, 12 for all of the event" in text
    assert "12 universal drawn from lot pay_1:1" in text
    assert "✓ quantity at its price 12 = drawn, sold or unfunded 12" in text


def test_cost_is_worked_out_again_without_the_models() -> None:
    def cost(
        quantity: str, credits: str, per: str, precision: int, rounding: str = "half_up"
    ) -> Decimal:
        price = {"credits": Decimal(credits), "per": Decimal(per), "precision": precision}
        return cost_of(Decimal(quantity), {**price, "rounding": rounding})

    assert cost("1500000", "1.7", "1000000", 9) == Decimal("2.55")
    # 1 / 3 per unit has no end in decimals; it is rounded once, after multiplying.
    assert cost("3", "1", "3", 9) == 1
    assert cost("1", "1", "3", 2) == Decimal("0.33")
    # A half goes away from zero; just below it does not.
    assert cost("1", "0.005", "1", 2) == Decimal("0.01")
    assert cost("1", "0.0049", "1", 2) == 0
    # A wallet that rounds up takes the whole cent, one that rounds down none of it.
    assert cost("1", "0.001", "1", 2, "up") == Decimal("0.01")
    assert cost("1", "0.0099", "1", 2, "down") == 0
    assert cost("1", "0.01", "1", 2, "up") == Decimal("0.01")


def test_payment_names_its_lots_whose_consideration_is_its_amount(lite_db: Path) -> None:
    text = traced(lite_db, "pay_2")
    assert "bought 2 lots" in text
    assert "✓ consideration of its lots 10.00 = amount less tax 10.00" in text


@pytest.mark.parametrize("wanted", ["acme", "acme/universal"])
def test_balance_is_the_sum_of_its_open_lots(lite_db: Path, wanted: str) -> None:
    text = traced(lite_db, wanted)
    # 120 granted less 16 drawn; 8.67 of the 10.00 is not earned yet.
    assert "balance acme/universal: 104 credits, 8.67 USD still deferred" in text
    assert "✓ held in its lots 104 = closing balance 104" in text


def test_journal_line_is_the_sum_of_its_lots(lite_db: Path) -> None:
    text = traced(lite_db, "2026-01/usage/USD/1")
    assert "lot pay_1:1, customer acme: 1.33 USD" in text
    assert "✓ sum of lots 1.33 = this line 1.33" in text


def test_journal_balances(lite_db: Path) -> None:
    assert "✓ debits 1.33 = credits 1.33" in traced(lite_db, "2026-01/usage/USD")


@pytest.mark.parametrize(
    ("entry", "starts"),
    [("ev_1/pay_1:1", "event ev_1:"), ("pay_1:2/grant", "lot pay_1:2:")],
)
def test_ledger_entry_is_told_as_part_of_its_event_or_lot(
    lite_db: Path, entry: str, starts: str
) -> None:
    assert traced(lite_db, entry).startswith(starts)


def test_unknown_id_names_the_closest_ones_and_exits_1(lite_db: Path) -> None:
    shown = run("trace", "pay_11", "--db", str(lite_db))
    assert shown.exit_code == 1
    assert "pay_11" in shown.stderr
    assert "  payment pay_1\n" in shown.stderr


def test_id_near_to_nothing_names_none(lite_db: Path) -> None:
    shown = run("trace", "zzzzzzzz", "--db", str(lite_db))
    assert shown.exit_code == 1
    assert "Ids are as the files give them" in shown.stderr


def test_json_holds_the_same_facts_with_exact_decimals(lite_db: Path) -> None:
    shown = run("trace", "pay_1:1", "--json", "--db", str(lite_db))
    found = json.loads(shown.stdout)
    assert found["consideration"] == "8.330"
    assert found["effective_at"] == "2026-01-02T12:00:00Z"
    ties = [step for step in found["steps"] if "is_ok" in step]
    assert [tie["is_ok"] for tie in ties] == [True, True]


def test_total_that_does_not_tie_is_marked_and_exits_1(lite_db: Path, tmp_path: Path) -> None:
    copy = tmp_path / "lite.duckdb"
    shutil.copy(lite_db, copy)
    with duckdb.connect(str(copy)) as connection:
        connection.execute("update marts.journal_lines set debit = 1.34 where debit = 1.33")
    shown = run("trace", "2026-01/usage/USD/1", "--db", str(copy))
    assert shown.exit_code == 1
    assert "✗ sum of lots 1.33 ≠ this line 1.34" in shown.stdout


def test_trace_before_build_says_what_to_do(tmp_path: Path) -> None:
    empty = tmp_path / "empty.duckdb"
    duckdb.connect(str(empty)).close()
    shown = run("trace", "x", "--db", str(empty))
    assert shown.exit_code == 1
    assert "nothing is built" in shown.stderr
