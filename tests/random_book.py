"""Random books for the walk of tests/oracle.py: what one seed draws, and its text in the feeds.

Times sit on a coarse grid: lots start, expire, roll over, are extended, are reset, lose and pass on
credits at the very instants of events.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from tests.oracle import (
    BILLION,
    DailyLimit,
    Event,
    Extension,
    Lot,
    Price,
    Removal,
    Reset,
    Rollover,
    Transfer,
)

START = datetime(2025, 1, 1, tzinfo=UTC)
UNTIL = datetime(2025, 4, 1, tzinfo=UTC)
JANUARY_CLOSED_AT = datetime(2025, 2, 4, tzinfo=UTC)
FEBRUARY = datetime(2025, 2, 1, tzinfo=UTC)
"""What is received of January from its close on is booked at this instant."""
LATER_WALLETS = {"special": ("general", "usd", "tab"), "general": ("usd", "tab")}
"""Wallet -> those burned down after it, which its credits can move to."""
NEIGHBOURS = 4
"""Credits go on from customer to customer inside groups of so many, in one direction."""
STEP = timedelta(hours=6)
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
  - {feed: limits, format: csv, path: "limits*.csv"}
  - {feed: period_closes, format: csv, path: "period_closes*.csv"}
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
    transfers: list[Transfer] = field(default_factory=list)
    limits: list[DailyLimit] = field(default_factory=list)


def text_of(billionths: int) -> str:
    """Billionths as the decimal text a feed carries."""
    return str(Decimal(billionths).scaleb(-9).normalize().__format__("f"))


def instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def draw_book(seed: int, customers: int, days: int) -> RandomBook:
    """Random lots, events and removals of many customers, on a grid of six-hour steps."""
    dice = random.Random(seed)
    feeds = ["usage", "grants", "lot_events", "subscriptions", "payments", "limits"]
    book = RandomBook([], [], [], [], [], {feed: [] for feed in feeds})

    def moment() -> datetime:
        return START + timedelta(hours=6 * dice.randrange(0, 4 * days))

    book.rows["period_closes"] = [
        {
            "close_id": "x1",
            "period": "2025-01",
            "action": "close",
            "closed_at": instant(JANUARY_CLOSED_AT),
        }
    ]
    for number in range(customers):
        customer = f"c{number:04d}"
        for index in range(dice.randrange(0, 9)):
            add_lot(book, dice, customer, f"{customer}-l{dice.randrange(10)}{index}", moment())
        granted = [lot for lot in book.lots if lot.customer == customer and not lot.is_late]
        for index in range(dice.randrange(0, 3)):
            add_purchase(book, dice, customer, f"{customer}-p{index}", moment(), days)
        own = [lot for lot in book.lots if lot.customer == customer and not lot.is_late]
        for lot in dice.sample(own, min(len(own), 2)):
            add_extensions(book, dice, lot, days)
        for index in range(dice.randrange(0, 4) if granted else 0):
            add_reset(book, dice, dice.choice(granted), f"{customer}-t{index}", moment())
        for index in range(dice.randrange(0, 3) if own else 0):
            add_removal(book, dice, dice.choice(own), f"{customer}-r{index}", moment())
        for index in range(dice.randrange(0, 25)):
            add_event(book, dice, customer, f"{customer}-e{dice.randrange(100)}-{index}", moment())
        changed = {change.lot_id for change in (*book.extensions, *book.resets)}
        still = [lot for lot in granted if lot.lot_id not in changed]
        for lot in dice.sample(still, min(len(still), dice.randrange(0, 4))):
            add_transfers(book, dice, lot, number, days)
        for index in range(dice.choice([0, 0, 1, 2])):
            add_limit(book, dice, customer, f"{customer}-g{index}")
    return book


def add_lot(
    book: RandomBook, dice: random.Random, customer: str, lot_id: str, starts: datetime
) -> None:
    kind = dice.choice(["paid", "paid", "bonus", "promo", "goodwill"])
    ends = dice.choice([None, starts + timedelta(hours=6 * dice.randrange(1, 120))])
    credits = dice.choice([5 * BILLION, 12 * BILLION, 7_500_000_001, 100 * BILLION, 1])
    is_late = starts < FEBRUARY and not dice.randrange(6)
    lot = Lot(
        lot_id,
        customer,
        dice.choice(["special", "general", "usd", "tab"]),
        credits,
        starts,
        ends,
        dice.choice([10, 100]),
        KIND_RANKS[kind],
        booked_at=FEBRUARY if is_late else None,
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
            "received_at": instant(JANUARY_CLOSED_AT) if is_late else "",
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
    is_late = at < FEBRUARY and not dice.randrange(8)
    booked_at = FEBRUARY if is_late else at
    book.events.append(Event(event_id, customer, booked_at, quantity, chain, overage, at))
    book.rows["usage"].append(
        {
            "event_id": event_id,
            "occurred_at": instant(at),
            "customer_id": customer,
            "meter": meter,
            "quantity": text_of(int(quantity * BILLION)),
            "received_at": instant(JANUARY_CLOSED_AT) if is_late else "",
        }
    )


def add_transfers(book: RandomBook, dice: random.Random, lot: Lot, number: int, days: int) -> None:
    """A lot passed on or repriced, and perhaps what arrives once more, and once more."""
    begins, lot_id, customer, wallet = lot.effective_at, lot.lot_id, lot.customer, lot.wallet
    for depth in range(dice.choice([1, 1, 2, 3])):
        steps = int(((lot.expires_at or begins + timedelta(days=days)) - begins) / STEP)
        if steps < 2:
            return
        at = begins + STEP * dice.randrange(1 if depth else 0, steps)
        if at >= UNTIL:
            return
        name = f"m{depth}-{lot.lot_id}"
        row = {"lot_event_id": name, "occurred_at": instant(at), "lot_id": lot_id}
        places = ["reprice"]
        places += ["customer"] if number % NEIGHBOURS < NEIGHBOURS - 1 else []
        places += ["wallet"] if wallet in LATER_WALLETS else []
        place, until, credits, rate = dice.choice(places), None, None, Fraction(1)
        if place == "reprice":
            until = dice.choice([None, at + timedelta(days=dice.randrange(1, days))])
            row |= {"kind": "reprice", "new_expires_at": instant(until) if until else ""}
        else:
            credits = dice.choice([None, None, 2 * BILLION, 1])
            rate = dice.choice([Fraction(1), Fraction(2), Fraction(333_333_333, BILLION)])
            if place == "customer":
                number, customer = number + 1, f"c{number + 1:04d}"
            else:
                wallet = dice.choice(LATER_WALLETS[wallet])
            row |= {"kind": "transfer", "rate": text_of(int(rate * BILLION))}
            row |= {"credits": text_of(credits) if credits else ""}
            row |= {"to_customer_id": customer, "to_wallet": wallet}
        book.rows["lot_events"].append(row)
        book.transfers.append(
            Transfer(name, lot_id, at, credits, customer, wallet, rate, until, depth)
        )
        lot_id, begins = f"{lot_id}:{name}", at
        if place == "reprice" and until:
            return


def add_limit(book: RandomBook, dice: random.Random, customer: str, limit_id: str) -> None:
    """Most that all of a customer may take in a day, of one wallet or of any."""
    limit = DailyLimit(
        limit_id,
        customer,
        dice.choice([None, "special", "general"]),
        dice.choice([0, 5 * BILLION, 1_500_000_001]),
        dice.choice(["unfunded", "overage", "flag"]),
    )
    book.limits.append(limit)
    book.rows["limits"].append(
        {
            "limit_id": limit_id,
            "customer_id": customer,
            "scope": "organisation",
            "wallet": limit.wallet or "",
            "window": "day",
            "credits": text_of(limit.allowance),
            "action": limit.action,
        }
    )


def write_book(folder: Path, book: RandomBook, shuffle: random.Random | None = None) -> None:
    """The book's files; with a shuffle each feed in three, in any order, some rows twice."""
    (folder / "cards").mkdir(parents=True)
    (folder / "book.yml").write_text(BOOK)
    offers = "".join(offer.text(name) for name, offer in OFFERS.items())
    (folder / "cards" / "2025-01-01.yml").write_text(CARD + offers)
    for feed, rows in book.rows.items():
        files = {"": rows}
        if shuffle:
            files = {f"-{part}": [] for part in range(3)}
            for row in shuffle.sample(rows, len(rows)):
                for part in shuffle.sample(list(files), shuffle.choice([1, 1, 1, 2])):
                    files[part].append(row)
        names = list({name: 0 for row in rows for name in row})
        for part, some in files.items():
            if some:
                with (folder / f"{feed}{part}.csv").open("w", newline="") as file:
                    writer = csv.DictWriter(file, fieldnames=names)
                    writer.writeheader()
                    writer.writerows(some)
