"""What all cases feed: one book, its cards, and the rows of the public feeds."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from rate_cards.currencies import MINOR_UNITS
from tests.golden.clock import NOW, Unreadable
from tests.golden.feeds import ALWAYS, BY_DAY, FEEDS, FUNCTIONAL, METER, RESOLD, UNDATED


@dataclass(frozen=True)
class Link:
    """One place in a chain: a wallet and its price."""

    wallet: str
    credits: Decimal = Decimal(1)
    per: Decimal = Decimal(1)
    steps: tuple[tuple[Decimal | None, Decimal], ...] = ()
    """Graduated prices: (up to, figure), the last one open; instead of credits."""


@dataclass(frozen=True)
class Rate:
    """A price of one case, in force for some time."""

    rate_id: str
    customers: tuple[str, ...]
    line: str
    chain: tuple[Link, ...]
    overage: Decimal | None
    currency: str
    effective_from: datetime | None
    effective_to: datetime | None

    def holds_at(self, moment: datetime) -> bool:
        """Whether the rate is in force."""
        return (self.effective_from is None or self.effective_from <= moment) and (
            self.effective_to is None or moment < self.effective_to
        )


@dataclass(frozen=True)
class Decision:
    """A policy of one subject (or of the whole book), from a day on; None: from the start."""

    since: date | None
    topic: str
    subject: str | None
    value: Any


@dataclass(frozen=True)
class Cost:
    """What a supplier charges for a unit of a line that is sold for them."""

    line: str
    amount: Decimal
    currency: str


@dataclass
class Facts:
    """Everything that is fed to one book, in the order it was told."""

    wallets: dict[str, dict[str, Any]] = field(default_factory=dict)
    rates: list[Rate] = field(default_factory=list)
    offers: list[dict[str, Any]] = field(default_factory=list)
    rows: dict[str, list[tuple[datetime, dict[str, Any]]]] = field(
        default_factory=lambda: {name: [] for name in (*FEEDS, BY_DAY)}
    )
    splits: dict[str, datetime] = field(default_factory=dict)
    asked: list[datetime] = field(default_factory=lambda: [NOW])
    currencies: list[str] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)
    closes: dict[str, datetime] = field(default_factory=dict)

    def desk(self, case_id: str) -> Desk:
        """Where the facts of one case are told; its names carry the case's id."""
        return Desk(self, name_of(case_id))

    @property
    def as_of(self) -> datetime:
        """An instant after everything that any case asks about."""
        return max(self.asked) + timedelta(days=1)

    def meter_of(self, line: str) -> str:
        """The meter that counts a line."""
        return RESOLD if any(cost.line == line for cost in self.costs) else METER

    def starts_at(self) -> datetime:
        """The first instant of the books: the month of the earliest fact."""
        dated = (rows for feed, rows in self.rows.items() if feed not in UNDATED)
        first = min((when for rows in dated for when, _ in rows), default=NOW)
        return datetime(first.year, first.month, 1, tzinfo=UTC)

    @property
    def terms(self) -> set[str]:
        """What holds for every case of a book: cases that differ in it need a book each."""
        whole = (decision for decision in self.decisions if decision.subject is None)
        return {*map(str, whole), *map(str, self.closes.items())}

    def free_currencies(self, decimals: int) -> list[str]:
        """Currencies with so many decimals that no case has yet, by name."""
        taken = {FUNCTIONAL, *self.currencies}
        return sorted(
            currency
            for currency, units in MINOR_UNITS.items()
            if units == decimals and currency not in taken
        )

    def has_room_for(self, case: Facts) -> bool:
        """Whether a case that was told by itself finds its currencies here."""
        wanted = Counter(MINOR_UNITS[currency] for currency in case.currencies)
        return all(
            len(self.free_currencies(decimals)) >= count for decimals, count in wanted.items()
        )

    def piece(self, row: dict[str, Any], when: datetime) -> int:
        """1 or 2: the piece in which a row is loaded where facts come in two."""
        split = self.splits.get(row["_case"])
        return 2 if split is not None and when >= split else 1


def name_of(case_id: str) -> str:
    """A case's id as a name our configuration takes."""
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", case_id)
    return name if name[:1].isalnum() else f"c{name}"


@dataclass
class Desk:
    """The facts of one case, told in the words of the public feeds."""

    facts: Facts
    name: str
    currency: str = FUNCTIONAL

    def alike(self, label: str) -> Desk:
        """A desk for the same case told another way: a customer and a currency of its own."""
        return Desk(self.facts, self.called(label))

    def own_currency(self, decimals: int = 2) -> str:
        """Tell all money of the case in a currency no other case has, so that journals show it.

        It is worth one of the functional currency, unless the case tells rates.

        Args:
            decimals: Decimals that money is rounded to.

        Raises:
            Unreadable: There is no currency with as many, or the case uses them up.
        """
        free = self.facts.free_currencies(decimals)
        if not free:
            raise Unreadable(f"no currency with {decimals} decimals is left")
        self.facts.currencies.append(free[0])
        self.currency = free[0]
        self.rate(Decimal(1), ALWAYS)
        return self.currency

    def rate(self, rate: Decimal | int | str, day: date) -> None:
        """What one of the case's currency is worth in the functional one, from a day on."""
        self._row("fx_rates", NOW, date=f"{day:%Y-%m-%d}", currency=self.currency, rate=rate)

    def decide(
        self, topic: str, value: Any, *, subject: str | None = None, since: date | None = None
    ) -> None:
        """A policy for a wallet of the case; without a subject for the whole book of the case."""
        self.facts.decisions.append(Decision(since, topic, subject, value))

    def close(self, month: datetime, at: datetime) -> None:
        """Close a month of the book, and all before it."""
        self.facts.closes[f"{month:%Y-%m}"] = at

    def called(self, label: str) -> str:
        """A name of this case."""
        return f"{self.name}/{label}" if label else self.name

    def asks(self, moment: datetime) -> datetime:
        """Say that the case asks about an instant: the books must reach it."""
        self.facts.asked.append(moment)
        return moment

    def split_at(self, moment: datetime) -> None:
        """Load what happened from here on as a second piece, where pieces are loaded."""
        self.facts.splits[self.name] = moment

    def wallet(self, label: str, unit: str = "credit", **settings: Any) -> str:
        """A wallet of this case, after those it has already."""
        wallet = self.called(label)
        self.facts.wallets[wallet] = {"unit": unit, **settings}
        return wallet

    def price(
        self,
        chain: Sequence[Link],
        *,
        line: str = "",
        customers: Iterable[str] = (),
        overage: Decimal | int | str | None = None,
        effective_from: datetime | None = None,
        effective_to: datetime | None = None,
    ) -> None:
        """What usage of a line costs: a rate reserved for the case's customers."""
        self.facts.rates.append(
            Rate(
                self.called(line or "usage"),
                tuple(customers) or (self.name,),
                line,
                tuple(chain),
                None if overage is None else Decimal(overage),
                self.currency,
                effective_from,
                effective_to,
            )
        )

    def resell(self, line: str, cost: Decimal) -> None:
        """Sell what a line meters as agent of a supplier, who charges so much for a unit."""
        self.facts.costs.append(Cost(line, cost, self.currency))
        self.decide("principal", "agent", subject=RESOLD)

    def child(self, customer: str, parent: str) -> None:
        """Let a parent's pool pay for a customer."""
        self._row("customers", NOW, customer_id=customer, parent_customer_id=parent)

    def grant(
        self,
        label: str,
        wallet: str,
        credits: Decimal | int | str,
        at: datetime,
        *,
        customer: str = "",
        kind: str = "promo",
        expires: datetime | None = None,
        expires_on: int | None = None,
        priority: int | None = None,
        paid: Decimal | None = None,
        payment: str | None = None,
        contract: str | None = None,
        received: datetime | None = None,
    ) -> str:
        """A grant; the name of its lot."""
        self._row(
            BY_DAY if expires_on is not None else "grants",
            at,
            grant_id=self.called(label),
            customer_id=customer or self.name,
            wallet=wallet,
            credits=credits,
            kind=kind,
            effective_at=at,
            expires_at=expires,
            expires_on=expires_on,
            priority=priority,
            consideration=paid,
            currency=None if paid is None else self.currency,
            payment_id=payment,
            contract_id=contract and self.called(contract),
            received_at=received,
        )
        return self.called(label)

    def use(
        self,
        label: str,
        quantity: Decimal | int | str,
        at: datetime,
        *,
        line: str = "",
        customer: str = "",
        user: str | None = None,
        received: datetime | None = None,
        corrects: str | None = None,
    ) -> str:
        """A usage event; its name."""
        self._row(
            "usage",
            received or at,
            event_id=self.called(label),
            occurred_at=at,
            customer_id=customer or self.name,
            meter=self.facts.meter_of(line),
            quantity=quantity,
            properties=json.dumps({"line": line} if line else {}),
            user_id=user,
            received_at=received,
            corrects=corrects,
        )
        return self.called(label)

    def lot_event(
        self,
        label: str,
        lot: str,
        kind: str,
        at: datetime,
        *,
        credits: Decimal | int | str | None = None,
        expires: datetime | None = None,
        to_wallet: str | None = None,
        least: Decimal | None = None,
        most: Decimal | None = None,
        reason: str | None = None,
    ) -> None:
        """Something done to a lot after it was granted."""
        self._row(
            "lot_events",
            at,
            lot_event_id=self.called(label),
            occurred_at=at,
            lot_id=lot,
            kind=kind,
            credits=credits,
            new_expires_at=expires,
            to_wallet=to_wallet,
            least=least,
            most=most,
            reason=reason,
        )

    def offer(
        self,
        label: str,
        grants: Sequence[dict[str, Any]],
        *,
        amount: Decimal | int | str = 0,
        every: str | None = None,
        **terms: str,
    ) -> str:
        """Something to buy or subscribe to; its name. `terms` are further ones of its price."""
        price = {"amount": amount, "currency": self.currency} | ({"every": every} if every else {})
        price |= terms
        offer = {"id": self.called(label), "price": price, "grants": list(grants)}
        self.facts.offers.append(offer)
        return self.called(label)

    def subscribe(
        self,
        label: str,
        offer: str,
        start: datetime,
        end: datetime | None = None,
        *,
        customer: str = "",
        received: datetime | None = None,
        anchor: datetime | None = None,
    ) -> str:
        """A subscription; its name, with which the names of its lots begin."""
        self._row(
            "subscriptions",
            start,
            subscription_id=self.called(label),
            customer_id=customer or self.name,
            offer=offer,
            started_at=start,
            ended_at=end,
            received_at=received,
            anchor_at=anchor,
        )
        return self.called(label)

    def pay(
        self,
        label: str,
        amount: Decimal | int | str,
        at: datetime,
        *,
        kind: str = "payment",
        tax: Decimal | int | str | None = None,
        offer: str | None = None,
        quantity: Decimal | int | str | None = None,
        relates_to: str | None = None,
        subscription: str | None = None,
        period: tuple[datetime, datetime] | None = None,
        contract: str | None = None,
        received: datetime | None = None,
    ) -> str:
        """A payment or another billing fact; its name."""
        self._row(
            "payments",
            at,
            payment_id=self.called(label),
            occurred_at=at,
            customer_id=self.name,
            kind=kind,
            amount=amount,
            currency=self.currency,
            tax=tax,
            offer=offer,
            quantity=quantity,
            relates_to=relates_to,
            subscription_id=subscription,
            period_start=period and period[0],
            period_end=period and period[1],
            contract_id=contract and self.called(contract),
            received_at=received,
        )
        return self.called(label)

    def limit(
        self, label: str, credits: Decimal | int | str, start: datetime, *, customer: str = ""
    ) -> None:
        """The most a customer may take in all; what is above stays unfunded."""
        self._row(
            "limits",
            start,
            limit_id=self.called(label),
            customer_id=customer or self.name,
            scope="organisation",
            window="total",
            credits=credits,
            action="unfunded",
            **{"from": start},
        )

    def _row(self, feed: str, when: datetime, **cells: Any) -> None:
        self.facts.rows[feed].append((when, {"_case": self.name, **cells}))
