"""The engine against a plain event-by-event walk, on random books that force every kind of tie.

One book holds many small customers, so one run of the real commands checks hundreds of histories.
Times sit on a coarse grid: lots start, expire, roll over, are extended, are reset and lose credits
at the very instants of events. Every comparison is exact, in billionths of a credit.
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
from tests.oracle import (
    BILLION,
    Event,
    Extension,
    Lot,
    Outcome,
    Price,
    Removal,
    Reset,
    Rollover,
    walk,
)

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
  tab: {unit: credit, overdraft: carry}
meters:
  plain: {unit: unit}
  chained: {unit: unit}
  skipping: {unit: unit}
  general_only: {unit: unit}
  tabbed: {unit: unit}
policies:
  - effective_from: 2025-01-01
    approved: {by: tester, on: 2024-12-31, reference: T-1}
    late_usage: first_open_period
sources:
  - {feed: usage, format: csv, path: "usage*.csv"}
  - {feed: grants, format: csv, path: "grants*.csv"}
  - {feed: lot_events, format: csv, path: "lot_events*.csv"}
  - {feed: subscriptions, format: csv, path: "subscriptions*.csv"}
  - {feed: payments, format: csv, path: "payments*.csv"}
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
  - id: tabbed
    meter: tabbed
    match: {}
    price:
      - {wallet: general, credits: 0.3, per: 7}
      - {wallet: tab, credits: 0.9}
offers:
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
    "tabbed": ((Price("general", Fraction(3, 10), 7), Price("tab", Fraction(9, 10), 1)), None),
}


@dataclass(frozen=True)
class Offer:
    """Something to buy, or with `every` days of a period to subscribe to; one grant.

    Attributes:
        wallet: What it fills, with so many credits of so much priority 100.
        lasts: Days a lot lasts.
        again: Days after which the grant comes again inside a period.
        rolls: (days or None for ever, cap, share, over each lot, also when the plan has ended,
            priority), as the card says them.
    """

    wallet: str
    credits: Decimal
    kind: str
    every: int | None
    lasts: int
    again: int | None
    rolls: tuple[int | None, Decimal | None, Decimal | None, bool, bool, int | None]

    def text(self, name: str) -> str:
        """The offer as a card writes it."""
        days, most, share, each, always, priority = self.rolls
        terms = {
            "max": most,
            "max_share": share,
            "cap_over": "lot" if each else None,
            "when": "always" if always else None,
            "priority": priority,
            "for": "forever" if days is None else f"{days} days",
        }
        rollover = ", ".join(f"{key}: {value}" for key, value in terms.items() if value is not None)
        every = f", every: {self.every} days" if self.every else ""
        again = f", every: {self.again} days" if self.again else ""
        expires = "period_end" if self.lasts == self.every else f"{self.lasts} days"
        price = "9.99" if self.kind == "paid" else "0"
        return (
            f"  - id: {name}\n    price: {{amount: {price}, currency: USD{every}}}\n    grants:\n"
            f"      - {{wallet: {self.wallet}, credits: {self.credits}, kind: {self.kind}, "
            f"expires: {expires}{again}, rollover: {{{rollover}}}}}\n"
        )


OFFERS = {
    "capped_sum": Offer(
        "special", Decimal(9), "paid", 1, 1, None, (3, Decimal(15), None, False, False, 10)
    ),
    "capped_each": Offer(
        "general", Decimal("4.5"), "included", 2, 2, None,
        (3, None, Decimal("0.3"), True, True, None),
    ),
    "daily_share": Offer(
        "special", Decimal(3), "included", 3, 1, 1, (2, None, Decimal("0.5"), False, False, None)
    ),
    "at_period_end": Offer(
        "general", Decimal(2), "included", 3, 3, 1, (4, None, Decimal("0.7"), False, False, 20)
    ),
    "piling_up": Offer(
        "general", Decimal("1.25"), "included", 1, 1, None,
        (None, Decimal(6), None, False, False, None),
    ),
    "uncapped": Offer("usd", Decimal("0.4"), "paid", 4, 2, None, (5, None, None, False, True, 200)),
    "tab": Offer("tab", Decimal(2), "paid", 2, 2, None, (2, Decimal(1), None, False, False, None)),
    "pack": Offer(
        "special", Decimal(14), "paid", None, 3, None, (4, None, Decimal("0.5"), False, False, None)
    ),
}  # fmt: skip


@dataclass
class RandomBook:
    """What one seed drew: the inputs of the walk, and their text in the feeds."""

    lots: list[Lot]
    events: list[Event]
    removals: list[Removal]
    extensions: list[Extension]
    resets: list[Reset]
    rows: dict[str, list[dict[str, str]]]


def text_of(billionths: int) -> str:
    """Billionths as the decimal text a feed carries."""
    return str(Decimal(billionths).scaleb(-9).normalize().__format__("f"))


def instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def draw_book(seed: int, customers: int, days: int) -> RandomBook:
    """Random lots, events and removals of many customers, on a grid of six-hour steps."""
    dice = random.Random(seed)
    feeds = ["usage", "grants", "lot_events", "subscriptions", "payments"]
    book = RandomBook([], [], [], [], [], {feed: [] for feed in feeds})

    def moment() -> datetime:
        return START + timedelta(hours=6 * dice.randrange(0, 4 * days))

    for number in range(customers):
        customer = f"c{number:04d}"
        for index in range(dice.randrange(0, 9)):
            add_lot(book, dice, customer, f"{customer}-l{dice.randrange(10)}{index}", moment())
        granted = [lot for lot in book.lots if lot.customer == customer]
        for index in range(dice.randrange(0, 3)):
            add_purchase(book, dice, customer, f"{customer}-p{index}", moment(), days)
        own = [lot for lot in book.lots if lot.customer == customer]
        for lot in dice.sample(own, min(len(own), 2)):
            add_extensions(book, dice, lot, days)
        for index in range(dice.randrange(0, 4) if granted else 0):
            add_reset(book, dice, dice.choice(granted), f"{customer}-t{index}", moment())
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
        dice.choice(["special", "general", "usd", "tab"]),
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


def add_purchase(
    book: RandomBook, dice: random.Random, customer: str, name: str, starts: datetime, days: int
) -> None:
    """A plan or a pack, with the lots that it grants up to the end of the books."""
    label = dice.choice(list(OFFERS))
    offer, quantity = OFFERS[label], dice.choice([1, 1, 2])
    if offer.every is None:
        row = {"payment_id": name, "occurred_at": instant(starts), "kind": "payment"}
        row |= {"amount": "9.99", "currency": "USD", "offer": label}
        book.rows["payments"].append({**row, "customer_id": customer, "quantity": str(quantity)})
        book.lots.append(lot_of(offer, customer, f"{name}:1", starts, quantity, None, None))
        return
    ends = dice.choice([None, starts + timedelta(hours=6 * dice.randrange(1, 4 * days))])
    row = {"subscription_id": name, "offer": label, "started_at": instant(starts)}
    row |= {"ended_at": instant(ends) if ends else "", "quantity": str(quantity)}
    book.rows["subscriptions"].append({**row, "customer_id": customer})
    period = 0
    while (begins := starts + timedelta(days=offer.every * period)) < min(ends or UNTIL, UNTIL):
        period += 1
        for turn in range(offer.every // offer.again if offer.again else 1):
            at = begins + timedelta(days=turn * (offer.again or 0))
            if at < UNTIL:
                lot_id = f"{name}:{period}:1" + (f":{turn + 1}" if offer.again else "")
                end = begins + timedelta(days=offer.every) if offer.lasts == offer.every else None
                book.lots.append(lot_of(offer, customer, lot_id, at, quantity, end, (name, ends)))


def lot_of(
    offer: Offer,
    customer: str,
    lot_id: str,
    starts: datetime,
    quantity: int,
    period_end: datetime | None,
    plan: tuple[str, datetime | None] | None,
) -> Lot:
    """A lot of an offer; of a plan, with its name and when it was ended."""
    days, most, share, each, always, priority = offer.rolls
    credits = int(offer.credits * quantity * BILLION)
    ends = period_end or starts + timedelta(days=offer.lasts)
    goes_on = plan is None or always or plan[1] is None or plan[1] > ends
    cap = None if most is None else int(most * quantity * BILLION)
    rollover = Rollover(
        until=None if days is None else ends + timedelta(days=days),
        group=plan[0] if plan and not each else lot_id,
        most=cap if share is None else int(credits * share),
        adds_up=share is not None,
        priority=100 if priority is None else priority,
    )
    return Lot(
        lot_id,
        customer,
        offer.wallet,
        credits,
        starts,
        ends,
        100,
        KIND_RANKS[offer.kind],
        rollover if goes_on else None,
    )


def add_extensions(book: RandomBook, dice: random.Random, lot: Lot, days: int) -> None:
    """One or two extensions, each before the end that the lot then has."""
    end, is_first, starts = lot.expires_at, True, lot.effective_at
    for index in range(dice.randrange(0, 3)):
        rolls = lot.rollover if is_first and dice.randrange(2) else None
        if rolls is not None:
            starts, end = lot.expires_at or starts, rolls.until
        if end is None:
            return
        steps = int((end - starts) / timedelta(hours=6))
        at = starts + timedelta(hours=6 * dice.randrange(steps))
        if at >= UNTIL:
            return
        end = end + timedelta(hours=6 * dice.randrange(1, 4 * days))
        extension_id = f"x{index}-{lot.lot_id}"
        book.extensions.append(Extension(extension_id, lot.lot_id, at, end))
        row = {"lot_event_id": extension_id, "occurred_at": instant(at), "lot_id": lot.lot_id}
        book.rows["lot_events"].append({**row, "kind": "extend", "new_expires_at": instant(end)})
        is_first, starts = False, at


def add_reset(book: RandomBook, dice: random.Random, lot: Lot, reset_id: str, at: datetime) -> None:
    least = dice.choice([0, 0, 4 * BILLION, 1])
    most = dice.choice([None, 0, 3 * BILLION, 10 * BILLION])
    book.resets.append(Reset(reset_id, lot.lot_id, at, least, most))
    row = {"lot_event_id": reset_id, "occurred_at": instant(at), "lot_id": lot.lot_id}
    cells = {"least": text_of(least), "most": "" if most is None else text_of(most)}
    book.rows["lot_events"].append({**row, "kind": "reset", **cells})


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
    offers = "".join(offer.text(name) for name, offer in OFFERS.items())
    (folder / "cards" / "2025-01-01.yml").write_text(CARD + offers)
    for feed, rows in book.rows.items():
        with (folder / f"{feed}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(
                file, fieldnames=list({name: 0 for row in rows for name in row})
            )
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
        walk(
            book.lots,
            book.events,
            book.removals,
            UNTIL,
            book.extensions,
            book.resets,
            frozenset({"tab"}),
        ),
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


def test_what_rolls_over_is_what_the_walk_leaves_below_each_cap(run) -> None:
    _, walked, connection = run
    rows = connection.execute(
        "select entry_type, lot_id, occurred_at, credits from marts.credit_ledger "
        "where entry_type in ('rollover_out', 'rollover_in')"
    ).fetchall()
    found = {
        (kind, lot, at.replace(tzinfo=UTC)): billionths(credits) for kind, lot, at, credits in rows
    }
    rolled = {key: credits for key, credits in walked.rolled.items() if key[1] < UNTIL}
    assert found == {
        (kind, *key): sign * credits
        for kind, sign in (("rollover_out", -1), ("rollover_in", 1))
        for key, credits in rolled.items()
    }


def test_a_lot_ends_when_the_walk_ends_it(run) -> None:
    """Of a lot that moved on when it was empty, the end it had then stays."""
    book, _, connection = run
    rows = connection.execute("select lot_id, expires_at from marts.credit_lots").fetchall()
    ends = {lot: end and end.replace(tzinfo=UTC) for lot, end in rows}
    holding = [lot for lot in book.lots if lot.remaining]
    assert holding
    assert {lot.lot_id: ends[lot.lot_id] for lot in holding} == {
        lot.lot_id: lot.expires_at for lot in holding
    }


def test_what_a_wallet_still_owes_is_what_the_walk_leaves_unrepaid(run) -> None:
    _, walked, connection = run
    rows = connection.execute(
        "select event_id, -sum(credits) from marts.credit_ledger "
        "where entry_type in ('overdraft', 'repayment') group by event_id having sum(credits) <> 0"
    ).fetchall()
    assert {event: billionths(credits) for event, credits in rows} == walked.owed
    assert walked.owed


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
    assert any(lot.is_rolled_over and lot.expires_at is None for lot in book.lots)
    assert any(lot.fills for lot in book.lots)
    assert {lot for lot, _ in walked.rolled} & {lot for _, lot in walked.draws}
    assert {x.lot_id for x in book.extensions} & {lot for _, lot in walked.draws}
    shared = [event for event, _ in walked.draws]
    assert len(shared) > len(set(shared)), "some event is paid by two lots"
