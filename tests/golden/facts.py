"""What all cases feed: one book, its cards, and the rows of the public feeds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.golden.clock import NOW

METER = "units"
FEEDS = {
    "customers": ("customer_id", "parent_customer_id"),
    "usage": (
        "event_id",
        "occurred_at",
        "customer_id",
        "meter",
        "quantity",
        "properties",
        "user_id",
        "received_at",
        "corrects",
    ),
    "payments": (
        "payment_id",
        "occurred_at",
        "customer_id",
        "kind",
        "amount",
        "currency",
        "offer",
        "quantity",
        "relates_to",
    ),
    "grants": (
        "grant_id",
        "customer_id",
        "wallet",
        "credits",
        "kind",
        "effective_at",
        "expires_at",
        "priority",
        "consideration",
        "currency",
        "payment_id",
        "received_at",
    ),
    "lot_events": (
        "lot_event_id",
        "occurred_at",
        "lot_id",
        "kind",
        "credits",
        "reason",
        "received_at",
    ),
    "subscriptions": (
        "subscription_id",
        "customer_id",
        "offer",
        "started_at",
        "ended_at",
        "received_at",
        "anchor_at",
    ),
    "limits": ("limit_id", "customer_id", "scope", "wallet", "window", "credits", "action", "from"),
}
"""Feed -> the columns written. Grants by day are a file of their own, whose dates are numbers."""

BY_DAY = "grants_by_day"


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
    effective_from: datetime | None
    effective_to: datetime | None

    def holds_at(self, moment: datetime) -> bool:
        """Whether the rate is in force."""
        return (self.effective_from is None or self.effective_from <= moment) and (
            self.effective_to is None or moment < self.effective_to
        )


@dataclass
class Facts:
    """Everything that is fed, in the order it was told."""

    wallets: dict[str, dict[str, Any]] = field(default_factory=dict)
    rates: list[Rate] = field(default_factory=list)
    offers: list[dict[str, Any]] = field(default_factory=list)
    rows: dict[str, list[tuple[datetime, dict[str, Any]]]] = field(
        default_factory=lambda: {name: [] for name in (*FEEDS, BY_DAY)}
    )
    splits: dict[str, datetime] = field(default_factory=dict)
    asked: list[datetime] = field(default_factory=lambda: [NOW])

    def desk(self, case_id: str) -> Desk:
        """Where the facts of one case are told; its names carry the case's id."""
        return Desk(self, name_of(case_id))

    @property
    def as_of(self) -> datetime:
        """An instant after everything that any case asks about."""
        return max(self.asked) + timedelta(days=1)

    def starts_at(self) -> datetime:
        """The first instant of the books: the month of the earliest fact."""
        first = min((when for rows in self.rows.values() for when, _ in rows), default=NOW)
        return datetime(first.year, first.month, 1, tzinfo=UTC)

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
        overage: Decimal | None = None,
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
                overage,
                effective_from,
                effective_to,
            )
        )

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
            currency=None if paid is None else "USD",
            payment_id=payment,
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
            meter=METER,
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
        price = {"amount": amount, "currency": "USD"} | ({"every": every} if every else {}) | terms
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
        offer: str | None = None,
        quantity: Decimal | int | str | None = None,
        relates_to: str | None = None,
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
            currency="USD",
            offer=offer,
            quantity=quantity,
            relates_to=relates_to,
        )
        return self.called(label)

    def limit(
        self, label: str, credits: Decimal | int | str, start: datetime, *, customer: str = ""
    ) -> None:
        """The most each user may take in all; what is above stays unfunded."""
        self._row(
            "limits",
            start,
            limit_id=self.called(label),
            customer_id=customer or self.name,
            scope="each_user",
            window="total",
            credits=credits,
            action="unfunded",
            **{"from": start},
        )

    def _row(self, feed: str, when: datetime, **cells: Any) -> None:
        self.facts.rows[feed].append((when, {"_case": self.name, **cells}))
