"""What offers promise, through the real commands, on a book small enough to work by hand.

One customer per story, from 1 January to 1 April 2026. A call of kind chat costs one credit.

cal    basic (31.00 and 310 credits a calendar month, by days) from 20 January: 12 of 31 days, 12.00
       for 120 credits. 30 used: 3.00; 90 lapse: 9.00. All of February lapses: 31.00. Then it ends.
year   annual (120.00, 100 credits each month) from 1 January: twelve lots of 10.00, all deferred at
       once. January: 40 used, 4.00, 60 lapse, 6.00. February and March lapse: 10.00 each.
back   annual too, paid, and paid back whole on 10 February. January's 10.00 had lapsed and stays in
       revenue; the eleven other lots give up 110.00 at once, released or not.
up     basic from 1 January, replaced by plus (62.00, 620 credits) on the 17th. 200 credits were
       used: 20.00. 15 of 31 days go back: 15.00, of which 110 unused credits still carried 11.00;
       4.00 had been earned. plus: 30.00 for 300 credits; 100 used: 10.00, 200 lapse: 20.00.
swap   solid (31.00, 310 credits a month) from 1 January, replaced by flex (10.00, 100 credits) on
       the 17th: solid's credits live on until flex's month ends, on 17 February. 100 used in
       January: 10.00. Of 110 used in February solid's pay all, as the older ones: 11.00. The other
       100 lapse, 10.00, and flex's 100, 10.00.
pack   a dollar buys 100 credits, and a tenth more from 5,000 on: 60.00 buy 6,000 and 600, which
       share the 60.00 by credits: 54.55 and 5.45. 50 euros buy nothing: they wait to be applied.
deal   a tenth off every rate. 100 calls of kind chat cost 90 credits of the 62.00 plan it has for
       31.00: 90 of 620, 4.50. 4 of kind search are billed at 0.225.
post   calls of kind search are billed afterwards, 0.25 each; of kind ping they cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.error_cases import run

D = Decimal

BOOK = """
book: plans
entity: Plans, Inc.
functional_currency: USD
time_zone: UTC
first_period: 2026-01
framework: ASC606
wallets:
  credits: {unit: credit}
meters:
  calls: {unit: call, properties: [kind]}
policies:
  - effective_from: 2026-01-01
    approved: {by: controller, on: 2025-12-15, reference: MEMO-1}
    breakage: {default: {method: at_expiry}}
sources:
  - {feed: usage, format: csv, path: usage.csv}
  - {feed: payments, format: csv, path: payments.csv}
  - {feed: fx_rates, format: csv, path: rates.csv}
  - {feed: subscriptions, format: csv, path: "subscriptions*.csv"}
"""

CARD = """
version: "2026"
effective_from: 2026-01-01T00:00:00Z
published_at: 2025-12-15T00:00:00Z
approved: {by: pricing, on: 2025-12-14, reference: PC-1}
rates:
  - {id: chat, meter: calls, match: {kind: chat}, price: [{wallet: credits, credits: 1}]}
  - {id: search, meter: calls, match: {kind: search}, overage: {amount: 0.25, currency: USD}}
  - {id: ping, meter: calls, match: {kind: ping}, price: [{wallet: credits, credits: 0}]}
contracts:
  - {id: tenth, customers: [deal], discount: "0.10"}
offers:
  - id: basic
    price: {amount: 31.00, currency: USD, every: month, anchor: calendar, prorate: day}
    on_change: expire
    grants: [{wallet: credits, credits: 310, kind: paid, expires: period_end}]
  - id: solid
    price: {amount: 31.00, currency: USD, every: month}
    on_change: convert
    grants: [{wallet: credits, credits: 310, kind: paid, expires: period_end}]
  - id: flex
    price: {amount: 10.00, currency: USD, every: month}
    grants: [{wallet: credits, credits: 100, kind: paid, expires: period_end}]
  - id: plus
    price: {amount: 62.00, currency: USD, every: month, anchor: calendar, prorate: second}
    grants: [{wallet: credits, credits: 620, kind: paid, expires: period_end}]
  - id: top_up
    price: {amount: 1.00, currency: USD, sold_by: amount}
    grants:
      - {wallet: credits, credits: 100, kind: paid, expires: never}
      - {wallet: credits, kind: bonus, expires: never, slabs: [{from: 5000, share: "0.10"}]}
  - id: annual
    price: {amount: 120.00, currency: USD, every: year}
    grants: [{wallet: credits, credits: 100, kind: paid, every: month, expires: 1 month}]
"""

FILES = {
    "subscriptions.csv": """
subscription_id,customer_id,offer,started_at,ended_at,replaces,price
s_cal,cal,basic,2026-01-20T00:00:00Z,,,
s_year,year,annual,2026-01-01T00:00:00Z,,,
s_back,back,annual,2026-01-01T00:00:00Z,,,
s_up,up,basic,2026-01-01T00:00:00Z,,,
s_up_2,up,plus,2026-01-17T00:00:00Z,2026-02-01T00:00:00Z,s_up,
s_swap,swap,solid,2026-01-01T00:00:00Z,2026-01-17T00:00:00Z,,
s_swap_2,swap,flex,2026-01-17T00:00:00Z,2026-02-17T00:00:00Z,s_swap,
s_deal,deal,plus,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,,31.00
""",
    "subscriptions_ended.csv": """
subscription_id,customer_id,offer,started_at,ended_at
s_cal,cal,basic,2026-01-20T00:00:00Z,2026-03-01T00:00:00Z
s_up,up,basic,2026-01-01T00:00:00Z,2026-01-17T00:00:00Z
""",
    "payments.csv": """
payment_id,occurred_at,customer_id,kind,amount,currency,offer,subscription_id,relates_to
pay_back,2026-01-01T00:00:00Z,back,payment,120.00,USD,,s_back,
ref_back,2026-02-10T00:00:00Z,back,refund,120.00,USD,,,pay_back
pay_pack,2026-01-10T00:00:00Z,pack,payment,60.00,USD,top_up,,
pay_euro,2026-01-10T00:00:00Z,pack,payment,50.00,EUR,top_up,,
""",
    "rates.csv": """
date,currency,rate
2026-01-01,EUR,1.10
""",
    "usage.csv": """
event_id,occurred_at,customer_id,meter,quantity,properties
e_cal,2026-01-25T00:00:00Z,cal,calls,30,"{""kind"": ""chat""}"
e_year,2026-01-15T00:00:00Z,year,calls,40,"{""kind"": ""chat""}"
e_up_1,2026-01-05T00:00:00Z,up,calls,200,"{""kind"": ""chat""}"
e_up_2,2026-01-20T00:00:00Z,up,calls,100,"{""kind"": ""chat""}"
e_deal_1,2026-01-15T00:00:00Z,deal,calls,100,"{""kind"": ""chat""}"
e_deal_2,2026-01-15T00:00:00Z,deal,calls,4,"{""kind"": ""search""}"
e_swap_1,2026-01-05T00:00:00Z,swap,calls,100,"{""kind"": ""chat""}"
e_swap_2,2026-02-10T00:00:00Z,swap,calls,110,"{""kind"": ""chat""}"
e_post,2026-01-15T00:00:00Z,post,calls,3,"{""kind"": ""search""}"
e_free,2026-01-15T00:00:00Z,post,calls,5,"{""kind"": ""ping""}"
""",
}


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The book, loaded and built; every check holds."""
    folder = tmp_path_factory.mktemp("plans")
    book, data, database = folder / "book", folder / "data", folder / "plans.duckdb"
    (book / "cards").mkdir(parents=True)
    (book / "book.yml").write_text(BOOK, encoding="utf-8")
    (book / "cards" / "2026.yml").write_text(CARD, encoding="utf-8")
    data.mkdir()
    for name, text in FILES.items():
        (data / name).write_text(text.lstrip(), encoding="utf-8")
    done = run(
        "run", "--as-of", "2026-03", "--book", str(book), "--data", str(data), "--db", str(database)
    )
    assert done.exit_code == 0, done.stdout + done.stderr
    assert "FAIL" not in done.stdout
    return database


@pytest.fixture
def marts(db: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(db), read_only=True) as connection:
        yield connection


def rows(marts: duckdb.DuckDBPyConnection, sql: str, *values: object) -> list[tuple[Any, ...]]:
    return marts.execute(sql, values).fetchall()


def money(marts: duckdb.DuckDBPyConnection, customer: str) -> dict[str, tuple[Decimal, ...]]:
    """Period -> additions, usage revenue, breakage, refunded and closing of a customer's lots."""
    found = rows(
        marts,
        """
        select
            substr(cast(booked_period as string), 1, 7), sum(additions), sum(usage_revenue),
            sum(breakage_revenue), sum(refunded), sum(closing)
        from marts.deferred_revenue_schedule
        where customer_id = ? group by all order by all
        """,
        customer,
    )
    return {row[0]: row[1:] for row in found}


def test_a_plan_that_begins_inside_its_month_is_billed_and_granted_for_the_rest(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    assert money(marts, "cal") == {
        "2026-01": (12, 3, 9, 0, 0),
        "2026-02": (31, 0, 31, 0, 0),
    }


def test_a_year_paid_in_advance_is_deferred_whole_and_earned_by_its_months(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    assert money(marts, "year") == {
        "2026-01": (120, 4, 6, 0, 110),
        "2026-02": (0, 0, 10, 0, 100),
        "2026-03": (0, 0, 10, 0, 90),
    }
    balances = rows(
        marts,
        "select granted, closing, unreleased from marts.wallet_balances "
        "where customer_id = 'year' order by booked_period",
    )
    # Each month's 100 lapse with the month; what the year still holds can only be used later.
    assert balances == [(1200, 1100, 1100), (0, 1000, 1000), (0, 900, 900)]


def test_a_refund_takes_what_is_not_released_yet_at_once(marts: duckdb.DuckDBPyConnection) -> None:
    assert money(marts, "back") == {
        "2026-01": (120, 0, 10, 0, 110),
        "2026-02": (0, 0, 0, 110, 0),
    }


def test_a_plan_change_gives_back_time_and_takes_back_credits(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    assert money(marts, "up") == {"2026-01": (61, 30, 20, 11, 0)}
    entries = rows(
        marts,
        "select entry_type, credits, amount, reason from marts.credit_ledger "
        "where lot_id = 's_up:1:1' and entry_type <> 'draw' order by booked_at, entry_id",
    )
    assert entries == [
        ("grant", 310, 31, "basic"),
        ("void", -110, -11, "replaced by s_up_2"),
    ]


def test_credits_that_are_converted_live_on_with_what_was_paid_for_them(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    assert money(marts, "swap") == {
        "2026-01": (41, 10, 0, 0, 31),
        "2026-02": (0, 11, 20, 0, 0),
    }
    ends = rows(
        marts,
        "select lot_id, cast(expires_at as string) from marts.credit_lots "
        "where customer_id = 'swap' order by lot_id",
    )
    assert ends == [
        ("s_swap:1:1", "2026-02-17 00:00:00"),
        ("s_swap_2:1:1", "2026-02-17 00:00:00"),
    ]


def test_what_goes_back_is_credited_to_the_account_and_not_paid(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    refunds = rows(
        marts,
        """
        select account_role, sum(debit) - sum(credit) from marts.journal_lines
        where posting_group like 'refunds%' and booked_period = ? group by all order by all
        """,
        "2026-01-01",
    )
    assert refunds == [
        ("accounts_receivable", -15),
        ("contract_liability", 11),
        ("refunds_contra_revenue", 4),
    ]


def test_a_top_up_of_any_amount_brings_its_credits_and_the_bonus_of_its_size(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    lots = rows(
        marts,
        "select lot_id, kind, credits, consideration from marts.credit_lots "
        "where customer_id = 'pack' order by lot_id",
    )
    assert lots == [
        ("pay_pack:1", "paid", 6000, D("54.55")),
        ("pay_pack:2", "bonus", 600, D("5.45")),
    ]
    unapplied = rows(
        marts,
        "select currency, sum(credit) - sum(debit) from marts.journal_lines "
        "where account_role = 'unapplied_payments' group by all",
    )
    assert unapplied == [("EUR", 50)]


def test_a_contract_lowers_what_usage_costs_and_a_subscription_what_a_plan_does(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    rated = rows(
        marts,
        "select rate_id, cost from marts.rated_usage where customer_id = 'deal' order by rate_id",
    )
    assert rated == [("chat@tenth", 90), ("search@tenth", D("0.90"))]
    assert money(marts, "deal") == {"2026-01": (31, D("4.50"), D("26.50"), 0, 0)}


def test_usage_is_billed_afterwards_or_free_without_being_unrated(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    rated = rows(
        marts,
        "select rate_id, wallet, cost, unrated_reason from marts.rated_usage "
        "where customer_id = 'post' order by rate_id",
    )
    assert rated == [("ping", "credits", 0, None), ("search", None, D("0.75"), None)]
    sold = rows(
        marts,
        "select wallet, overage_revenue, quantity, events from marts.revenue_by_meter "
        "where customer_id = 'post' order by wallet nulls last",
    )
    assert sold == [("credits", 0, 5, 1), (None, D("0.75"), 3, 1)]


def test_trace_tells_of_postpaid_usage_and_of_both_rows_of_a_subscription(db: Path) -> None:
    told = run("trace", "e_post", "--db", str(db)).stdout
    assert "costs 0.75 USD, billed afterwards at 0.25 per 1" in told
    assert "usage without a wallet sold after use (overage), 0.75 USD" in told
    assert "✓ quantity at its price 0.75" in told
    told = run("trace", "e_deal_1", "--db", str(db)).stdout
    assert "rated at chat@tenth of card 2026, approved by pricing" in told
    assert "✓ quantity at its price 90 = drawn, sold or unfunded 90" in told
    told = run("trace", "s_up", "--db", str(db)).stdout
    assert "subscription s_up to basic from 2026-01-01 00:00:00 UTC to 2026-01-17" in told
    assert "subscriptions.csv, row 4" in told
    assert "subscriptions_ended.csv, row 2" in told
