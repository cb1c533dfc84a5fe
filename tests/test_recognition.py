"""Worked examples of recognition through the public feeds: points, cards, plans, bundles.

Each customer of one book is an example; months stand for the periods of the examples, and yen for
money without cents. Expected figures are worked by hand beside each test.
"""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal

import duckdb
import pytest

from tests.cli import exit_code

BOOK = """\
book: worked
entity: Worked, Inc.
functional_currency: USD
time_zone: UTC
first_period: 2025-01
framework: IFRS15
wallets:
  service: {unit: credit}
  points: {unit: credit}
  grocery_points: {unit: credit}
  cards: {unit: credit}
  cards_owed_to_a_state: {unit: credit}
  seats: {unit: credit}
meters:
  service: {unit: unit}
  points: {unit: unit}
  grocery_points: {unit: unit}
  cards: {unit: unit}
  cards_owed_to_a_state: {unit: unit}
  seats: {unit: unit}
policies:
  - effective_from: 2025-01-01
    approved: {by: controller, on: 2024-12-01, reference: MEMO-1}
    bonus_credits: {default: ssp}
    breakage:
      default: {method: at_expiry}
      points: {method: proportional, expected_unused: "0.05"}
      grocery_points: {method: proportional, expected_unused: "0.20"}
      cards: {method: proportional, expected_unused: "0.10"}
      cards_owed_to_a_state: {method: proportional, expected_unused: "0.10", escheat_share: "1"}
    progress:
      default: consumption
      seats: ratable
      seats_by_instant: {method: ratable, convention: instant}
      seats_by_month: {method: ratable, convention: even_month}
      seats_by_prorated_month: {method: ratable, convention: prorated_month}
    ssp:
      points: {amount: 150, method: adjusted_market, expected_use: "0.8"}
  - effective_from: 2025-02-01
    approved: {by: controller, on: 2025-02-20, reference: MEMO-2}
    breakage:
      points: {method: proportional, expected_unused: "0.03"}
      grocery_points: {method: proportional, expected_unused: "0.10"}
sources:
  - {feed: usage, format: csv, path: usage.csv}
  - {feed: payments, format: csv, path: payments.csv}
  - {feed: subscriptions, format: csv, path: subscriptions.csv}
  - {feed: lot_events, format: csv, path: lot_events.csv}
  - {feed: fx_rates, format: csv, path: fx_rates.csv}
"""

CARD = """\
version: "2025-01-01"
effective_from: 2025-01-01T00:00:00Z
published_at: 2024-12-15T00:00:00Z
approved: {by: pricing, on: 2024-12-14, reference: PC-1}
rates:
  - {id: service, meter: service, price: [{wallet: service, credits: 1}]}
  - {id: points, meter: points, price: [{wallet: points, credits: 1}]}
  - {id: grocery_points, meter: grocery_points, price: [{wallet: grocery_points, credits: 1}]}
  - {id: cards, meter: cards, price: [{wallet: cards, credits: 1}]}
  - id: cards_owed_to_a_state
    meter: cards_owed_to_a_state
    price: [{wallet: cards_owed_to_a_state, credits: 1}]
  - {id: seats, meter: seats, price: [{wallet: seats, credits: 1}]}
offers:
  - id: products_with_points
    price: {amount: 100000, currency: JPY}
    grants:
      - {wallet: service, credits: 1, kind: paid, expires: never, ssp: 100000}
      - {wallet: points, credits: 10000, kind: bonus, expires: never, ssp: 1, expected_use: "0.95"}
  - id: groceries_with_points
    price: {amount: 7200000, currency: JPY}
    grants:
      - {wallet: service, credits: 1, kind: paid, expires: never, ssp: 7200000}
      - wallet: grocery_points
        credits: 10000
        kind: bonus
        expires: never
        ssp: 100
        expected_use: "0.80"
  - id: gift_card
    price: {amount: 1000, currency: USD}
    grants: [{wallet: cards, credits: 1000, kind: paid, expires: 3 months}]
  - id: gift_card_owed
    price: {amount: 1000, currency: USD}
    grants:
      - {wallet: cards_owed_to_a_state, credits: 1000, kind: paid, expires: 3 months}
  - id: three_parts
    price: {amount: 100, currency: JPY}
    grants:
      - {wallet: service, credits: 1, kind: paid, expires: never, ssp: 50}
      - {wallet: service, credits: 1, kind: paid, expires: never, ssp: 25}
      - {wallet: service, credits: 1, kind: bonus, expires: never, ssp: 75}
  - id: product_with_option
    price: {amount: 1000, currency: USD}
    grants:
      - {wallet: service, credits: 1, kind: paid, expires: never, ssp: 1000}
      - {wallet: points, credits: 1, kind: bonus, expires: never}
  - id: seats
    price: {amount: 120, currency: USD}
    grants: [{wallet: seats, credits: 120, kind: paid, expires: 120 days}]
  - id: seats_by_instant
    price: {amount: 120, currency: USD}
    grants: [{wallet: seats, credits: 120, kind: paid, expires: 120 days}]
  - id: seats_by_month
    price: {amount: 120, currency: USD}
    grants: [{wallet: seats, credits: 120, kind: paid, expires: 120 days}]
  - id: seats_by_prorated_month
    price: {amount: 120, currency: USD}
    grants: [{wallet: seats, credits: 120, kind: paid, expires: 120 days}]
  - id: seats_for_a_quarter
    price: {amount: 90, currency: USD}
    grants: [{wallet: seats, credits: 90, kind: paid, expires: 90 days}]
  - id: hundred_a_month
    price: {amount: 20, currency: USD, every: month}
    grants: [{wallet: seats, credits: 100, kind: paid, expires: period_end}]
"""

HEADS = {
    "usage": "event_id,occurred_at,customer_id,meter,quantity",
    "payments": "payment_id,occurred_at,customer_id,kind,amount,currency,offer,relates_to",
    "subscriptions": "subscription_id,customer_id,offer,started_at,ended_at",
    "lot_events": "lot_event_id,occurred_at,lot_id,kind,credits,reason",
    "fx_rates": "date,currency,rate",
}

ROWS = {
    "usage": """\
        u1,2025-01-10T00:00:00Z,loyal,service,1
        u2,2025-01-20T00:00:00Z,loyal,points,4500
        u3,2025-02-10T00:00:00Z,loyal,points,4000
        u4,2025-01-20T00:00:00Z,grocer,grocery_points,4000
        u5,2025-02-20T00:00:00Z,grocer,grocery_points,4100
        u6,2025-03-20T00:00:00Z,grocer,grocery_points,900
        u7,2025-02-10T00:00:00Z,giver,cards,540
        u8,2025-02-10T00:00:00Z,heir,cards_owed_to_a_state,450
        u9,2025-07-01T00:00:00Z,daily,seats,120
        v1,2025-02-10T00:00:00Z,monthly,seats,100
        v2,2025-02-03T00:00:00Z,leaver,seats,90
        """,
    "payments": """\
        p1,2025-01-05T00:00:00Z,loyal,payment,100000,JPY,products_with_points,
        p2,2025-01-05T00:00:00Z,grocer,payment,7200000,JPY,groceries_with_points,
        p3,2025-01-31T00:00:00Z,giver,payment,1000,USD,gift_card,
        p4,2025-01-31T00:00:00Z,heir,payment,1000,USD,gift_card_owed,
        p5,2025-01-05T00:00:00Z,parts,payment,100,JPY,three_parts,
        p6,2025-01-05T00:00:00Z,chooser,payment,1000,USD,product_with_option,
        p7,2025-06-15T12:00:00Z,daily,payment,120,USD,seats,
        p8,2025-06-15T12:00:00Z,instantly,payment,120,USD,seats_by_instant,
        p9,2025-06-15T12:00:00Z,evenly,payment,120,USD,seats_by_month,
        q1,2025-06-15T12:00:00Z,prorated,payment,120,USD,seats_by_prorated_month,
        q2,2025-01-01T00:00:00Z,leaver,payment,90,USD,seats_for_a_quarter,
        r2,2025-02-01T00:00:00Z,leaver,refund,9,USD,,q2
        q3,2025-01-01T00:00:00Z,quitter,payment,90,USD,seats_for_a_quarter,
        """,
    "subscriptions": "s1,monthly,hundred_a_month,2025-01-01T00:00:00Z,2025-03-01T00:00:00Z",
    "lot_events": "x1,2025-02-10T00:00:00Z,q3:1,void,,left without a refund",
    "fx_rates": "2025-01-01,JPY,0.01",
}

FIGURES = {
    "usage": "usage_revenue",
    "breakage": "breakage_revenue",
    "escheated": "escheated",
    "refunded": "refunded",
    "closing": "closing",
}


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """The book of examples, loaded, built to the end of October and checked."""
    folder = tmp_path_factory.mktemp("worked")
    (folder / "book" / "cards").mkdir(parents=True)
    (folder / "book" / "book.yml").write_text(BOOK)
    (folder / "book" / "cards" / "2025-01-01.yml").write_text(CARD)
    for feed, head in HEADS.items():
        with (folder / "book" / f"{feed}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(head.split(","))
            writer.writerows(line.strip().split(",") for line in ROWS[feed].strip().split("\n"))
    arguments = ["--book", str(folder / "book"), "--db", str(folder / "worked.duckdb")]
    assert exit_code("load", *arguments) == 0
    assert exit_code("build", "--as-of", "2025-10", *arguments) == 0
    assert exit_code("check", *arguments) == 0
    return duckdb.connect(str(folder / "worked.duckdb"), read_only=True)


def figures(
    connection: duckdb.DuckDBPyConnection, lot_id: str, name: str, months: int
) -> list[Decimal]:
    """One figure of a lot's schedule, for so many months from January."""
    found = dict(
        connection.execute(
            f"""
            select booked_period, {FIGURES[name]}
            from marts.deferred_revenue_schedule where lot_id = ?
            """,
            [lot_id],
        ).fetchall()
    )
    return [found.get(date(2025, month, 1), Decimal(0)) for month in range(1, months + 1)]


def decimals(text: str) -> list[Decimal]:
    return [Decimal(figure) for figure in text.split()]


def test_points_are_earned_by_redemptions_over_those_expected(connection) -> None:
    # 100,000 x 9,500 / 109,500 = 8,676 to the points. 8,676 x 4,500 / 9,500 = 4,110; with 9,700
    # expected, 8,676 x 8,500 / 9,700 = 7,603 to date.
    earned = [
        sum(pair)
        for pair in zip(
            figures(connection, "p1:2", "usage", 2),
            figures(connection, "p1:2", "breakage", 2),
            strict=True,
        )
    ]
    assert earned == decimals("4110 3493")
    assert figures(connection, "p1:2", "closing", 2) == decimals("4566 1073")
    assert figures(connection, "p1:1", "usage", 2) == decimals("91324 0")


def test_a_higher_expected_use_takes_back_breakage_and_the_rest_comes_with_the_last_point(
    connection,
) -> None:
    # 720,000 to 10,000 points. 4,000 at 80 %: half. 8,100 at 90 %: 648,000 to date, of which
    # 583,200 by use. 9,000 of 9,000: all.
    assert figures(connection, "p2:2", "usage", 3) == decimals("288000 295200 64800")
    assert figures(connection, "p2:2", "breakage", 3) == decimals("72000 -7200 7200")
    assert figures(connection, "p2:2", "closing", 3) == decimals("360000 72000 0")


def test_a_gift_card_breaks_in_proportion_and_what_a_state_is_owed_never_does(connection) -> None:
    # 540 of 900 expected: 60 of the 100 that stay unused. At the end of April the rest expires.
    assert figures(connection, "p3:1", "usage", 4) == decimals("0 540 0 0")
    assert figures(connection, "p3:1", "breakage", 4) == decimals("0 60 0 400")
    assert figures(connection, "p3:1", "closing", 4) == decimals("1000 400 400 0")
    assert figures(connection, "p4:1", "breakage", 4) == decimals("0 0 0 0")
    assert figures(connection, "p4:1", "escheated", 4) == decimals("0 0 0 550")
    assert figures(connection, "p4:1", "closing", 4) == decimals("1000 550 550 0")


def test_what_a_state_is_owed_stands_in_unclaimed_property(connection) -> None:
    lines = connection.execute(
        "select account_role, debit, credit from marts.journal_lines where journal_id = ?",
        ["2025-04/escheat/USD"],
    ).fetchall()
    assert lines == [("contract_liability", 550, 0), ("unclaimed_property", 0, 550)]


@pytest.mark.parametrize(
    ("lot_id", "expected"),
    [
        # 120.00 from noon of 15 June to noon of 13 October: 15.5, 31, 31, 30 and 12.5 days.
        ("p7:1", "16 31 31 30 12"),
        ("p8:1", "15.50 31 31 30 12.50"),
        ("p9:1", "30 30 30 30 0"),
        # 92.00 over three whole months, equal to the cent, the last with the remainder.
        ("q1:1", "15.50 30.66 30.66 30.68 12.50"),
    ],
)
def test_time_is_counted_in_four_ways(connection, lot_id: str, expected: str) -> None:
    assert figures(connection, lot_id, "usage", 10)[5:] == decimals(expected)
    assert figures(connection, lot_id, "breakage", 10) == decimals("0 " * 10)


def test_usage_of_a_ratable_lot_draws_credits_and_shares_what_time_earned(connection) -> None:
    # All 120 credits are used in July: its 31.00 belong to that meter, other months to none.
    found = connection.execute(
        """
        select meter, usage_revenue, credits from marts.revenue_by_meter
        where customer_id = 'daily' and usage_revenue > 0 order by booked_period
        """
    ).fetchall()
    assert found == [
        (None, 16, 0),
        ("seats", 31, 120),
        (None, 31, 0),
        (None, 30, 0),
        (None, 12, 0),
    ]


def test_a_refund_of_a_tenth_ends_a_tenth_of_the_schedule(connection) -> None:
    # 9.00 back: 5.90 of the 59.00 not earned, 3.10 of what was. Then nine tenths of 28 and of 31.
    assert figures(connection, "q2:1", "usage", 3) == decimals("31 25.20 27.90")
    assert figures(connection, "q2:1", "refunded", 3) == decimals("0 5.90 0")
    [(contra,)] = connection.execute(
        """
        select debit from marts.journal_lines
        where journal_id = '2025-02/refunds/USD' and account_role = 'refunds_contra_revenue'
        """
    ).fetchall()
    assert contra == Decimal("3.10")


def test_a_void_without_a_refund_releases_what_time_had_not_earned(connection) -> None:
    # 31 days of January and 9 of February, begun before the 10th; 50 of 90 are left.
    assert figures(connection, "q3:1", "usage", 3) == decimals("31 9 0")
    assert figures(connection, "q3:1", "breakage", 3) == decimals("0 50 0")


def test_credits_that_reset_monthly_earn_their_month_whatever_is_used(connection) -> None:
    assert figures(connection, "s1:1:1", "usage", 2) == decimals("20 0")
    assert figures(connection, "s1:2:1", "usage", 2) == decimals("0 20")


@pytest.mark.parametrize(
    ("payment", "expected"),
    [
        # 100 over 50, 25 and 75; 1,000.00 over 1,000 and 150 x 80 %.
        ("p5", "33 17 50"),
        ("p6", "892.86 107.14"),
    ],
)
def test_a_price_is_shared_by_stand_alone_prices(connection, payment: str, expected: str) -> None:
    found = connection.execute(
        "select consideration from marts.credit_lots where payment_id = ? order by lot_id",
        [payment],
    ).fetchall()
    assert [amount for (amount,) in found] == decimals(expected)


def test_current_is_what_a_year_is_expected_to_earn(connection) -> None:
    found = connection.execute(
        """
        select booked_period, opening, revenue, revenue_from_opening, closing, current_portion
        from marts.contract_balances where wallet = 'cards' order by booked_period limit 4
        """
    ).fetchall()
    # The card expires within a year: all of it is current.
    assert [row[1:] for row in found] == [
        (0, 0, 0, 1000, 1000),
        (1000, 600, 600, 400, 400),
        (400, 0, 0, 400, 400),
        (400, 400, 400, 0, 0),
    ]
