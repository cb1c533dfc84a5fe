"""The engine against a plain event-by-event walk, on random books that force every kind of tie.

One book holds many small customers, so one run of the real commands checks hundreds of histories.
Times sit on a coarse grid: lots start, expire and lose credits at the very instants of events.
Every comparison is exact, in billionths of a credit.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest

from tests.cli import exit_code
from tests.oracle import BILLION, Event, Lot, Outcome, Price, Removal, walk

START = datetime(2025, 1, 1, tzinfo=UTC)
UNTIL = datetime(2025, 4, 1, tzinfo=UTC)
KIND_RANKS = {"included": 1, "promo": 2, "goodwill": 3, "bonus": 4, "migration": 5, "paid": 6}

BOOK = """\
book: random
entity: Random, Inc.
functional_currency: USD
time_zone: UTC
first_period: 2025-01
framework: ASC606
wallets:
  special: {unit: credit}
  general: {unit: credit}
  usd: {unit: USD}
meters:
  plain: {unit: unit}
  chained: {unit: unit}
  skipping: {unit: unit}
  general_only: {unit: unit}
policies:
  - effective_from: 2025-01-01
    approved: {by: tester, on: 2024-12-31, reference: T-1}
    late_usage: first_open_period
sources:
  - {feed: usage, format: csv, path: "usage*.csv"}
  - {feed: grants, format: csv, path: "grants*.csv"}
  - {feed: lot_events, format: csv, path: "lot_events*.csv"}
"""

CARD = """\
version: "2025-01-01"
effective_from: 2025-01-01T00:00:00Z
published_at: 2024-12-15T00:00:00Z
approved: {by: tester, on: 2024-12-15, reference: T-2}
rates:
  - id: plain
    meter: plain
    match: {}
    price: [{wallet: special, credits: 1.5}]
  - id: chained
    meter: chained
    match: {}
    price:
      - {wallet: special, credits: 0.7, per: 3}
      - {wallet: general, credits: 1.1, per: 7}
      - {wallet: usd, amount: 0.013}
    overage: {amount: 0.37, currency: USD, per: 7}
  - id: skipping
    meter: skipping
    match: {}
    price:
      - {wallet: special, credits: 2}
      - {wallet: usd, amount: 0.5}
  - id: general_only
    meter: general_only
    match: {}
    price: [{wallet: general, credits: 0.25}]
    overage: {amount: 2, currency: USD}
"""

CHAINS = {
    "plain": ((Price("special", Fraction(3, 2), 1),), None),
    "chained": (
        (
            Price("special", Fraction(7, 10), 3),
            Price("general", Fraction(11, 10), 7),
            Price("usd", Fraction(13, 1000), 1),
        ),
        Fraction(37, 700),
    ),
    "skipping": (
        (Price("special", Fraction(2), 1), Price("usd", Fraction(1, 2), 1)),
        None,
    ),
    "general_only": ((Price("general", Fraction(1, 4), 1),), Fraction(2)),
}


@dataclass
class RandomBook:
    """What one seed drew: the inputs of the walk, and their text in the feeds."""

    lots: list[Lot]
    events: list[Event]
    removals: list[Removal]
    rows: dict[str, list[dict[str, str]]]


def text_of(billionths: int) -> str:
    """Billionths as the decimal text a feed carries."""
    return str(Decimal(billionths).scaleb(-9).normalize().__format__("f"))


def instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def draw_book(seed: int, customers: int, days: int) -> RandomBook:
    """Random lots, events and removals of many customers, on a grid of six-hour steps."""
    dice = random.Random(seed)
    book = RandomBook([], [], [], {"usage": [], "grants": [], "lot_events": []})

    def moment() -> datetime:
        return START + timedelta(hours=6 * dice.randrange(0, 4 * days))

    for number in range(customers):
        customer = f"c{number:04d}"
        for index in range(dice.randrange(0, 9)):
            add_lot(book, dice, customer, f"{customer}-l{dice.randrange(10)}{index}", moment())
        own = [lot for lot in book.lots if lot.customer == customer]
        for index in range(dice.randrange(0, 3) if own else 0):
            add_removal(book, dice, dice.choice(own), f"{customer}-r{index}", moment())
        for index in range(dice.randrange(0, 25)):
            add_event(book, dice, customer, f"{customer}-e{dice.randrange(100)}-{index}", moment())
    return book


def add_lot(
    book: RandomBook, dice: random.Random, customer: str, lot_id: str, starts: datetime
) -> None:
    kind = dice.choice(["paid", "paid", "bonus", "promo", "goodwill"])
    ends = dice.choice([None, starts + timedelta(hours=6 * dice.randrange(1, 120))])
    credits = dice.choice([5 * BILLION, 12 * BILLION, 7_500_000_001, 100 * BILLION, 1])
    lot = Lot(
        lot_id,
        customer,
        dice.choice(["special", "general", "usd"]),
        credits,
        starts,
        ends,
        dice.choice([10, 100]),
        KIND_RANKS[kind],
    )
    book.lots.append(lot)
    book.rows["grants"].append(
        {
            "grant_id": lot_id,
            "customer_id": customer,
            "wallet": lot.wallet,
            "credits": text_of(credits),
            "kind": kind,
            "effective_at": instant(starts),
            "expires_at": instant(ends) if ends else "",
            "priority": str(lot.priority),
            "consideration": f"{dice.randrange(0, 5000) / 100:.2f}" if kind == "paid" else "0",
            "currency": "USD",
        }
    )


def add_removal(
    book: RandomBook, dice: random.Random, lot: Lot, removal_id: str, at: datetime
) -> None:
    credits = dice.choice([lot.credits, 3 * BILLION, 1])
    book.removals.append(Removal(removal_id, lot.lot_id, max(at, lot.effective_at), credits))
    book.rows["lot_events"].append(
        {
            "lot_event_id": removal_id,
            "occurred_at": instant(at),
            "lot_id": lot.lot_id,
            "kind": "void",
            "credits": text_of(credits),
            "reason": "random",
        }
    )


def add_event(
    book: RandomBook, dice: random.Random, customer: str, event_id: str, at: datetime
) -> None:
    meter = dice.choice(list(CHAINS))
    quantity = dice.choice([Fraction(1), Fraction(3), Fraction(10), Fraction(1, 4)])
    chain, overage = CHAINS[meter]
    book.events.append(Event(event_id, customer, at, quantity, chain, overage))
    book.rows["usage"].append(
        {
            "event_id": event_id,
            "occurred_at": instant(at),
            "customer_id": customer,
            "meter": meter,
            "quantity": text_of(int(quantity * BILLION)),
        }
    )


def write_book(folder: Path, book: RandomBook) -> None:
    (folder / "cards").mkdir(parents=True)
    (folder / "book.yml").write_text(BOOK)
    (folder / "cards" / "2025-01-01.yml").write_text(CARD)
    for feed, rows in book.rows.items():
        with (folder / f"{feed}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


@pytest.fixture(scope="module", params=[(1, 80), (2, 3)], ids=["a quarter", "three days"])
def run(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[RandomBook, Outcome, duckdb.DuckDBPyConnection]:
    """One random book through the real commands, and the walk over the same inputs."""
    seed, days = request.param
    folder = tmp_path_factory.mktemp(f"random-{seed}")
    # Over a quarter lots come and go between events; within three days events crowd each lot's end.
    book = draw_book(seed, customers=250, days=days)
    write_book(folder / "book", book)
    database = folder / "books.duckdb"
    arguments = ["--book", str(folder / "book"), "--db", str(database)]
    assert exit_code("load", *arguments) == 0
    assert exit_code("build", "--as-of", instant(UNTIL), *arguments) == 0
    assert exit_code("check", *arguments) == 0
    return (
        book,
        walk(book.lots, book.events, book.removals, UNTIL),
        duckdb.connect(str(database), read_only=True),
    )


def billionths(value: Decimal) -> int:
    return int(value.scaleb(9))


def test_every_draw_is_the_one_the_walk_makes(run) -> None:
    _, walked, connection = run
    rows = connection.execute(
        "select event_id, lot_id, -credits from marts.credit_ledger where entry_type = 'draw'"
    ).fetchall()
    assert {(event, lot): billionths(credits) for event, lot, credits in rows} == walked.draws
    assert len(rows) == len(walked.draws)


def test_what_no_lot_pays_becomes_overage_or_stays_unfunded(run) -> None:
    _, walked, connection = run
    rows = connection.execute(
        "select entry_type, event_id, -credits, amount from marts.credit_ledger "
        "where entry_type in ('overage', 'unfunded')"
    ).fetchall()
    overage = {
        event: (billionths(credits), billionths(amount))
        for kind, event, credits, amount in rows
        if kind == "overage"
    }
    unfunded = {
        event: billionths(credits) for kind, event, credits, _ in rows if kind == "unfunded"
    }
    assert overage == walked.overage
    assert unfunded == walked.unfunded


def test_lots_end_with_the_balance_expiry_and_removals_of_the_walk(run) -> None:
    book, _, connection = run
    rows = connection.execute(
        """
        select
            lot_id,
            sum(credits),
            -sum(case when entry_type = 'expire' then credits else 0 end),
            -sum(case when entry_type = 'void' then credits else 0 end)
        from marts.credit_ledger
        where lot_id is not null
        group by lot_id
        """
    ).fetchall()
    assert {row[0]: tuple(billionths(Decimal(value)) for value in row[1:]) for row in rows} == {
        lot.lot_id: (lot.remaining, lot.expired, lot.removed) for lot in book.lots
    }


def test_the_random_book_reaches_every_outcome(run) -> None:
    book, walked, _ = run
    assert walked.overage
    assert walked.unfunded
    assert any(lot.expired for lot in book.lots)
    assert any(lot.removed for lot in book.lots)
    shared = [event for event, _ in walked.draws]
    assert len(shared) > len(set(shared)), "some event is paid by two lots"
