"""Comparing rate cards on the same usage: by hand on a small book, and what is refused."""

from __future__ import annotations

import csv
import json
import re
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import LITE
from lot_books import run_book

from reports.compare.comparison import Bridge, percentile_bands
from reports.compare.page import bridge_svg
from tests.error_cases import Outcome, run

D = Decimal
BOOK = """
book: small
entity: Small, Inc.
functional_currency: USD
time_zone: UTC
first_period: 2026-01
framework: ASC606
wallets:
  credits: {unit: credit}
meters:
  calls: {unit: call, properties: [model]}
accounts: {}
policies:
  - effective_from: 2026-01-01
    approved: {by: controller, on: 2025-12-15, reference: MEMO-1}
    late_usage: first_open_period
    breakage: {default: {method: at_expiry}}
    bonus_credits: {default: pool}
    progress: {default: consumption}
sources:
  - {feed: usage, format: csv, path: "usage.csv"}
  - {feed: payments, format: csv, path: "payments.csv"}
  - {feed: customers, format: csv, path: "customers.csv"}
"""
HEAD = """
version: "{version}"
effective_from: {version}T00:00:00Z
published_at: 2025-12-15T00:00:00Z
supersedes: {before}
approved: {{by: pricing-council, on: 2025-12-14, reference: PC-1}}
rates:
"""
RATES = """
  - id: fast
    meter: calls
    match: {model: fast}
    price: [{wallet: credits, credits: 2}]
    overage: {amount: 0.30, currency: USD}
  - id: other
    meter: calls
    price: [{wallet: credits, credits: 1}]
    overage: {amount: 0.15, currency: USD}
"""
OFFERS = """
offers:
  - id: pack
    price: {amount: 20.00, currency: USD}
    grants:
      - {wallet: credits, credits: 100, kind: paid, expires: 12 months}
"""
FIRST = HEAD.format(version="2026-01-01", before="null") + RATES + OFFERS
DEARER = (
    HEAD.format(version="2026-03-01", before='"2026-01-01"')
    + RATES.replace("credits: 2}", "credits: 3}")
    + OFFERS
)


def used(event: str, customer: str, day: str, model: str, quantity: str) -> dict[str, str]:
    return {
        "event_id": event,
        "occurred_at": f"{day}T12:00:00Z",
        "customer_id": customer,
        "meter": "calls",
        "quantity": quantity,
        "properties": json.dumps({"model": model}),
    }


USAGE = [
    used("e1", "acme", "2026-01-10", "fast", "10"),  # 20 credits
    used("e2", "acme", "2026-01-11", "fast", "5"),  # 10 credits
    used("e3", "acme", "2026-02-10", "slow", "30"),  # 30 credits
    used("e4", "globex", "2026-02-11", "fast", "4"),  # no credits: 1.20 overage
]
PAYMENTS = [
    {
        "payment_id": "p1",
        "occurred_at": "2026-01-02T12:00:00Z",
        "customer_id": "acme",
        "kind": "payment",
        "amount": "20.00",
        "currency": "USD",
        "offer": "pack",
    }
]
CUSTOMERS = [
    {"customer_id": "acme", "segment": "business", "joined_at": "2026-01-01T00:00:00Z"},
    {"customer_id": "globex", "segment": "self_serve", "joined_at": "2026-02-01T00:00:00Z"},
]


def small_book(
    folder: Path, first: str = FIRST, usage: list[dict[str, str]] = USAGE
) -> tuple[Path, Path]:
    """A book of two cards, of which the second begins after all usage; its folder and database."""
    database, done = run_book(
        folder,
        {"book.yml": BOOK, "cards/2026-01-01.yml": first, "cards/2026-03-01.yml": DEARER},
        "2026-02",
        usage=usage,
        payments=PAYMENTS,
        customers=CUSTOMERS,
    )
    assert done.exit_code == 0, done.stdout + done.stderr
    return folder / "book", database


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return small_book(tmp_path_factory.mktemp("small"))


def compare(books: tuple[Path, Path], *arguments: str) -> Outcome:
    return run("compare", *arguments, "--book", str(books[0]), "--db", str(books[1]))


def compared(books: tuple[Path, Path], *arguments: str) -> Any:
    done = compare(books, *arguments, "--json")
    assert done.exit_code == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def steps_of(bridge: Any) -> dict[str, Decimal]:
    return {step: D(money) for step, money in bridge["steps"] if D(money)}


def requires_the_sum(found: Any) -> None:
    assert found["bridges"]
    for bridge in found["bridges"]:
        change = D(bridge["after"]) - D(bridge["before"])
        assert sum(steps_of(bridge).values(), D(0)) == change


def test_dearer_rate_costs_what_it_does_by_hand(small: tuple[Path, Path]) -> None:
    found = compared(small, "in-force", "2026-03-01")
    # Credits carry 20.00 / 100 = 0.20. In force: 60 x 0.20 = 12.00, and 4 x 0.30 = 1.20 overage.
    # Dearer: fast asks 45 instead of 30 credits of acme: 15 x 0.20 = 3.00. Overage stays.
    [bridge] = found["bridges"]
    assert (D(bridge["before"]), D(bridge["after"])) == (D("13.20"), D("16.20"))
    assert steps_of(bridge) == {"price": D("3.00")}
    asked = {row["scenario"]: D(row["asked"]) for row in found["tables"]["credits"]}
    assert asked == {"in-force": D(68), "2026-03-01": D(87)}  # 19 x 2 + 30, 19 x 3 + 30
    [impact] = found["impacts"]
    assert (impact["up"], impact["down"], impact["same"]) == (1, 0, 1)
    segments = {row["segment"]: D(row["2026-03-01"]) for row in found["tables"]["by_segment"]}
    assert segments == {"business": D("15.00"), "self_serve": D("1.20")}
    cohorts = {row["joined"]: D(row["in-force"]) for row in found["tables"]["by_cohort"]}
    assert cohorts == {"2026-01": D("12.00"), "2026-02": D("1.20")}


def test_balance_lasts_shorter_under_a_dearer_card(small: tuple[Path, Path]) -> None:
    found = compared(small, "in-force", "2026-03-01")
    days = {row["scenario"]: row["days_left"] for row in found["tables"]["balances"]}
    # 40 credits are left. 59 days drew 60: 40 x 59 / 60 = 39.3; under the dearer card 75: 31.5.
    assert days == {"in-force": 39, "2026-03-01": 31}
    deferred = {row["scenario"]: D(row["deferred"]) for row in found["tables"]["balances"]}
    assert deferred == {"in-force": D("8.00"), "2026-03-01": D("5.00")}


def test_card_against_itself_differs_nowhere(small: tuple[Path, Path]) -> None:
    found = compared(small, "2026-03-01", "2026-03-01")
    [bridge] = found["bridges"]
    assert bridge["before"] == bridge["after"]
    assert steps_of(bridge) == {}
    [impact] = found["impacts"]
    assert (impact["up"], impact["down"], impact["exposed"]) == (0, 0, [])


def test_first_card_prices_as_the_cards_in_force_where_it_alone_was(
    small: tuple[Path, Path],
) -> None:
    [bridge] = compared(small, "in-force", "2026-01-01")["bridges"]
    assert bridge["before"] == bridge["after"]


def test_candidate_that_is_not_published_is_a_file(
    small: tuple[Path, Path], tmp_path: Path
) -> None:
    draft = tmp_path / "draft.yml"
    # Half the price for everything but fast, and fast has no rate of its own any more.
    text = DEARER.replace("2026-03-01", "draft").replace(
        "effective_from: draft", "effective_from: 2026-04-01"
    )
    before, _, after = text.partition("  - id: fast")
    draft.write_text(before + "  - id: other" + after.partition("  - id: other")[2])
    found = compared(small, "in-force", "2026-03-01", str(draft))
    assert found["names"] == ["in-force", "2026-03-01", "draft"]
    bridge = found["bridges"][1]
    # acme's 15 fast calls fall to `other`: 15 instead of 30 credits, 3.00 less;
    # globex pays 4 x 0.15 = 0.60 instead of 1.20.
    assert steps_of(bridge) == {"mix": D("-3.60")}
    requires_the_sum(found)


def test_usage_without_a_rate_is_volume_and_listed(
    small: tuple[Path, Path], tmp_path: Path
) -> None:
    draft = tmp_path / "draft.yml"
    text = DEARER.replace("2026-03-01T", "2026-04-01T").replace('"2026-03-01"', '"narrow"')
    before, _, after = text.partition("  - id: other")
    draft.write_text(before + "offers:" + after.partition("offers:")[2])
    found = compared(small, "2026-03-01", str(draft))
    # 30 slow calls have no price: 30 x 0.20.
    assert steps_of(found["bridges"][0]) == {"volume": D("-6.00")}
    assert [(row["scenario"], row["events"]) for row in found["tables"]["unpriced"]] == [
        ("narrow", 1)
    ]


def test_who_stays_keeps_the_cards_in_force(small: tuple[Path, Path]) -> None:
    for who in ("acme", "segment:business"):
        [bridge] = compared(small, "in-force", "2026-03-01", "--stay", who)["bridges"]
        assert bridge["before"] == bridge["after"]
    [bridge] = compared(small, "in-force", "2026-03-01", "--stay", "globex")["bridges"]
    assert steps_of(bridge) == {"price": D("3.00")}
    [bridge] = compared(small, "in-force", "2026-03-01", "--stay", "pinned")["bridges"]
    assert steps_of(bridge) == {"price": D("3.00")}  # nobody is pinned


def test_months_keep_usage_out(small: tuple[Path, Path]) -> None:
    found = compared(small, "in-force", "2026-03-01", "--from", "2026-02")
    assert found["events"] == 2
    [bridge] = found["bridges"]
    assert (D(bridge["before"]), D(bridge["after"])) == (D("7.20"), D("7.20"))


def test_tiers_and_rounding_are_priced_event_by_event(tmp_path: Path) -> None:
    tiered = FIRST.replace(
        "price: [{wallet: credits, credits: 2}]",
        "tiers: graduated\n    price: [{wallet: credits, steps: [{up_to: 12, credits: 2}, "
        "{credits: 1}]}]",
    ).replace("[{wallet: credits, credits: 1}]", "[{wallet: credits, credits: 1, per: 7}]")
    books = small_book(tmp_path, tiered)
    found = compared(books, "in-force", "2026-03-01")
    asked = {row["scenario"]: D(row["asked"]) for row in found["tables"]["credits"]}
    # In force: 12 x 2 + 3 x 1 = 27; 30 / 7 = 4.285714286; globex 4 x 2 = 8.
    assert asked["in-force"] == D("39.285714286")
    requires_the_sum(found)


def test_ledger_that_is_not_reproduced_is_refused(small: tuple[Path, Path], tmp_path: Path) -> None:
    database = tmp_path / small[1].name
    shutil.copyfile(small[1], database)
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "update pricing.int_events_rated set cost = cost + 0.000000001 where quantity = 30"
        )
    done = compare((small[0], database), "in-force", "2026-03-01")
    assert done.exit_code == 1
    assert "do not reproduce the ledger in 1 groups of usage" in done.stderr
    assert "ledger 30.000000001, priced anew 30.000000000" in done.stderr
    assert done.stdout == ""


def test_book_that_changed_since_it_was_loaded_is_refused(
    small: tuple[Path, Path], tmp_path: Path
) -> None:
    changed = tmp_path / "book"
    shutil.copytree(small[0], changed)
    card = changed / "cards/2026-03-01.yml"
    card.write_text(card.read_text() + "# another price is meant\n")
    done = compare((changed, small[1]), "in-force", "2026-03-01")
    assert done.exit_code == 1
    assert "is not what the database was loaded from" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["2026-01-01"], "Name two scenarios or more"),
        (["in-force", "2026-03-02"], 'Did you mean "2026-03-01"?'),
        (["in-force", "2026-03-01", "--burn-order", "orb"], "it needs --rebuild"),
        (["in-force", "2026-03-01", "--rebuild", "--stay", "acme"], "of whole books"),
    ],
)
def test_wrong_command_lines_are_answered(
    small: tuple[Path, Path], arguments: list[str], says: str
) -> None:
    done = compare(small, *arguments)
    assert done.exit_code == 2
    assert says in done.stderr


def test_nobody_of_that_name_can_stay(small: tuple[Path, Path]) -> None:
    done = compare(small, "in-force", "2026-03-01", "--stay", "nobody")
    assert done.exit_code == 1
    assert "--stay nobody: no customer with usage is called so" in done.stderr


def test_rebuild_says_what_wallets_add(small: tuple[Path, Path]) -> None:
    found = compared(small, "in-force", "2026-03-01", "--rebuild", "--burn-order", "orb")
    [bridge] = found["bridges"]
    # One lot only, which lasts: the books come to what prices said, in any order of lots.
    assert steps_of(bridge) == {"price": D("3.00")}
    rebuilt = {
        (row["scenario"], row["measure"]): D(row["amount"])
        for row in found["tables"]["rebuilt"]
        if row["of"] in ("USD", "credits")
    }
    assert rebuilt["in-force", "usage"] == D("13.20")
    assert rebuilt["2026-03-01", "usage"] == D("16.20")
    assert rebuilt["2026-03-01, burn order orb", "usage"] == D("16.20")
    assert rebuilt["2026-03-01", "deferred"] == D("5.00")
    assert rebuilt["2026-03-01", "held"] == D(25)


def test_files_hold_what_the_screen_shows(small: tuple[Path, Path], tmp_path: Path) -> None:
    done = compare(small, "in-force", "2026-03-01", "--out", str(tmp_path))
    assert done.exit_code == 0
    with (tmp_path / "tables/bridge.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert D(rows[0]["money"]) + sum(D(row["money"]) for row in rows[1:-1]) == D(rows[-1]["money"])
    parquet = str(tmp_path / "tables/by_customer.parquet")
    [(total,)] = duckdb.execute(
        'select sum("2026-03-01") from read_parquet(?)', [parquet]
    ).fetchall()
    assert total == D("16.20")
    page = (tmp_path / "compare.html").read_text()
    assert "16.20" in page
    assert not re.search(r"<script|<link|@import|src=|href=[\"']?http", page)


def test_names_of_customers_are_text_on_the_page() -> None:
    bridge = Bridge("<b>", "USD", 2, D(1), (("price", D(1)),), D(2))
    assert "<b>" not in bridge_svg(bridge, "a")
    assert "&lt;b&gt;" in bridge_svg(bridge, "a")


def test_percentiles_are_of_customers_by_nearest_rank() -> None:
    pairs = [(D(100), D(100 + change)) for change in range(1, 11)]
    # Of ten: p5 is the 1st, p25 the 3rd, p50 the 5th, p75 the 8th, p95 the 10th.
    assert [change for _, change in percentile_bands(pairs)] == [1, 3, 5, 8, 10]
    assert percentile_bands([(D(0), D(5))]) == ()


def test_small_shared_book_is_reproduced(lite_db: Path) -> None:
    found = compared((LITE / "book", lite_db), "in-force", "2026-01-01")
    [bridge] = found["bridges"]
    assert bridge["before"] == bridge["after"]
