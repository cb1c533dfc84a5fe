"""What suppliers charge, and whose revenue it is: principal and agent, through the real commands.

Worked by hand: a model costs $9 per thousand calls until 15 August, $8 from then on; a search costs
$1 per thousand on top, from another supplier, for calls that search.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.lot_books import Rows, query, run_book

BOOK = """\
book: resold
entity: Resold, Inc.
functional_currency: USD
time_zone: UTC
first_period: 2025-07
framework: ASC606
wallets:
  credits: {unit: credit}
meters:
  calls: {unit: call, properties: [model, search]}
  images: {unit: image}
  pages: {unit: page}
policies:
  - effective_from: 2025-07-01
    approved: {by: controller, on: 2025-06-01, reference: MEMO-1}
    principal: {calls: agent, images: principal}
  - effective_from: 2025-09-01
    approved: {by: controller, on: 2025-08-20, reference: MEMO-2}
    principal: {default: agent, calls: principal}
sources:
  - {feed: usage, format: csv, path: usage.csv}
  - {feed: grants, format: csv, path: grants.csv}
  - {feed: fx_rates, format: csv, path: fx_rates.csv, optional: true}
  - {feed: period_closes, format: csv, path: closes.csv, optional: true}
"""

CARD = """\
version: "2025-07-01"
effective_from: 2025-07-01T00:00:00Z
published_at: 2025-06-15T00:00:00Z
approved: {by: pricing, on: 2025-06-15, reference: PC-1}
rates:
  - {id: calls, meter: calls, price: [{wallet: credits, credits: 1}]}
  - {id: images, meter: images, price: [{wallet: credits, credits: 1}]}
  - {id: pages, meter: pages, price: [{wallet: credits, credits: 1}]}
"""


def costs(version: str, supplier: str, *lines: str, published: str = "2025-06-15") -> str:
    """A supplier's price list."""
    listed = "".join(f"  - {{{line}}}\n" for line in lines)
    return (
        f'version: "{supplier}-{version}"\neffective_from: {version}T00:00:00Z\n'
        f"published_at: {published}T00:00:00Z\nsupplier: {supplier}\n"
        f"approved: {{by: buyer, on: 2025-06-01, reference: PO-1}}\ncosts:\n{listed}"
    )


FILES = {
    "book.yml": BOOK,
    "cards/2025-07-01.yml": CARD,
    "costs/models-1.yml": costs(
        "2025-07-01",
        "models",
        "id: any, meter: calls, amount: 90, currency: USD, per: 1000",
        "id: small, meter: calls, match: {model: small}, amount: 9, currency: USD, per: 1000",
        "id: images, meter: images, amount: 0.02, currency: USD",
        "id: pages, meter: pages, amount: 0.001, currency: EUR",
    ),
    "costs/models-2.yml": costs(
        "2025-08-15",
        "models",
        "id: small, meter: calls, match: {model: small}, amount: 8, currency: USD, per: 1000",
        "id: images, meter: images, amount: 0.02, currency: USD",
        "id: pages, meter: pages, amount: 0.001, currency: EUR",
    ),
    "costs/search.yml": costs(
        "2025-07-01",
        "search",
        'id: search, meter: calls, match: {search: "yes"}, amount: 1, currency: USD, per: 1000',
    ),
}

GRANTS: Rows = [
    {
        "grant_id": "g1",
        "customer_id": "acme",
        "wallet": "credits",
        "credits": 100000,
        "kind": "paid",
        "effective_at": "2025-07-01T00:00:00Z",
        "consideration": "1000.00",
        "currency": "USD",
    }
]


def call(
    event: str, at: str, meter: str, quantity: int | str, properties: str = "{}", received: str = ""
) -> dict[str, object]:
    return {
        "event_id": event,
        "occurred_at": f"{at}T12:00:00Z",
        "customer_id": "acme",
        "meter": meter,
        "quantity": quantity,
        "properties": properties,
        "received_at": f"{received}T12:00:00Z" if received else "",
    }


SMALL, SEARCHING = '{"model": "small"}', '{"model": "small", "search": "yes"}'

USAGE: Rows = [
    call("july", "2025-07-10", "calls", 333, SMALL),
    call("july-search", "2025-07-11", "calls", 334, SEARCHING),
    call("before", "2025-08-14", "calls", 1000, SMALL),
    call("after", "2025-08-15", "calls", 1000, SMALL),
    call("image", "2025-08-20", "images", 50),
    call("own", "2025-09-10", "calls", 1000, SMALL),
    call("image-too", "2025-09-11", "images", 50),
    call("pages", "2025-09-12", "pages", 1000),
]

RATES: Rows = [{"date": "2025-07-01", "currency": "EUR", "rate": "1.2"}]


@pytest.fixture(scope="module")
def resold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("resold")
    database, done = run_book(
        folder, FILES, "2025-10-01T00:00:00Z", usage=USAGE, grants=GRANTS, fx_rates=RATES
    )
    assert done.exit_code == 0, done.stdout + done.stderr
    return database


def test_an_agent_s_net_revenue_is_what_it_sold_less_what_the_supplier_charges(
    resold: Path,
) -> None:
    # A credit is worth a cent. July: 667 calls at 9 per 1,000 are 6.003, of which 334 also search,
    # 0.334. August: 1,000 calls at 9, 1,000 at 8; images are sold as principal, at 0.02 each.
    # September: calls as principal; images follow the decision that names them, which leaves the
    # default, agent, to pages. A euro is 1.20.
    found = query(
        resold,
        """
        select strftime(booked_period, '%m'), meter, currency, sum(usage_revenue),
            sum(supplier_cost), sum(supplier_share)
        from marts.revenue_by_meter group by all order by all
        """,
    )
    assert [(*row[:3], *map(str, row[3:])) for row in found] == [
        ("07", "calls", "USD", "6.670", "6.330", "6.330"),
        ("08", "calls", "USD", "20.000", "17.000", "17.000"),
        ("08", "images", "USD", "0.500", "1.000", "0.000"),
        ("09", "calls", "USD", "10.000", "8.000", "0.000"),
        ("09", "images", "USD", "0.500", "1.000", "0.000"),
        ("09", "pages", "EUR", "0.000", "1.000", "1.000"),
        ("09", "pages", "USD", "10.000", "0.000", "0.000"),
    ]


def test_the_supplier_s_part_is_owed_and_not_revenue(resold: Path) -> None:
    found = query(
        resold,
        """
        select strftime(booked_period, '%m'), account_number, currency, debit - credit,
            functional_debit - functional_credit
        from marts.journal_lines where journal_id like '%supplier share%' order by all
        """,
    )
    assert [(*row[:3], *map(str, row[3:])) for row in found] == [
        ("07", "2250", "USD", "-6.330", "-6.330"),
        ("07", "4940", "USD", "6.330", "6.330"),
        ("08", "2250", "USD", "-17.000", "-17.000"),
        ("08", "4940", "USD", "17.000", "17.000"),
        ("09", "2250", "EUR", "-1.000", "-1.200"),
        ("09", "4940", "EUR", "1.000", "1.200"),
    ]


def test_usage_sold_as_agent_without_a_supplier_s_price_fails_the_check(tmp_path: Path) -> None:
    usage = [
        call("priced", "2025-08-14", "calls", 1, '{"model": "large"}'),
        call("unpriced", "2025-08-15", "calls", 1, '{"model": "large"}'),
    ]
    database, done = run_book(
        tmp_path, FILES, "2025-10-01T00:00:00Z", usage=usage, grants=GRANTS, fx_rates=RATES
    )
    assert done.exit_code == 1
    assert "Every agent cost is known" in done.stdout
    rows = query(database, "select event_id from failures.assert_every_agent_cost_is_known")
    assert rows == [("unpriced",)]


def test_a_supplier_s_price_that_comes_late_moves_no_closed_period(tmp_path: Path) -> None:
    late = costs(
        "2025-07-01",
        "models",
        "id: small, meter: calls, amount: 5, currency: USD, per: 1000",
        published="2025-08-05",
    )
    files = {
        "book.yml": BOOK,
        "cards/2025-07-01.yml": CARD,
        "costs/first.yml": costs(
            "2025-06-01", "models", "id: small, meter: calls, amount: 9, currency: USD, per: 1000"
        ),
        "costs/late.yml": late,
    }
    usage = [
        call("in-time", "2025-07-10", "calls", 1000, SMALL),
        call("late", "2025-07-11", "calls", 1000, SMALL, received="2025-08-10"),
    ]
    closes = [
        {
            "close_id": "c1",
            "period": "2025-07",
            "action": "close",
            "closed_at": "2025-08-03T00:00:00Z",
        }
    ]
    database, done = run_book(
        tmp_path, files, "2025-09-01T00:00:00Z", usage=usage, grants=GRANTS, closes=closes
    )
    assert done.exit_code == 0, done.stdout + done.stderr
    found = query(
        database,
        "select strftime(booked_period, '%m'), sum(supplier_share) "
        "from marts.revenue_by_meter group by all order by all",
    )
    # July was closed at 9 per 1,000; late usage is booked in August, which knows the new price.
    assert found == [("07", Decimal("9.000")), ("08", Decimal("5.000"))]
