"""Prices as a list recorded them: 87 days late, ten times too high, announced before they hold.

The history is `shared/data/prices/llm_price_history_to_2025.csv`. What it knows of Claude 3.5 Haiku
is when somebody wrote a price down (observed_commit_time); that is when a card is published, not
when its prices hold. The vendor's cut of 3 December 2024, from $1 to $0.80 a million tokens of
input, was written down on 28 February 2025, together with ten times the price of cached input,
which was put right on 9 April. Months are closed one after another, with the cards known by then.
"""

from __future__ import annotations

import csv
import json
from datetime import date, datetime
from decimal import Decimal as D
from pathlib import Path

import pytest

from tests.error_cases import run
from tests.lot_books import Rows, query

HISTORY = Path(__file__).resolve().parents[2] / "shared/data/prices/llm_price_history_to_2025.csv"
pytestmark = [
    pytest.mark.skipif(not HISTORY.exists(), reason=f"{HISTORY} is not there"),
    pytest.mark.slow,
]
HAIKU = "claude-3-5-haiku-20241022"
SONNET = "claude-sonnet-5"
CUT_ON = date(2024, 12, 3)
"""When the vendor lowered the price; no list at hand has the day, only when it was written down."""

BOOK = """\
book: history
entity: History, Inc.
functional_currency: USD
time_zone: UTC
first_period: {first}
framework: ASC606
wallets:
  usd: {{unit: USD}}
meters:
  tokens: {{unit: token, properties: [model, kind]}}
sources:
  - {{feed: usage, format: csv, path: usage.csv}}
  - {{feed: payments, format: csv, path: payments.csv}}
"""

CARD = """\
version: "{version}"
effective_from: {effective_from}
published_at: {published_at}
{relation}approved: {{by: pricing, on: {approved_on}, reference: PC-{version}}}
rates:
{rates}
offers:
  - id: prepaid
    price: {{amount: 1000.00, currency: USD}}
    grants: [{{wallet: usd, credits: 1000, kind: paid, expires: never}}]
"""


def recorded(model: str, unit: str, source: str) -> list[tuple[str, D]]:
    """When each price of a unit was written down, and the price of a million."""
    with HISTORY.open(newline="", encoding="utf-8") as file:
        return sorted(
            (row["valid_from"], D(row["usd_per_million"]))
            for row in csv.DictReader(file)
            if row["model"] == model and row["unit"] == unit and row["date_kind"] == source
        )


def card(
    version: str, effective_from: str, published_at: str, model: str, prices: dict[str, D],
    relation: str = "",
) -> str:  # fmt: skip
    """A version with a price per kind of token, of a million."""
    rates = "\n".join(
        f"  - {{id: {kind}, meter: tokens, match: {{model: {model}, kind: {kind}}}, "
        f"price: [{{wallet: usd, amount: {price}, per: 1000000}}]}}"
        for kind, price in prices.items()
    )
    return CARD.format(
        version=version, effective_from=effective_from, published_at=published_at,
        approved_on=published_at[:10], relation=relation, rates=rates,
    )  # fmt: skip


def used(at: str, model: str, kind: str, millions: int, received_at: str = "") -> Rows:
    return [
        {
            "event_id": f"{kind} {at}",
            "occurred_at": at,
            "customer_id": "acme",
            "meter": "tokens",
            "quantity": millions * 1_000_000,
            "properties": json.dumps({"model": model, "kind": kind}),
            "received_at": received_at,
        }
    ]


def write(path: Path, rows: Rows) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def month_after(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12}-{number % 12 + 1:02}"


class Books:
    """A company that closes each month on the 5th of the next, with the cards it has by then."""

    def __init__(self, folder: Path, first: str, usage: Rows) -> None:
        self.folder = folder
        self.database = folder / "books.duckdb"
        (folder / "book/cards").mkdir(parents=True)
        (folder / "book/book.yml").write_text(BOOK.format(first=first))
        write(folder / "data/usage.csv", usage)
        write(
            folder / "data/payments.csv",
            [{"payment_id": "paid", "occurred_at": f"{first}-01T00:00:00Z", "customer_id": "acme",
              "kind": "payment", "amount": "1000", "currency": "USD", "offer": "prepaid"}],
        )  # fmt: skip

    def publish(self, text: str) -> None:
        """Add a card."""
        version = text.split('"')[1]
        (self.folder / f"book/cards/{version}.yml").write_text(text)

    def close(self, month: str) -> tuple[D, D]:
        """Build as of the day of the close, close, and say what the month earned: its own, late."""
        places = ("--book", str(self.folder / "book"), "--db", str(self.database))
        as_of = f"{month_after(month)}-05T00:00:00Z"
        done = run("run", "--as-of", as_of, *places, "--data", str(self.folder / "data"))
        assert done.exit_code == 0, done.stdout + done.stderr
        closed = run("close", month, "--by", "ann", "--db", str(self.database))
        assert closed.exit_code == 0, closed.stderr
        return self.earned()[month]

    def earned(self) -> dict[str, tuple[D, D]]:
        """Month -> revenue of its own usage, and of usage of earlier months."""
        found = query(
            self.database,
            "select strftime(booked_period, '%Y-%m'), usage_revenue, prior_period_revenue "
            "from marts.liability_rollforward",
        )
        return {month: (own, late) for month, own, late in found}


@pytest.fixture(scope="module")
def haiku(tmp_path_factory: pytest.TempPathFactory) -> tuple[Books, dict[str, tuple[D, D]]]:
    """November to April, ten million tokens of either kind on the 15th of each month."""
    inputs = recorded(HAIKU, "input_tokens", "observed_commit_time")
    cached = recorded(HAIKU, "cached_input_tokens", "observed_commit_time")
    [(_, first_input), (late_at, cut_input)] = inputs
    [(first_at, first_cached), (slip_at, slipped), (right_at, right_cached)] = cached
    # What the file says, in the words of this test's first lines.
    assert late_at == slip_at
    assert (datetime.fromisoformat(late_at).date() - CUT_ON).days == 87
    assert slipped == 10 * right_cached
    months = ["2024-11", "2024-12", "2025-01", "2025-02", "2025-03", "2025-04"]
    usage = [
        *(
            row
            for month in months
            for kind in ("input", "cached_input")
            for row in used(f"{month}-15T00:00:00Z", HAIKU, kind, 10)
        ),
        # January's, received when January and February are closed; and when March is, too.
        *used("2025-01-20T00:00:00Z", HAIKU, "cached_input", 10, "2025-03-20T00:00:00Z"),
        *used("2025-01-21T00:00:00Z", HAIKU, "cached_input", 10, "2025-04-20T00:00:00Z"),
    ]
    books = Books(tmp_path_factory.mktemp("haiku"), months[0], usage)
    cut = f"{CUT_ON}T00:00:00Z"
    cards = {
        first_at: card("2024-11-01", "2024-11-01T00:00:00Z", first_at, HAIKU,
                       {"input": first_input, "cached_input": first_cached}),
        late_at: card("2024-12-03", cut, late_at, HAIKU,
                      {"input": cut_input, "cached_input": slipped},
                      'supersedes: "2024-11-01"\n'),
        right_at: card("2024-12-03b", cut, right_at, HAIKU,
                       {"input": cut_input, "cached_input": right_cached},
                       'corrects: "2024-12-03"\n'),
    }  # fmt: skip
    as_known = {}
    for month in months:
        for published_at in [at for at in cards if at < f"{month_after(month)}-05"]:
            books.publish(cards.pop(published_at))
        as_known[month] = books.close(month)
    return books, as_known


def test_each_month_is_priced_as_its_prices_were_known_when_it_was_closed(
    haiku: tuple[Books, dict[str, tuple[D, D]]],
) -> None:
    """Ten million of input and ten of cached input a month, at the file's prices of a million."""
    assert haiku[1] == {
        # $1 and $0.10.
        "2024-11": (D("11.00"), 0),
        # The cut of 3 December is not known before 28 February: closed at the old prices.
        "2024-12": (D("11.00"), 0),
        "2025-01": (D("11.00"), 0),
        # $0.80, and $0.80 where $0.08 was meant: nobody knows better on 5 March, or 5 April.
        "2025-02": (D("16.00"), 0),
        # Ten million of January that arrive in March are March's, at what is then known of January.
        "2025-03": (D("16.00"), D("8.00")),
        # Put right on 9 April, back to 3 December: $0.80 and $0.08, for usage of January, too.
        "2025-04": (D("8.80"), D("0.80")),
    }


def test_no_closed_month_moves_when_its_prices_are_known_better(
    haiku: tuple[Books, dict[str, tuple[D, D]]],
) -> None:
    books, as_known = haiku
    assert books.earned() | as_known == books.earned()
    again = run("reperform", "--db", str(books.database))
    assert again.exit_code == 0, again.stdout + again.stderr
    assert [line.split()[:3] for line in again.stdout.splitlines()] == [
        [month, "as", "frozen:"] for month in as_known
    ]


def test_every_event_names_the_card_that_priced_it(
    haiku: tuple[Books, dict[str, tuple[D, D]]],
) -> None:
    found = query(
        haiku[0].database,
        "select strftime(occurred_at, '%Y-%m-%d'), card_version, cost from marts.rated_usage "
        "where properties like '%cached%' order by occurred_at",
    )
    assert found == [
        ("2024-11-15", "2024-11-01", D("1")),
        ("2024-12-15", "2024-11-01", D("1")),
        ("2025-01-15", "2024-11-01", D("1")),
        ("2025-01-20", "2024-12-03", D("8")),
        ("2025-01-21", "2024-12-03b", D("0.8")),
        ("2025-02-15", "2024-12-03", D("8")),
        ("2025-03-15", "2024-12-03", D("8")),
        ("2025-04-15", "2024-12-03b", D("0.8")),
    ]


def test_a_rise_that_was_announced_holds_from_its_day_and_not_from_its_announcement(
    tmp_path: Path,
) -> None:
    """Claude Sonnet 5, $2 a million until 1 September 2026, then $3, told on 30 June 2026."""
    with HISTORY.open(newline="", encoding="utf-8") as file:
        [(until, before)] = {
            (row["valid_to"], D(row["usd_per_million"]))
            for row in csv.DictReader(file)
            if row["model"] == SONNET and row["unit"] == "input_tokens"
        }
    assert (until, before) == ("2026-09-01", D(2))
    usage = [
        *used("2026-07-15T00:00:00Z", SONNET, "input", 10),
        *used("2026-08-31T23:59:59.999999Z", SONNET, "input", 10),
        *used("2026-09-01T00:00:00Z", SONNET, "input", 10),
        # August's, heard of when the price has risen and August is closed.
        *used("2026-08-20T00:00:00Z", SONNET, "input", 10, "2026-09-20T00:00:00Z"),
    ]
    books = Books(tmp_path, "2026-07", usage)
    told = "2026-06-30T00:00:00Z"
    books.publish(card("2026-06-30", told, told, SONNET, {"input": before}))
    # The rise is in RATE_FACTS.md, section 3; the file has the day alone.
    books.publish(
        card("2026-09-01", f"{until}T00:00:00Z", told, SONNET, {"input": D(3)},
             'supersedes: "2026-06-30"\n')
    )  # fmt: skip
    assert books.close("2026-07") == (D(20), 0)
    assert books.close("2026-08") == (D(20), 0)
    assert books.close("2026-09") == (D(30), D(20))
