"""Rollover, extension and reset of single lots, through the real commands, worked by hand.

The plan is the one that docs/rate-cards.md shows, so its table is checked too.
"""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.error_cases import run
from tests.lot_books import Rows, query, run_book, use

PAGE = Path(__file__).resolve().parents[1] / "docs" / "rate-cards.md"
SECTION = PAGE.read_text("utf-8").split("## Credits that live on")[1].split("\n## ")[0]

BOOK = """\
book: living-on
entity: Living On, Inc.
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
  - {feed: grants, format: csv, path: grants.csv, optional: true}
  - {feed: lot_events, format: csv, path: lot_events.csv, optional: true}
"""

CARD = """\
version: "2025-07-01"
effective_from: 2025-07-01T00:00:00Z
published_at: 2025-06-15T00:00:00Z
approved: {by: tester, on: 2025-06-15, reference: T-1}
rates:
  - {id: calls, meter: calls, price: [{wallet: universal, credits: 1}]}
"""


def block(language: str) -> str:
    """The fenced block of the page's section."""
    found = re.search(rf"^```{language}\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def table_of_page() -> list[list[str]]:
    """The rows of its first table, cells as written."""
    lines = [line for line in SECTION.splitlines() if line.startswith("| 2025-")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


FILES = {"book.yml": BOOK, "cards/2025-07-01.yml": CARD + block("yaml")}

PRO = [
    {
        "subscription_id": "s1",
        "customer_id": "acme",
        "offer": "pro",
        "started_at": "2025-07-01T00:00:00Z",
    }
]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three months of the page's plan."""
    usage = use("acme", ("2025-07-10", 30), ("2025-08-10", 60), ("2025-09-10", 120))
    database, done = run_book(
        tmp_path_factory.mktemp("plan"), FILES, "2025-09-30T00:00:00Z",
        usage=usage, subscriptions=PRO,
    )  # fmt: skip
    assert done.exit_code == 0, done.stdout + done.stderr
    return database


def test_the_page_shows_what_the_books_say(plan: Path) -> None:
    rows = query(
        plan,
        """
        select
            strftime(balances.booked_period, '%Y-%m'),
            balances.granted,
            (
                select coalesce(sum(credits), 0) from marts.credit_ledger as ledger
                where
                    entry_type = 'rollover_in' and ledger.booked_period = balances.booked_period
            ),
            -balances.drawn,
            -balances.expired,
            balances.closing,
            rollforward.usage_revenue,
            rollforward.breakage_revenue,
            rollforward.closing
        from marts.wallet_balances as balances
        inner join marts.liability_rollforward as rollforward using (booked_period)
        order by balances.booked_period
        """,
    )
    shown = [[row[0], *(Decimal(cell) for cell in row[1:])] for row in table_of_page()]
    assert shown == [list(row) for row in rows]


def test_what_rolls_over_leaves_and_enters_the_same_lot(plan: Path) -> None:
    rows = query(
        plan,
        """
        select
            entry_id, credits, amount, strftime(occurred_at, '%d %b'), strftime(booked_period, '%b')
        from marts.credit_ledger where lot_id = 's1:1:1' and entry_type <> 'draw'
        order by booked_at, credits
        """,
    )
    # 20.00 for 100 credits, 0.20 each. What is above the cap is July's, what lives on August's.
    assert [(row[0], int(row[1]), str(row[2].normalize()), *row[3:]) for row in rows] == [
        ("s1:1:1/grant", 100, "2E+1", "01 Jul", "Jul"),
        ("s1:1:1/expire:2025-08-01T00:00:00", -20, "-4", "01 Aug", "Jul"),
        ("s1:1:1/rollover_out:2025-08-01T00:00:00", -50, "-1E+1", "01 Aug", "Aug"),
        ("s1:1:1/rollover_in:2025-08-01T00:00:00", 50, "1E+1", "01 Aug", "Aug"),
    ]


def test_a_trace_tells_what_rolled_over_and_what_was_above_the_cap(plan: Path) -> None:
    text = run("trace", "s1:1:1", "--db", str(plan)).stdout
    assert "expires 2025-09-01 00:00:00 UTC" in text
    assert "├─ rolled over 50 at 2025-08-01 00:00:00 UTC" in text
    assert "├─ expired 20 at 2025-08-01 00:00:00 UTC, above the cap on what rolls over" in text
    assert "✓ granted 100 = drawn 80 + expired 20, together 100" in text


GRANTS = [
    {
        "grant_id": grant,
        "customer_id": "acme",
        "wallet": "universal",
        "credits": 100,
        "kind": kind,
        "effective_at": "2025-07-01T00:00:00Z",
        "expires_at": "2025-08-01T00:00:00Z",
        "consideration": consideration,
        "currency": "USD",
    }
    for grant, kind, consideration in (("g1", "paid", 50), ("g2", "promo", ""))
]


def changes(*rows: dict[str, Any]) -> Rows:
    return [
        {"lot_event_id": f"e{n}", "reason": "by hand", **row} for n, row in enumerate(rows, start=1)
    ]


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """g1 (50.00 for 100 credits) is extended on 20 July, g2 (given) is reset on 10 and 15 July."""
    events = changes(
        {"lot_id": "g1", "kind": "extend", "occurred_at": "2025-07-20T00:00:00Z"}
        | {"new_expires_at": "2025-09-15T00:00:00Z"},
        {"lot_id": "g2", "kind": "reset", "occurred_at": "2025-07-10T00:00:00Z", "most": 40},
        {"lot_id": "g2", "kind": "reset", "occurred_at": "2025-07-15T00:00:00Z", "least": 25},
    )
    # Until the 10th, 10 of g2 (free before paid); 90 are left, 40 stay. 30 more until the 15th: 10
    # are left, 15 are granted. On the 25th g2 and its refill pay 25 and g1, which now ends
    # later, 5; on 10 August only g1 is there.
    usage = use(
        "acme", ("2025-07-05", 10), ("2025-07-12", 30), ("2025-07-25", 30), ("2025-08-10", 15)
    )
    database, done = run_book(
        tmp_path_factory.mktemp("changed"),
        FILES,
        "2025-09-30T00:00:00Z",
        usage=usage,
        subscriptions=[{**PRO[0], "customer_id": "globex"}],
        grants=GRANTS,
        lot_events=events,
    )
    assert done.exit_code == 0, done.stdout + done.stderr
    return database


def test_an_extended_lot_pays_until_its_new_end_and_lapses_then(changed: Path) -> None:
    rows = query(
        changed,
        """
        select entry_id, credits, cast(booked_at as text) from marts.credit_ledger
        where lot_id = 'g1' order by booked_at
        """,
    )
    assert [(name, int(credits), at) for name, credits, at in rows] == [
        ("g1/grant", 100, "2025-07-01 00:00:00"),
        ("acme-2025-07-25/g1", -5, "2025-07-25 12:00:00"),
        ("acme-2025-08-10/g1", -15, "2025-08-10 12:00:00"),
        ("g1/expire", -80, "2025-09-14 23:59:59.999999"),
    ]


def test_a_reset_cuts_a_lot_or_grants_a_refill_that_carries_nothing(changed: Path) -> None:
    rows = query(
        changed,
        """
        select entry_id, credits, reason, cast(booked_at as text) from marts.credit_ledger
        where lot_id in ('g2', 'g2:e3') and entry_type <> 'draw' order by booked_at
        """,
    )
    assert [(name, int(credits), *rest) for name, credits, *rest in rows] == [
        ("g2/grant", 100, None, "2025-07-01 00:00:00"),
        ("g2/e2", -50, "by hand", "2025-07-09 23:59:59.999999"),
        ("g2:e3/grant", 15, "refill of g2", "2025-07-15 00:00:00"),
    ]
    lots = query(
        changed,
        """
        select lot_id, parent_lot_id, kind, credits, consideration, cast(expires_at as text)
        from marts.credit_lots where lot_id in ('g1', 'g2', 'g2:e3') order by lot_id
        """,
    )
    assert [(*row[:3], int(row[3]), int(row[4]), row[5]) for row in lots] == [
        ("g1", None, "paid", 100, 50, "2025-09-15 00:00:00"),
        ("g2", None, "promo", 100, 0, "2025-08-01 00:00:00"),
        ("g2:e3", "g2", "promo", 15, 0, "2025-08-01 00:00:00"),
    ]


def test_a_trace_names_the_row_behind_an_extension_and_a_refill(changed: Path) -> None:
    extended = run("trace", "g1", "--db", str(changed)).stdout
    assert "├─ extended to 2025-09-15 00:00:00 UTC on 2025-07-20 00:00:00 UTC, by hand" in extended
    assert "lot_events.csv, row 1" in extended
    filled = run("trace", "g2", "--db", str(changed)).stdout
    assert "├─ filled up by lot g2:e3: 15 universal (promo), given for nothing" in filled
    assert "✓ granted 100 = drawn 50 + expired 50, together 100" in filled
    refill = run("trace", "g2:e3", "--db", str(changed)).stdout
    assert "reset e3 of lot g2 on 2025-07-15 00:00:00 UTC, to no less than 25" in refill
    assert "lot_events.csv, row 3" in refill
    assert "✓ granted 15 = drawn 15, together 15" in refill


def test_an_end_that_still_counts_is_said_by_the_column_of_its_source(tmp_path: Path) -> None:
    text = PAGE.read_text("utf-8")
    column = re.search(r"`(expires_at: \"cast.*?\")`", text)
    assert column is not None
    others = ("grant_id", "customer_id", "wallet", "credits", "kind", "effective_at")
    columns = ", ".join([*(f"{name}: {name}" for name in others), column[1]])
    mapped = f"path: grants.csv, optional: true, columns: {{{columns}}}"
    files = {**FILES, "book.yml": BOOK.replace("path: grants.csv, optional: true", mapped)}
    lot = {"grant_id": "g", "customer_id": "acme", "wallet": "universal", "credits": 10}
    window = {"effective_at": "2025-07-01T00:00:00Z", "expires_at": "2025-07-05T12:00:00Z"}
    database, done = run_book(
        tmp_path, files, "2025-07-31T00:00:00Z",
        usage=use("acme", ("2025-07-05", 4)), grants=[{**lot, "kind": "goodwill", **window}],
        subscriptions=PRO,
    )  # fmt: skip
    assert done.exit_code == 0, done.stdout + done.stderr
    # The use is at the very instant that the source names.
    drawn = "select -credits from marts.credit_ledger where entry_type = 'draw' and lot_id = 'g'"
    assert query(database, drawn) == [(Decimal(4),)]


def test_changes_that_cannot_be_carried_out_are_listed_with_the_reason(tmp_path: Path) -> None:
    at = {"occurred_at": "2025-08-01T00:00:00Z"}
    later = {"new_expires_at": "2025-09-15T00:00:00Z"}
    events = changes(
        {"lot_id": "g1", "kind": "extend", **at, **later},
        {"lot_id": "s1:1:1", "kind": "reset", **at, "most": 1},
        {"lot_id": "none", "kind": "void", **at},
    )
    database, done = run_book(
        tmp_path,
        FILES,
        "2025-09-30T00:00:00Z",
        usage=use("acme", ("2025-07-05", 10)),
        subscriptions=PRO,
        grants=GRANTS,
        lot_events=events,
    )
    assert done.exit_code == 1
    rows = query(
        database,
        "select lot_event_id, problem from failures.assert_no_lot_event_is_left_out order by all",
    )
    lapsed = "the lot had lapsed: what was left of it can only be given anew, as a goodwill grant"
    assert rows == [
        ("e1", lapsed),
        ("e2", "the lot rolls over, by the terms of its offer"),
        ("e3", "no lot has this id"),
    ]
    # The extension changes nothing: what g1 had left is July's breakage.
    assert query(
        database, "select -credits from marts.credit_ledger where entry_id = 'g1/expire'"
    ) == [(Decimal(100),)]
