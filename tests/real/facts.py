"""Each real book once more, in plain Python: events with their prices, lots with their money.

Reads the same files and cards as the commands do, with csv and yaml alone, and shares no code with
them. What the drawdown makes of it is tests/oracle.py's work, what the money does expected.py's.
"""

from __future__ import annotations

import calendar
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

import yaml

from tests.oracle import BILLION, Event, Lot, Price, Removal, rounded
from tests.real.books import CDNOW, IMAGE_VENDOR, LLM_TENANTS, RealBook, Row, authored_rows, rows_of

KIND_RANKS = {"included": 1, "promo": 2, "goodwill": 3, "bonus": 4, "migration": 5, "paid": 6}
WELCOMED = datetime(2024, 11, 15, tzinfo=UTC)
LLM_START = datetime(2025, 3, 24, tzinfo=UTC)


@dataclass(frozen=True)
class Fate:
    """What became of the rows of one file under one source."""

    feed: str
    rows: int
    loaded: int
    duplicates: int
    excluded: int


@dataclass
class Facts:
    """A book's inputs as the walk takes them.

    Attributes:
        until: First instant the books do not know.
        consideration: Lot -> cents it was sold for; lots that were given are left out.
        fates: Per source of a real file, in the order of book.yml.
    """

    until: datetime
    events: list[Event] = field(default_factory=list)
    lots: list[Lot] = field(default_factory=list)
    consideration: dict[str, int] = field(default_factory=dict)
    removals: list[Removal] = field(default_factory=list)
    fates: list[Fate] = field(default_factory=list)

    def add_lot(
        self,
        lot_id: str,
        customer: str,
        wallet: str,
        credits: str,
        kind: str,
        effective_at: datetime,
        expires_at: datetime | None,
        priority: int = 100,
    ) -> None:
        """A lot of so many credits, written as decimal text."""
        self.lots.append(
            Lot(
                lot_id, customer, wallet, billionths(credits), effective_at, expires_at, priority,
                KIND_RANKS[kind],
            )
        )  # fmt: skip

    def sell(self, cents: int, lot_ids: Iterable[str]) -> None:
        """Share money over lots by credits: each the difference of two rounded running totals."""
        credits = {lot.lot_id: lot.credits for lot in self.lots}
        bought = sorted(lot_ids)
        total, so_far, value = sum(credits[lot_id] for lot_id in bought), 0, 0
        for lot_id in bought:
            so_far += credits[lot_id]
            to_date = rounded(Fraction(cents * so_far, total))
            self.consideration[lot_id] = to_date - value
            value = to_date

    def refund(self, row: Row, paid: str, lot_ids: Iterable[str]) -> None:
        """Take the refunded share of a payment out of each of its lots."""
        share = min(Fraction(1), Fraction(row["amount"]) / Fraction(paid))
        by_id = {lot.lot_id: lot for lot in self.lots}
        for lot_id in lot_ids:
            at = max(instant(row["occurred_at"]), by_id[lot_id].effective_at)
            taken = rounded(by_id[lot_id].credits * share)
            self.removals.append(Removal(row["payment_id"], lot_id, at, taken))


class Cards:
    """The rate cards of a book, read as text so that no price passes through a float."""

    def __init__(self, book: RealBook) -> None:
        versions = [
            yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)
            for path in (book.folder / "cards").glob("*.yml")
        ]
        self.versions: list[dict[str, Any]] = sorted(
            versions, key=lambda card: instant(card["effective_from"])
        )
        self._chains: dict[object, tuple[tuple[Price, ...], Fraction | None]] = {}

    @cached_property
    def starts(self) -> list[datetime]:
        """When each version begins to apply."""
        return [instant(card["effective_from"]) for card in self.versions]

    def at(self, moment: datetime) -> dict[str, Any]:
        """The version in force."""
        return self.versions[max(n for n, start in enumerate(self.starts) if start <= moment)]

    def price(
        self,
        moment: datetime,
        meter: str,
        properties: Mapping[str, str],
        customer: str,
        segment: str,
    ) -> tuple[tuple[Price, ...], Fraction | None]:
        """The chain of wallets and the overage per unit that apply to an event."""
        card = self.at(moment)
        key = (card["version"], meter, tuple(properties.items()), customer, segment)
        if key not in self._chains:
            self._chains[key] = self._find(card, meter, properties, customer, segment)
        return self._chains[key]

    @staticmethod
    def _find(
        card: dict[str, Any], meter: str, properties: Mapping[str, str], customer: str, segment: str
    ) -> tuple[tuple[Price, ...], Fraction | None]:
        """Own rates before the segment's, those before everyone's; then the most specific match."""
        ranked = []
        for rate in card["rates"]:
            own = customer in rate.get("customers", [])
            shared = segment in rate.get("segments", [])
            for_all = "customers" not in rate and "segments" not in rate
            match = rate.get("match", {})
            fits = all(properties.get(name) == value for name, value in match.items())
            if rate["meter"] == meter and fits and (own or shared or for_all):
                ranked.append(((own, shared, len(match)), rate))
        ranked.sort(key=lambda candidate: candidate[0])
        assert len(ranked) == 1 or ranked[-1][0] > ranked[-2][0], "two rates tie"
        best = ranked[-1][1]
        chain = tuple(
            Price(step["wallet"], Fraction(step["credits"]), int(step.get("per", "1")))
            for step in best["price"]
        )
        overage = best.get("overage")
        return chain, overage and Fraction(overage["amount"]) / int(overage.get("per", "1"))

    def offer(self, moment: datetime, name: str) -> dict[str, Any]:
        """An offer as sold at an instant."""
        [offer] = [offer for offer in self.at(moment)["offers"] if offer["id"] == name]
        return dict(offer)


def image_vendor() -> Facts:
    """Succeeded jobs, welcome grants, plans, packs and a refund."""
    facts, cards = Facts(until=datetime(2025, 1, 1, tzinfo=UTC)), Cards(IMAGE_VENDOR)
    segments = {
        row["customer_id"]: row["segment"] for row in authored_rows(IMAGE_VENDOR, "customers.csv")
    }
    [rows] = rows_of(IMAGE_VENDOR).values()
    jobs: dict[str, Row] = {}
    billable = [row for row in rows if row["predict_status"] == "SUCCEED"]
    for row in billable:
        digest = hashlib.sha256("|".join(row.values()).encode()).hexdigest()
        jobs["job-" + digest[:32]] = row
    for event_id, row in jobs.items():
        at = instant(row["gmt_create"] + "Z")
        tenant = row["groupId"]
        properties = {
            "type": row["predict_type"],
            "steps": "high" if Decimal(row["num_inference_steps"]) > 30 else "standard",
            "model": row["checkpoint_model_version_id"],
        }
        chain, overage = cards.price(at, "images", properties, "", segments.get(tenant, ""))
        quantity = Fraction(row["num_images_per_prompt"])
        facts.events.append(Event(event_id, tenant, at, quantity, chain, overage))
    tenants = {row["groupId"] for row in rows}
    for tenant in tenants:
        facts.add_lot(
            f"welcome-{tenant}", tenant, "image_credits", "10", "promo", WELCOMED,
            datetime(2024, 12, 1, tzinfo=UTC),
        )  # fmt: skip
    for row in authored_rows(IMAGE_VENDOR, "subscriptions.csv"):
        _add_plan(facts, cards, row)
    _add_packs(facts, cards, authored_rows(IMAGE_VENDOR, "payments.csv"))
    unsold = len(rows) - len(billable)
    facts.fates = [
        Fate("usage", len(rows), len(jobs), len(billable) - len(jobs), unsold),
        Fate("grants", len(rows), len(tenants), len(rows) - len(tenants), 0),
    ]
    return facts


def _add_plan(facts: Facts, cards: Cards, row: Row) -> None:
    """The lots of every billing period that has begun; the price is shared over them."""
    started = instant(row["started_at"])
    ended = instant(row["ended_at"]) if row["ended_at"] else facts.until
    index, start = 1, started
    while start < min(ended, facts.until):
        end = add_months(started, index)
        offer = cards.offer(start, row["offer"])
        ids = []
        for number, grant in enumerate(offer["grants"], start=1):
            ids.append(f"{row['subscription_id']}:{index}:{number}")
            facts.add_lot(
                ids[-1], row["customer_id"], grant["wallet"], grant["credits"], grant["kind"],
                start, end,
            )  # fmt: skip
        facts.sell(cents(offer["price"]["amount"]), ids)
        index, start = index + 1, end


def _add_packs(facts: Facts, cards: Cards, rows: list[Row]) -> None:
    """The lots of every payment that names an offer, and refunds of such payments."""
    paid, lots_of = {}, defaultdict(list)
    for row in rows:
        payment_id = row["payment_id"]
        if row["kind"] != "payment" or not row["offer"]:
            continue
        paid[payment_id] = row["amount"]
        at = instant(row["occurred_at"])
        for number, grant in enumerate(cards.offer(at, row["offer"])["grants"], start=1):
            lots_of[payment_id].append(f"{payment_id}:{number}")
            count, unit = grant["expires"].split()
            assert unit == "months"
            facts.add_lot(
                f"{payment_id}:{number}", row["customer_id"], grant["wallet"],
                str(Decimal(grant["credits"]) * Decimal(row["quantity"])), grant["kind"], at,
                add_months(at, int(count)), int(grant.get("priority", "100")),
            )  # fmt: skip
        facts.sell(cents(row["amount"]), lots_of[payment_id])
    for row in rows:
        if row["kind"] == "refund":
            facts.refund(row, paid[row["relates_to"]], lots_of[row["relates_to"]])


def cdnow() -> Facts:
    """Every purchase of more than nothing as a lot, every purchase as later spending."""
    facts, cards = Facts(until=datetime(1998, 7, 1, tzinfo=UTC)), Cards(CDNOW)
    [rows] = rows_of(CDNOW).values()
    for number, row in enumerate(rows, start=2):  # line 1 is the header
        customer, at = row["customer_id"], instant(f"{row['date']}T00:00:00Z")
        if Decimal(row["dollar_value"]) > 0:
            lot_id = f"line-{number:05d}:1"
            credits = str(100 * Decimal(row["dollar_value"]))
            facts.add_lot(lot_id, customer, "store_credits", credits, "paid", at, add_months(at, 6))
            facts.consideration[lot_id] = cents(row["dollar_value"])
        spent_at = at + timedelta(days=20 * int(row["number_of_cds"]))
        if spent_at < facts.until:
            chain, overage = cards.price(spent_at, "discs", {}, customer, "")
            quantity = Fraction(row["number_of_cds"])
            facts.events.append(
                Event(f"line-{number:05d}/spent", customer, spent_at, quantity, chain, overage)
            )
    count = len(rows)
    facts.fates = [Fate(feed, count + 1, count, 0, 1) for feed in ("payments", "usage")]
    return facts


def llm_tenants() -> Facts:
    """Tokens in and out, requests where tokens were not counted, commitments and a refund."""
    facts, cards = Facts(until=datetime(2025, 5, 1, tzinfo=UTC)), Cards(LLM_TENANTS)
    [rows] = rows_of(LLM_TENANTS).values()
    counts: Counter[str] = Counter()
    for row in rows:
        at = LLM_START + timedelta(seconds=int(row["window_start_sec"]))
        measured: list[tuple[str, str, str, dict[str, str]]] = [
            ("in", row["input_tokens"], "llm_tokens", {"direction": "input"}),
            ("out", row["output_tokens"], "llm_tokens", {"direction": "output"}),
            ("requests", "" if row["input_tokens"] else row["requests"], "llm_requests", {}),
        ]
        for suffix, quantity, meter, direction in measured:
            if not quantity:
                continue
            counts[suffix] += 1
            event_id = f"{row['tenant_id']}/{row['window_start_sec']}/{suffix}"
            properties = {"model": row["model"], **direction}
            chain, overage = cards.price(at, meter, properties, row["tenant_id"], "")
            facts.events.append(
                Event(event_id, row["tenant_id"], at, Fraction(quantity), chain, overage)
            )
    lots_of = defaultdict(list)
    for row in authored_rows(LLM_TENANTS, "grants.csv"):
        facts.add_lot(
            row["grant_id"], row["customer_id"], row["wallet"], row["credits"], row["kind"],
            instant(row["effective_at"]), instant(row["expires_at"]),
        )  # fmt: skip
        lots_of[row["payment_id"]].append(row["grant_id"])
    payments = {row["payment_id"]: row for row in authored_rows(LLM_TENANTS, "payments.csv")}
    for payment_id, row in payments.items():
        if row["kind"] == "payment":
            facts.sell(cents(row["amount"]), lots_of[payment_id])
    for row in payments.values():
        if row["kind"] == "refund":
            facts.refund(row, payments[row["relates_to"]]["amount"], lots_of[row["relates_to"]])
    facts.fates = [
        Fate("usage", len(rows), counts[suffix], 0, len(rows) - counts[suffix])
        for suffix in ("in", "out", "requests")
    ]
    return facts


FACTS = {IMAGE_VENDOR: image_vendor, CDNOW: cdnow, LLM_TENANTS: llm_tenants}


def instant(text: str) -> datetime:
    """A time with its zone, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def add_months(moment: datetime, months: int) -> datetime:
    """The same day so many months later, or the last day of a shorter month."""
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    last = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


def cents(text: str) -> int:
    """Money as a whole number of cents."""
    amount = Fraction(text) * 100
    assert amount.denominator == 1
    return amount.numerator


def billionths(text: str) -> int:
    """Credits as a whole number of billionths."""
    credits = Fraction(text) * BILLION
    assert credits.denominator == 1
    return credits.numerator
