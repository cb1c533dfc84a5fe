"""The bundled books of vendors, over simulated data and over a few facts worked by hand."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from rate_cards.settings import BUNDLED_BOOKS
from tests.cli import exit_code
from tests.lot_books import Rows, query, run_book

VENDORS = ["anthropic", "black_forest_labs", "lovable", "openai", "snowflake"]
FEEDS = ("usage", "payments", "subscriptions", "lot_events", "customers")


def run_vendor(folder: Path, name: str, as_of: str, **feeds: Rows) -> Path:
    """The books of a vendor's cards over rows of our own; customers sign up as they are named."""
    book = BUNDLED_BOOKS / name
    files = {
        path.relative_to(book).as_posix(): path.read_text()
        for path in (*book.glob("cards/*.yml"), book / "published.sha256", book / "book.yml")
    }
    (folder / "book").mkdir()
    terms = files["book.yml"].partition("\nsources:\n")[0]
    given = "".join(
        f"  - {{feed: {feed}, format: csv, path: {feed}.csv}}\n"
        for feed in FEEDS
        if feeds.get(feed)
    )
    files["book.yml"] = f"{terms}\nsources:\n{given}"
    database, done = run_book(folder, files, as_of, **feeds)
    assert done.exit_code == 0, done.stdout + done.stderr
    return database


class Told:
    """Facts as they are told, each named by its place."""

    def __init__(self) -> None:
        self.rows: dict[str, Rows] = {"usage": [], "payments": []}

    def use(self, customer: str, day: str, meter: str, quantity: str, **properties: str) -> None:
        """Usage at noon of a day."""
        row = {
            "event_id": f"e{len(self.rows['usage'])}",
            "occurred_at": f"{day}T12:00:00Z",
            "customer_id": customer,
            "meter": meter,
            "quantity": quantity,
            "properties": json.dumps(properties, sort_keys=True),
        }
        self.rows["usage"].append(row)

    def buy(self, customer: str, day: str, offer: str, amount: str) -> str:
        """A purchase as a day begins; its id."""
        name = f"p{len(self.rows['payments'])}"
        row = {"payment_id": name, "occurred_at": f"{day}T00:00:00Z", "kind": "payment"}
        row |= {"customer_id": customer, "offer": offer, "amount": amount, "currency": "USD"}
        self.rows["payments"].append(row)
        return name


def revenue(database: Path) -> dict[str, Decimal]:
    """Month -> revenue from use, of that month and of earlier ones."""
    return dict(
        query(
            database,
            "select strftime(booked_period, '%Y-%m'), sum(usage_revenue + prior_period_revenue) "
            "from marts.liability_rollforward group by all",
        )
    )


def costs(database: Path) -> list[Decimal]:
    """What each event costs in the first wallet of its price, in the order told."""
    rows = query(
        database,
        "select cost from marts.rated_usage order by cast(event_id[2:] as int)",
    )
    return [row[0] for row in rows]


def balance(database: Path, customer: str, month: str) -> Decimal:
    """Credits that a customer has left at the end of a month."""
    rows = query(
        database,
        "select coalesce(sum(closing), 0) from marts.wallet_balances "
        f"where customer_id = '{customer}' and booked_period = date '{month}-01'",
    )
    found: Decimal = rows[0][0]
    return found


@pytest.mark.parametrize("name", VENDORS)
def test_a_vendors_book_is_published_and_says_where_it_is_from(name: str) -> None:
    book = BUNDLED_BOOKS / name
    assert exit_code("rates", "lint", "--book", str(book)) == 0
    published = (book / "published.sha256").read_text()
    assert all(f"cards/{path.name}" in published for path in book.glob("cards/*.yml"))
    words = (book / "README.md").read_text()
    assert "## What the book leaves out" in words
    assert all(f"`{path.stem}`" in words or "Each card" in words for path in book.glob("cards/*"))


@pytest.mark.slow
@pytest.mark.parametrize("name", VENDORS)
def test_a_vendors_book_holds_over_simulated_data(name: str, tmp_path: Path) -> None:
    data, size = tmp_path / "data", ("--customers", "15", "--events", "3000", "--months", "5")
    assert exit_code("simulate", "--book", name, "--out", str(data), *size) == 0
    database = tmp_path / "books.duckdb"
    assert exit_code("run", "--book", name, "--data", str(data), "--db", str(database)) == 0
    assert query(database, "select sum(usage_revenue) > 0 from marts.revenue_by_meter") == [(True,)]


def test_images_and_megapixels_cost_tenths_of_a_credit(tmp_path: Path) -> None:
    told = Told()
    told.buy("acme", "2026-06-05", "credits", "10.00")
    for meter, quantity, model in (
        ("images", "3", "flux-kontext-pro"),
        ("images", "5", "flux-dev"),
        ("images", "4", "flux-1.1-pro"),
        # Ten images of four megapixels each.
        ("images", "10", "flux-2-klein-4b"),
        ("extra_megapixels", "30", "flux-2-klein-4b"),
    ):
        told.use("acme", "2026-06-10", meter, quantity, model=model)
    told.use("acme", "2026-06-11", "finetunes", "1", steps="150_to_500")
    database = run_vendor(tmp_path, "black_forest_labs", "2026-07-01T00:00:00Z", **told.rows)
    # 3 x 4, 5 x 2.5, 4 x 4, 10 x 1.4, 30 x 0.1, and a finetune.
    assert costs(database) == [Decimal(text) for text in ("12", "12.5", "16", "14", "3", "400")]
    # 10.00 buy 1,000 credits; 457.5 are used, 4.575 dollars.
    assert balance(database, "acme", "2026-06") == Decimal("542.5")
    assert revenue(database) == {"2026-06": Decimal("4.58")}


@pytest.fixture(scope="module")
def lovable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """acme under the first terms, beta under the second, gamma into the third, delta tops up."""
    told = Told()
    told.use("acme", "2025-07-02", "build", "12")
    told.use("acme", "2025-07-03", "messages", "3", mode="plan")
    told.use("acme", "2025-07-03", "messages", "10", mode="fix")
    told.use("beta", "2025-11-05", "build", "130")
    balance_id = told.buy("gamma", "2025-11-01", "cloud_balance", "20.00")
    told.use("gamma", "2025-12-10", "cloud_dollars", "8")
    told.use("gamma", "2026-01-10", "ai", "8")
    told.buy("delta", "2026-01-01", "top_up_pro", "15.00")
    told.use("delta", "2026-01-10", "build", "10")
    plans = [("acme", "2025-07-01", "2025-08-01"), ("beta", "2025-10-01", "2025-12-01")]
    return run_vendor(
        tmp_path_factory.mktemp("lovable"),
        "lovable",
        "2026-02-01T00:00:00Z",
        **told.rows,
        subscriptions=[
            {
                "subscription_id": f"s-{customer}",
                "customer_id": customer,
                "offer": "pro_100",
                "started_at": f"{since}T00:00:00Z",
                "ended_at": f"{until}T00:00:00Z",
            }
            for customer, since, until in plans
        ],
        lot_events=[
            {
                "lot_event_id": "merge",
                "occurred_at": "2026-01-01T00:00:00Z",
                "lot_id": f"{balance_id}:1",
                "kind": "transfer",
                "to_wallet": "credits",
                # 100 credits for 25.00 on the plan: four for a dollar.
                "rate": "4",
            }
        ],
    )


def rollforward(database: Path, customer: str) -> dict[str, tuple[Decimal, ...]]:
    """Month -> credits drawn, of those that cost money, and expired."""
    rows = query(
        database,
        f"""
        select strftime(booked_period, '%Y-%m'), wallet, -drawn, -expired
        from marts.wallet_balances where customer_id = '{customer}' and (drawn <> 0 or expired <> 0)
        """,
    )
    return {f"{month} {wallet}": (drawn, expired) for month, wallet, drawn, expired in rows}


def test_daily_credits_pay_first_and_what_a_month_leaves_lapses(lovable: Path) -> None:
    # 12 = 5 daily + 7; 3 of the next day's 5; thirty-one days of 5, at most 150 a month.
    assert rollforward(lovable, "acme") == {
        "2025-07 daily": (Decimal(8), Decimal(142)),
        "2025-07 credits": (Decimal(7), Decimal(93)),
    }


def test_a_month_rolls_over_once_under_the_later_terms(lovable: Path) -> None:
    # November: 130 = 5 daily + 100 of October + 25 of November, whose other 75 lapse with the plan.
    found = rollforward(lovable, "beta")
    assert found["2025-11 credits"] == (Decimal(125), Decimal(75))
    assert found["2025-10 daily"] == (Decimal(0), Decimal(150))
    assert "2025-10 credits" not in found


def test_a_balance_in_dollars_becomes_credits_without_revenue(lovable: Path) -> None:
    # 20 - 8 = 12 dollars are 48 credits; 8 of them carry 2.00.
    assert balance(lovable, "gamma", "2026-01") == 40
    earned = query(
        lovable,
        "select customer_id, strftime(booked_period, '%Y-%m'), sum(usage_revenue) "
        "from marts.revenue_by_meter where customer_id in ('gamma', 'delta') "
        "group by all having sum(usage_revenue) <> 0 order by all",
    )
    # A top-up credit is 0.30, 15.00 for 50.
    assert earned == [
        ("delta", "2026-01", Decimal("3.00")),
        ("gamma", "2025-12", Decimal("8.00")),
        ("gamma", "2026-01", Decimal("2.00")),
    ]


def tokens(told: Told, customer: str, day: str, quantity: str, model: str, **more: str) -> None:
    told.use(customer, day, "tokens", quantity, model=model, **more)


def test_prepaid_dollars_go_below_nothing_and_the_next_purchase_pays(tmp_path: Path) -> None:
    told = Told()
    told.buy("acme", "2025-05-10", "credits", "10.00")
    tokens(told, "acme", "2025-06-09", "100000", "o3", kind="output")
    tokens(told, "acme", "2025-06-10", "100000", "o3", kind="output")
    tokens(told, "acme", "2025-06-10", "1000000", "gpt-4o-mini", kind="input", batch="true")
    tokens(told, "acme", "2025-06-10", "1000000", "gpt-4.1", kind="cached_input")
    told.buy("beta", "2026-03-10", "credits", "5.00")
    tokens(told, "beta", "2026-03-11", "300000", "gpt-5.4", kind="output", context="long")
    told.buy("beta", "2026-04-02", "credits", "10.00")
    database = run_vendor(tmp_path, "openai", "2026-06-01T00:00:00Z", **told.rows)
    # 0.1 x 40, a day later 0.1 x 8; 0.15 / 2; 0.50; 0.3 x 22.50.
    assert costs(database) == [Decimal(text) for text in ("4", "0.8", "0.075", "0.5", "6.75")]
    # 5.00 of 6.75 are there in March; April's purchase pays the 1.75 first.
    assert revenue(database)["2026-03"] == Decimal("5.00")
    assert revenue(database)["2026-04"] == Decimal("1.75")
    assert balance(database, "beta", "2026-04") == Decimal("8.25")
    # What acme has left after a year lapses: 10 - 5.375, of which 5.38 were earned to the cent.
    lapsed = query(
        database,
        "select strftime(booked_period, '%Y-%m'), sum(breakage_revenue) "
        "from marts.liability_rollforward group by all having sum(breakage_revenue) > 0",
    )
    assert lapsed == [("2026-05", Decimal("4.62"))]


def test_a_price_announced_before_it_holds_begins_on_its_day(tmp_path: Path) -> None:
    told = Told()
    told.buy("acme", "2026-08-01", "credits", "20.00")
    tokens(told, "acme", "2026-08-31", "1000000", "claude-sonnet-5", kind="input")
    tokens(told, "acme", "2026-08-31", "100000", "claude-sonnet-5", kind="cache_write_1h")
    tokens(told, "acme", "2026-08-31", "1000000", "claude-sonnet-5", kind="cached_input")
    tokens(told, "acme", "2026-09-01", "1000000", "claude-sonnet-5", kind="input")
    tokens(told, "acme", "2026-09-02", "1000000", "claude-sonnet-5", kind="output", batch="true")
    database = run_vendor(tmp_path, "anthropic", "2026-10-01T00:00:00Z", **told.rows)
    # 2; 0.1 x 2 x 2; 2 / 10; from September 3, and 15 / 2.
    assert costs(database) == [Decimal(text) for text in ("2", "0.4", "0.2", "3", "7.5")]
    assert revenue(database) == {"2026-08": Decimal("2.60"), "2026-09": Decimal("10.50")}
    assert balance(database, "acme", "2026-09") == Decimal("6.9")


def test_one_change_of_the_table_is_a_cut_for_one_edition_and_a_rise_for_another(
    tmp_path: Path,
) -> None:
    told = Told()
    large2 = {"model": "mistral-large2", "direction": "output"}
    for customer in ("enterprise", "standard"):
        for day in ("2026-01-20", "2026-08-01"):
            told.use(customer, day, "cortex_tokens", "1000000", **large2, edition=customer)
    edition = {"edition": "enterprise"}
    told.use("enterprise", "2026-08-02", "warehouse_seconds", "60", size="m", **edition)
    told.use("enterprise", "2027-01-05", "serverless_credits", "400", **edition)
    database = run_vendor(
        tmp_path,
        "snowflake",
        "2027-02-01T00:00:00Z",
        **told.rows,
        subscriptions=[
            {
                "subscription_id": "capacity",
                "customer_id": "enterprise",
                "offer": "capacity",
                "started_at": "2026-01-01T00:00:00Z",
                "quantity": "1",
            }
        ],
    )
    # RATE_FACTS 1.3: 9.00 -> 7.20 and 6.00 -> 7.20. A minute of M: 4 x 3 / 60. 400 credits: 1,200.
    assert costs(database) == [Decimal(text) for text in ("9", "7.2", "6", "7.2", "0.2", "1200")]
    # 1,000 - 16.40 = 983.60 roll over as the commitment is renewed, and go first; capacity pays
    # the other 216.40 of January.
    lots = query(
        database,
        "select lot_id, closing from marts.lot_balances "
        "where booked_period = date '2027-01-01' order by all",
    )
    assert [remaining for _, remaining in lots] == [Decimal(0), Decimal("783.60")]
    # Nobody prepaid for the standard edition: sold on demand.
    sold = query(database, "select sum(overage_revenue) from marts.revenue_by_meter")
    assert sold == [(Decimal("13.20"),)]
