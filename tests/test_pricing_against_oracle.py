"""Rates, tiers, pins and late cards against a plain pricing of single events, on random books.

One book holds hundreds of customers, so one run of the real commands checks thousands of prices.
Events crowd around the instants where cards, months and closes change, and no customer has credits
for usage: what an event costs in the last wallet of its chain is what stays unpaid.
"""

from __future__ import annotations

import csv
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from tests.cli import exit_code
from tests.pricing_oracle import (
    Card,
    Contract,
    Customer,
    Event,
    Place,
    Priced,
    Pricing,
    Rate,
)

ZONE = ZoneInfo("America/New_York")
MICROSECOND = timedelta(microseconds=1)


def at(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


START, UNTIL = at("2025-01-01 05:00"), at("2025-05-01 04:00")
FEBRUARY, MARCH, APRIL = at("2025-02-01 05:00"), at("2025-03-01 05:00"), at("2025-04-01 04:00")
CLOSES = ((at("2025-02-05"), FEBRUARY), (at("2025-03-04"), MARCH), (at("2025-04-05"), APRIL))

BOOK = """\
book: random
entity: Random, Inc.
functional_currency: USD
time_zone: America/New_York
first_period: 2025-01
framework: ASC606
wallets:
  coarse: {unit: credit, precision: 2, rounding: up}
  fine: {unit: credit}
  usd: {unit: USD, precision: 4, rounding: down}
  packs: {unit: credit}
meters:
  plain: {unit: unit, properties: [model]}
  stepped: {unit: unit, properties: [model]}
  packaged: {unit: unit, properties: [model]}
policies:
  - effective_from: 2025-01-01
    approved: {by: tester, on: 2024-12-31, reference: T-1}
    late_usage: first_open_period
sources:
  - {feed: usage, format: csv, path: "usage*.csv"}
  - {feed: customers, format: csv, path: customers.csv}
  - {feed: payments, format: csv, path: payments.csv}
  - {feed: period_closes, format: csv, path: period_closes.csv}
"""

WALLETS = {"coarse": (2, "up"), "fine": (9, "half_up"), "usd": (4, "down")}


def place(wallet: str, per: str, *steps: tuple[str | None, str]) -> tuple[str, Place]:
    """A wallet with the price of `per` units, by step."""
    decimals, rounding = WALLETS[wallet]
    exact = tuple((None if end is None else Fraction(end), Fraction(price)) for end, price in steps)
    return wallet, Place(decimals, rounding, Fraction(per), exact)


CHAINS: dict[int, tuple[str, ...]] = {}
"""id of a rate's chain -> its wallets, which the pricing itself has no need of."""


def rate(
    rate_id: str,
    meter: str,
    *places: tuple[str, Place],
    tiers: str | None = None,
    model: str | None = None,
    customers: tuple[str, ...] = (),
    segments: tuple[str, ...] = (),
) -> Rate:
    chain = tuple(found for _, found in places)
    CHAINS[id(chain)] = tuple(wallet for wallet, _ in places)
    return Rate(rate_id, meter, chain, tiers, model, customers, segments)


def rates(factor: str, *, packaged: str) -> tuple[Rate, ...]:
    """The rates of a version; the factor tells its prices from those of other versions.

    Args:
        factor: Of every price, as a decimal.
        packaged: Id of the rate in packages; another one starts counting anew.
    """

    def price(credits: str) -> str:
        return f"{Decimal(factor) * Decimal(credits):f}"

    return (
        rate(
            "plain",
            "plain",
            place("coarse", "7", (None, price("1.7"))),
            place("fine", "3", (None, price("1.1"))),
        ),
        rate("plain-big", "plain", place("fine", "3", (None, price("2.3"))), model="big"),
        rate("plain-free", "plain", place("coarse", "1", (None, "0")), model="free"),
        rate("plain-eu", "plain", place("fine", "1", (None, price("0.7"))), segments=("eu",)),
        rate(
            "plain-acme",
            "plain",
            place("usd", "9", (None, price("0.5"))),
            customers=("c0001", "c0002", "c0003", "c0011"),
        ),
        rate(
            "stepped",
            "stepped",
            place("coarse", "1", ("10", price("1.25")), ("50", price("1")), (None, price("0.33"))),
            place("fine", "7", ("20.5", price("2")), (None, price("0.1"))),
            place("usd", "3", (None, price("0.02"))),
            tiers="graduated",
        ),
        rate(
            packaged,
            "packaged",
            place("coarse", "10", (None, price("3"))),
            place("fine", "7", ("15", price("5")), ("30", price("4")), (None, price("1.5"))),
            tiers="package",
        ),
        rate(
            "packaged-big",
            "packaged",
            place("usd", "2.5", ("12", price("0.7")), (None, price("0.11"))),
            tiers="package",
            model="big",
        ),
    )


US = Contract("us", Fraction("0.1"), segments=("us",))
SOME = Contract(
    "some",
    Fraction("0.333333"),
    customers=("c0011", *(f"c{number:04d}" for number in range(20, 120))),
    rates=("plain", "plain-big", "stepped"),
)

CARDS = (
    Card("v1", START, at("2024-12-15"), rates("1", packaged="packaged"), 100, contracts=(US,)),
    Card(
        "v2",
        at("2025-02-10 15:00"),
        at("2025-02-01"),
        rates("1.1", packaged="packaged"),
        110,
        existing_customers_from=at("2025-03-15"),
        contracts=(US, SOME),
    ),
    # Published after February was closed, and before March was.
    Card(
        "v2b",
        at("2025-02-10 15:00"),
        at("2025-03-06"),
        rates("0.9", packaged="packaged"),
        90,
        corrects="v2",
        existing_customers_from=at("2025-03-20"),
    ),
    Card(
        "v3",
        at("2025-03-25"),
        at("2025-03-25"),
        rates("1.3", packaged="bundled"),
        130,
        contracts=(SOME,),
    ),
    # Published a month into its own time, April, which is still open; nobody knows the last one.
    Card("v4", at("2025-04-05"), at("2025-04-20"), rates("0.7", packaged="bundled"), 70),
    Card("v5", at("2025-04-10"), UNTIL, rates("5", packaged="bundled"), 500),
)

EDGES = (
    [card.effective_from for card in CARDS]
    + [card.existing_customers_from for card in CARDS if card.existing_customers_from]
    + [FEBRUARY, MARCH, APRIL]
)


def text(value: Fraction | Decimal | int) -> str:
    """A number as the decimal text that files carry."""
    exact = Fraction(value)
    return f"{(Decimal(exact.numerator) / Decimal(exact.denominator)).normalize():f}"


def instant(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat().replace("+00:00", "Z")


def yaml_of(card: Card) -> str:
    """A card as people write it."""
    lines = [
        f'version: "{card.version}"',
        f"effective_from: {instant(card.effective_from)}",
        f"published_at: {instant(card.published_at)}",
        "approved: {by: tester, on: 2024-12-15, reference: T-2}",
    ]
    if card.corrects:
        lines.append(f'corrects: "{card.corrects}"')
    if card.existing_customers_from:
        lines.append(f"existing_customers_from: {instant(card.existing_customers_from)}")
    lines.append("rates:")
    for found in card.rates:
        lines += [f"  - id: {found.rate_id}", f"    meter: {found.meter}"]
        lines += [f"    match: {{model: {found.model}}}"] if found.model else []
        lines += [f"    tiers: {found.tiers}"] if found.tiers else []
        lines += [f"    customers: [{', '.join(found.customers)}]"] if found.customers else []
        lines += [f"    segments: [{', '.join(found.segments)}]"] if found.segments else []
        lines.append("    price:")
        for wallet, priced in zip(CHAINS[id(found.chain)], found.chain, strict=True):
            figure = "amount" if wallet == "usd" else "credits"
            steps = [
                (f"up_to: {text(end)}, " if end is not None else "") + f"{figure}: {text(credits)}"
                for end, credits in priced.steps
            ]
            figures = (
                steps[0] if len(steps) == 1 else f"steps: [{', '.join(f'{{{s}}}' for s in steps)}]"
            )
            lines.append(f"      - {{wallet: {wallet}, per: {text(priced.per)}, {figures}}}")
    lines += ["contracts:"] if card.contracts else []
    for contract in card.contracts:
        lines += [f"  - id: {contract.contract_id}", f'    discount: "{text(contract.share)}"']
        for field in ("customers", "segments", "rates"):
            if named := getattr(contract, field):
                lines.append(f"    {field}: [{', '.join(named)}]")
    lines += [
        "offers:",
        "  - id: pack",
        "    price: {amount: 10.00, currency: USD}",
        f"    grants: [{{wallet: packs, credits: {card.pack}, kind: paid, expires: never}}]",
    ]
    return "\n".join(lines) + "\n"


def some_moment(dice: random.Random, since: datetime) -> datetime:
    """Any hour of the books, or one on or just before an instant where something changes."""
    if dice.random() < 0.4:
        moment = dice.choice(EDGES) - dice.choice([timedelta(0), MICROSECOND])
    else:
        moment = START + timedelta(hours=dice.randrange(24 * 120))
    return max(moment, since)


def draw_customers(dice: random.Random, count: int) -> dict[str, Customer]:
    """Some share a payer, some are pinned, some joined before a card that they get later."""
    customers = {}
    for number in range(count):
        name = f"c{number:04d}"
        payer = f"c{number - number % 5:04d}" if dice.random() < 0.5 else name
        joined = dice.choice(
            [
                None,
                START,
                at("2025-02-10 15:00") - MICROSECOND,
                at("2025-02-10 15:00"),
                at("2025-03-28"),
            ]
        )
        pinned = dice.choice([None] * 6 + ["v1", "v2", "v2b", "v3"])
        segment = dice.choice([None, None, "eu", "us"])
        customers[name] = Customer(name, payer, segment, joined, pinned)
    # Who pays for others pays for itself.
    for customer in list(customers.values()):
        owner = customers[customer.payer]
        customers[owner.customer_id] = Customer(
            owner.customer_id, owner.customer_id, owner.segment, owner.joined_at, owner.pinned
        )
    return customers


def first_moment(customer: Customer) -> datetime:
    """Whose joining nobody knows is new: its facts come after the card that asks."""
    is_asked = customer.joined_at is None and customer.pinned is None
    return at("2025-02-10 15:00") if is_asked else START


def draw_events(dice: random.Random, customers: dict[str, Customer]) -> list[Event]:
    """Usage with late arrivals, and corrections of some of it."""
    events = []
    for name, customer in customers.items():
        for index in range(dice.randrange(0, 30)):
            moment = some_moment(dice, first_moment(customer))
            received = (
                None if dice.random() < 0.6 else moment + timedelta(hours=dice.randrange(24 * 40))
            )
            event = Event(
                f"{name}-{dice.randrange(100):02d}-{index}",
                name,
                moment,
                received,
                dice.choice(["plain", "stepped", "stepped", "packaged", "packaged"]),
                dice.choice(["small", "big", "free"]),
                dice.choice([Fraction(n) for n in (0, 1, 3, 10, 15, 40)] + [Fraction(1, 4)]),
            )
            events.append(event)
            while dice.random() < 0.15 and (corrected := correction(dice, event)):
                events.append(corrected)
                if dice.random() < 0.3 and (again := correction(dice, corrected, again=True)):
                    events.append(again)
                    break
                event = corrected
    return events


def correction(dice: random.Random, event: Event, *, again: bool = False) -> Event | None:
    """A correction of an event, or a second one of what that event corrects.

    None where it would reach a closed period: that is for the close, not for pricing.
    """
    known = event.received_at or event.at
    received = known + dice.choice([timedelta(minutes=1), timedelta(days=5)])
    plain = Pricing(CARDS, {}, CLOSES, ZONE, UNTIL)
    if received >= plain.known_until(plain.booked_at(event.at, event.received_at)):
        return None
    return Event(
        event_id=f"{event.event_id}{'y' if again else 'x'}",
        customer=event.customer,
        at=event.at,
        received_at=received,
        meter=event.meter,
        model=event.model,
        quantity=dice.choice([Fraction(0), Fraction(2), Fraction(25)]),
        corrects=event.corrects if again else event.event_id,
    )


def draw_payments(
    dice: random.Random, customers: dict[str, Customer]
) -> list[tuple[str, str, datetime, datetime | None]]:
    """Packs bought: payment, customer, when, and when we learned of it."""
    payments = []
    for name, customer in customers.items():
        for index in range(dice.randrange(0, 3)):
            moment = some_moment(dice, first_moment(customer))
            received = None if dice.random() < 0.6 else moment + timedelta(days=dice.randrange(40))
            payments.append((f"p-{name}-{index}", name, moment, received))
    return payments


def write(path: Path, header: str, rows: list[tuple[str, ...]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        writer.writerows(rows)


def write_book(
    folder: Path,
    customers: dict[str, Customer],
    events: list[Event],
    payments: list[tuple[str, str, datetime, datetime | None]],
) -> None:
    (folder / "cards").mkdir(parents=True)
    (folder / "book.yml").write_text(BOOK)
    for card in CARDS:
        (folder / "cards" / f"{card.version}.yml").write_text(yaml_of(card))
    write(
        folder / "usage.csv",
        "event_id,occurred_at,received_at,customer_id,meter,quantity,properties,corrects",
        [
            (
                event.event_id,
                instant(event.at),
                instant(event.received_at),
                event.customer,
                event.meter,
                text(event.quantity),
                f'{{"model": "{event.model}"}}',
                event.corrects or "",
            )
            for event in events
        ],
    )
    write(
        folder / "customers.csv",
        "customer_id,parent_customer_id,segment,joined_at,card",
        [
            (
                customer.customer_id,
                "" if customer.payer == customer.customer_id else customer.payer,
                customer.segment or "",
                instant(customer.joined_at),
                customer.pinned or "",
            )
            for customer in customers.values()
        ],
    )
    write(
        folder / "payments.csv",
        "payment_id,occurred_at,received_at,customer_id,kind,amount,currency,offer",
        [
            (payment, instant(moment), instant(received), name, "payment", "10.00", "USD", "pack")
            for payment, name, moment, received in payments
        ],
    )
    write(
        folder / "period_closes.csv",
        "close_id,period,closed_at,action",
        [
            (f"close-{month}", f"2025-{month:02d}", instant(when), "close")
            for month, (when, _) in enumerate(CLOSES, start=1)
        ],
    )


class Run:
    """One random book through the real commands, beside the plain pricing of the same inputs."""

    def __init__(self, seed: int, folder: Path) -> None:
        dice = random.Random(seed)
        self.customers = draw_customers(dice, 300)
        self.events = draw_events(dice, self.customers)
        self.payments = draw_payments(dice, self.customers)
        write_book(folder / "book", self.customers, self.events, self.payments)
        database = folder / "books.duckdb"
        arguments = ["--book", str(folder / "book"), "--db", str(database)]
        assert exit_code("load", *arguments) == 0
        assert exit_code("build", "--as-of", instant(UNTIL), *arguments) == 0
        assert exit_code("check", *arguments) == 0
        self.pricing = Pricing(CARDS, self.customers, CLOSES, ZONE, UNTIL)
        self.priced = self.pricing.price(self.events)
        self.connection = duckdb.connect(str(database), read_only=True)


@pytest.fixture(scope="module", params=[1, 2])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(request.param, tmp_path_factory.mktemp(f"priced-{request.param}"))


def test_every_event_takes_the_rate_and_the_first_cost_of_the_plain_pricing(run: Run) -> None:
    rows = run.connection.execute(
        "select event_id, card_version, rate_id, cost from marts.rated_usage"
    ).fetchall()
    found = {event: (version, rate_id, Fraction(cost)) for event, version, rate_id, cost in rows}
    assert len(rows) == len(run.priced)
    assert found == {
        event: (priced.version, priced.rate_id, priced.costs[0])
        for event, priced in run.priced.items()
    }


def test_what_goes_through_the_chain_costs_what_the_last_wallet_asks(run: Run) -> None:
    """Nobody has credits, so the whole event arrives at every wallet that it costs something in."""
    rows = run.connection.execute(
        "select event_id, -credits from marts.credit_ledger where entry_type = 'unfunded'"
    ).fetchall()
    assert {event: Fraction(credits) for event, credits in rows} == {
        event: priced.costs[-1] for event, priced in run.priced.items() if all(priced.costs)
    }


def test_a_pack_is_the_one_of_the_customers_card_when_it_was_paid(run: Run) -> None:
    rows = run.connection.execute(
        "select payment_id, card_version, credits from marts.credit_lots"
    ).fetchall()
    expected = set()
    for payment, name, moment, received in run.payments:
        if moment >= UNTIL or (received is not None and received >= UNTIL):
            continue
        booked = run.pricing.booked_at(moment, received)
        card = run.pricing.card_for(run.customers[name], moment, booked)
        assert card is not None
        expected.add((payment, card.version, Decimal(card.pack)))
    assert set(rows) == expected


def test_the_random_book_reaches_every_rule(run: Run) -> None:
    def versions(customers: set[str]) -> set[str]:
        return {
            run.priced[event.event_id].version
            for event in run.events
            if event.customer in customers and event.event_id in run.priced
        }

    everybody = set(run.customers)
    assert versions(everybody) == {"v1", "v2", "v2b", "v3", "v4"}
    pinned = {name for name, customer in run.customers.items() if customer.pinned == "v2"}
    assert versions(pinned) == {"v1", "v2", "v2b"}, "v2 where its correction was not known in time"
    reached = {priced.rate_id for priced in run.priced.values()}
    assert {name.partition("@")[0] for name in reached} == {
        found.rate_id for card in CARDS for found in card.rates
    }
    for contract in (US, SOME):
        names = contract.rates or ("plain", "plain-big", "plain-free", "stepped", "packaged")
        assert {f"{name}@{contract.contract_id}" for name in names} <= reached
    assert any(crosses_a_step(priced) for priced in run.priced.values())
    assert any(not all(priced.costs) for priced in run.priced.values())
    replaced = {event.corrects for event in run.events if event.corrects}
    assert replaced - set(run.priced), "some events gave way to a correction"


def crosses_a_step(priced: Priced) -> bool:
    """A cost in thirds of a cent can only come of two steps: 10 x 1.25 is whole, 0.33 is not."""
    return priced.rate_id == "stepped" and priced.costs[0] % Fraction(1, 4) != 0
