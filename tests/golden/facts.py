"""What all cases feed: one book, its cards, and the rows of the public feeds."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from tests.golden.clock import NOW, written

BOOK = "golden"
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
    ),
    "limits": ("limit_id", "customer_id", "scope", "wallet", "window", "credits", "action", "from"),
}
"""Feed -> the columns written. Grants by day are a file of their own, whose dates are numbers."""

BY_DAY = "grants_by_day"
EXPIRES_ON = "strftime(strptime(expires_on, '%Y%m%d'), '%Y-%m-%dT00:00:00Z')"


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

    def write(self, book: Path, data: Path) -> None:
        """Write book.yml, the cards and the feeds, each feed in the two pieces it is loaded in."""
        (book / "cards").mkdir(parents=True)
        data.mkdir(parents=True)
        _write_yaml(book / "book.yml", self._book())
        starts = self.starts_at()
        cuts = {starts} | {
            moment
            for rate in self.rates
            for moment in (rate.effective_from, rate.effective_to)
            if moment is not None and moment > starts
        }
        for moment in sorted(cuts):
            _write_yaml(book / "cards" / f"{moment:%Y-%m-%dT%H%M%S}.yml", self._card(moment))
        for feed, rows in self.rows.items():
            columns = FEEDS.get(feed) or (*FEEDS["grants"], "expires_on")
            for piece in (1, 2):
                chosen = [row for when, row in rows if self._piece(row, when) == piece]
                if chosen:
                    _write_csv(data / f"{feed}.{piece}.csv", columns, chosen)

    def _piece(self, row: dict[str, Any], when: datetime) -> int:
        split = self.splits.get(row["_case"])
        return 2 if split is not None and when >= split else 1

    def _book(self) -> dict[str, Any]:
        sources: list[dict[str, Any]] = [
            {"feed": feed, "format": "csv", "path": f"{feed}.[12].csv", "optional": True}
            for feed in FEEDS
        ]
        columns = {name: name for name in FEEDS["grants"]} | {"expires_at": EXPIRES_ON}
        sources.append(
            {
                "feed": "grants",
                "format": "csv",
                "path": f"{BY_DAY}.[12].csv",
                "optional": True,
                "columns": columns,
            }
        )
        return {
            "book": BOOK,
            "entity": "Golden Cases, Inc.",
            "functional_currency": "USD",
            "time_zone": "UTC",
            "first_period": f"{self.starts_at():%Y-%m}",
            "framework": "ASC606",
            "wallets": self.wallets,
            "meters": {METER: {"unit": "unit", "properties": ["line"]}},
            "sources": sources,
        }

    def _card(self, moment: datetime) -> dict[str, Any]:
        before = moment - timedelta(days=1)
        return {
            "version": f"{moment:%Y-%m-%dT%H:%M:%S}",
            "effective_from": written(moment),
            "published_at": written(before),
            "approved": {"by": "cases", "on": f"{before:%Y-%m-%d}", "reference": "golden"},
            "rates": [_rate(rate, self.wallets) for rate in self.rates if rate.holds_at(moment)],
            "offers": self.offers,
        }


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
    ) -> str:
        """Something to buy or subscribe to; its name."""
        price = {"amount": _plain(amount), "currency": "USD"} | ({"every": every} if every else {})
        self.facts.offers.append(
            {
                "id": self.called(label),
                "price": price,
                "grants": [
                    {key: _plain(value) for key, value in grant.items()} for grant in grants
                ],
            }
        )
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


def _rate(rate: Rate, wallets: dict[str, dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {"id": rate.rate_id, "meter": METER}
    if rate.line:
        found["match"] = {"line": rate.line}
    if rate.chain:
        found["price"] = [_link(link, wallets[link.wallet]["unit"]) for link in rate.chain]
    if any(link.steps for link in rate.chain):
        found["tiers"] = "graduated"
    if rate.overage is not None:
        found["overage"] = {"amount": _plain(rate.overage), "currency": "USD"}
    return found | {"customers": list(rate.customers)}


def _link(link: Link, unit: str) -> dict[str, Any]:
    figure = "amount" if unit.isupper() else "credits"
    place: dict[str, Any] = {"wallet": link.wallet}
    if link.steps:
        place["steps"] = [
            ({} if up_to is None else {"up_to": _plain(up_to)}) | {figure: _plain(price)}
            for up_to, price in link.steps
        ]
        return place
    return place | {figure: _plain(link.credits), "per": _plain(link.per)}


def _plain(value: Any) -> Any:
    """A cell or a field as it is written: decimals in full, instants with their zone."""
    if isinstance(value, Decimal):
        return format(value, "f")
    return written(value) if isinstance(value, datetime) else value


def _write_yaml(path: Path, content: dict[str, Any]) -> None:
    path.write_text(
        yaml.dump(content, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True),
        encoding="utf-8",
    )


class _PlainDumper(yaml.SafeDumper):
    """YAML that repeats what is the same instead of pointing to it."""

    def ignore_aliases(self, data: Any) -> bool:
        """Always: our configuration takes no anchors."""
        return True


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            cells = (_plain(row.get(column)) for column in columns)
            writer.writerow(["" if cell is None else cell for cell in cells])
