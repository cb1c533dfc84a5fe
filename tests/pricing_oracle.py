"""A plain, event-by-event pricing: slow, obvious, and written without looking at the SQL.

It knows the rules (which card a customer is on, which rate is the most specific, whose contract
lowers it, tiers over a running quantity in the order of booking) and prices one event at a time in
fractions. Tests compare the engine with it; nothing else may import it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

FOREVER = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True)
class Place:
    """A wallet of a chain: the price of `per` units in each step, and how the wallet rounds."""

    decimals: int
    rounding: str
    per: Fraction
    steps: tuple[tuple[Fraction | None, Fraction], ...]
    """(up to, credits); the last step has no end. A price without steps is one step."""

    def less(self, share: Fraction) -> Place:
        """The same place at prices from which a share is taken off."""
        steps = tuple((up_to, credits * (1 - share)) for up_to, credits in self.steps)
        return replace(self, steps=steps)

    def rounded(self, credits: Fraction) -> Fraction:
        units = credits * 10**self.decimals
        half = Fraction(1, 2)
        whole = {"up": math.ceil(units), "down": math.floor(units)}.get(
            self.rounding, math.floor(units + half)
        )
        return Fraction(whole, 10**self.decimals)

    def price_at(self, quantity: Fraction) -> Fraction:
        """Credits for `per` units in the step that begins at or before a quantity of the month."""
        for up_to, credits in self.steps:
            if up_to is None or quantity < up_to:
                return credits
        raise AssertionError("the last step is open")

    def cost(self, tiers: str | None, before: Fraction, quantity: Fraction) -> Fraction:
        """What an event costs that comes after a running quantity, rounded once."""
        if tiers == "package":
            first, last = math.ceil(before / self.per), math.ceil((before + quantity) / self.per)
            opened = range(first, last)
            return self.rounded(sum((self.price_at(n * self.per) for n in opened), Fraction(0)))
        if tiers is None:
            return self.rounded(quantity * self.steps[0][1] / self.per)
        exact, at = Fraction(0), before
        for up_to, credits in self.steps:
            end = before + quantity if up_to is None else min(before + quantity, up_to)
            if end > at:
                exact += (end - at) * credits / self.per
                at = end
        return self.rounded(exact)


@dataclass(frozen=True)
class Rate:
    """A line of a card; no customers and no segments means everybody."""

    rate_id: str
    meter: str
    chain: tuple[Place, ...]
    tiers: str | None = None
    model: str | None = None
    customers: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contract:
    """A share off the general rates for some customers or segments; no rates means all of them."""

    contract_id: str
    share: Fraction
    customers: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    rates: tuple[str, ...] = ()

    def is_for(self, customer: Customer, rate: Rate) -> bool:
        is_party = customer.customer_id in self.customers or customer.segment in self.segments
        is_general = not rate.customers and not rate.segments
        return is_party and is_general and (not self.rates or rate.rate_id in self.rates)


@dataclass(frozen=True)
class Card:
    """A version: its rates, and the credits of the one pack it sells."""

    version: str
    effective_from: datetime
    published_at: datetime
    rates: tuple[Rate, ...]
    pack: int
    corrects: str | None = None
    existing_customers_from: datetime | None = None
    contracts: tuple[Contract, ...] = ()

    @property
    def order(self) -> tuple[datetime, datetime]:
        """Later cards win over earlier ones."""
        return self.effective_from, self.published_at


@dataclass(frozen=True)
class Customer:
    """Who uses; `payer` is the customer whose wallets pay."""

    customer_id: str
    payer: str
    segment: str | None
    joined_at: datetime | None
    pinned: str | None


@dataclass(frozen=True)
class Event:
    """One row of the usage feed."""

    event_id: str
    customer: str
    at: datetime
    received_at: datetime | None
    meter: str
    model: str
    quantity: Fraction
    corrects: str | None = None


@dataclass(frozen=True)
class Priced:
    """What an event costs in each wallet of its chain."""

    version: str
    rate_id: str
    costs: tuple[Fraction, ...]


@dataclass(frozen=True)
class Pricing:
    """The rules applied to one set of cards, customers and closes.

    Attributes:
        closes: (when, first instant that was still open then), in order; nothing is reopened.
        until: End of the books.
    """

    cards: tuple[Card, ...]
    customers: dict[str, Customer]
    closes: tuple[tuple[datetime, datetime], ...]
    zone: ZoneInfo
    until: datetime

    def month(self, at: datetime) -> tuple[int, int]:
        local = at.astimezone(self.zone)
        return local.year, local.month

    def booked_at(self, at: datetime, received_at: datetime | None) -> datetime:
        """Its own time, or the first instant that was open when it was received."""
        frontier = at
        for when, open_from in self.closes:
            if received_at is not None and received_at >= when:
                frontier = open_from
        return max(at, frontier)

    def known_until(self, booked_at: datetime) -> datetime:
        """When the period that something is booked in was closed; the end of the books if open."""
        for when, open_from in self.closes:
            if booked_at < open_from:
                return when
        return self.until

    def root(self, card: Card) -> str:
        while card.corrects is not None:
            card = next(other for other in self.cards if other.version == card.corrects)
        return card.version

    def card_for(self, customer: Customer, at: datetime, booked_at: datetime) -> Card | None:
        """The latest card that applies to a customer, as far as it was known."""
        known = [card for card in self.cards if card.published_at < self.known_until(booked_at)]
        pin = next((card for card in self.cards if card.version == customer.pinned), None)
        found: Card | None = None
        for card in known:
            withdrawn = any(
                other.corrects == card.version and other.effective_from <= at for other in known
            )
            starts = card.effective_from
            is_pinned = pin is not None and self.root(card) == self.root(pin)
            if pin is not None and not is_pinned and card.order > pin.order:
                continue
            joined = customer.joined_at or FOREVER
            if card.existing_customers_from and joined < card.effective_from and not is_pinned:
                starts = card.existing_customers_from
            if starts <= at and not withdrawn and (found is None or card.order > found.order):
                found = card
        return found

    def rate_for(self, customer: Customer, card: Card, event: Event) -> Rate:
        """The customer's own rate, else its segment's, else everybody's; then the closest match."""

        def rank(rate: Rate) -> tuple[int, int]:
            whom = 1 if rate.customers else 2 if rate.segments else 3
            return whom, 0 if rate.model else 1

        return min(
            (
                rate
                for rate in card.rates
                if rate.meter == event.meter
                and rate.model in (None, event.model)
                and (not rate.customers or customer.customer_id in rate.customers)
                and (not rate.segments or customer.segment in rate.segments)
            ),
            key=rank,
        )

    def contract_for(self, customer: Customer, card: Card, rate: Rate) -> Contract | None:
        """The customer's own contract on a rate, else its segment's."""
        found = [contract for contract in card.contracts if contract.is_for(customer, rate)]
        return min(found, key=lambda contract: 0 if contract.customers else 1, default=None)

    def standing(self, events: list[Event]) -> list[Event]:
        """Events that are left: an event gives way to the last known of its corrections."""
        known = [
            event
            for event in events
            if event.at < self.until
            and (event.received_at is None or event.received_at < self.until)
        ]
        corrections: dict[str, list[Event]] = defaultdict(list)
        for event in known:
            if event.corrects:
                corrections[event.corrects].append(event)
        left = []
        for original in (event for event in known if not event.corrects):
            event = original
            while corrections[event.event_id]:
                event = max(
                    corrections[event.event_id], key=lambda e: (e.received_at or e.at, e.event_id)
                )
            left.append(event)
        return left

    def price(self, events: list[Event]) -> dict[str, Priced]:
        """Event id -> its price, for every event that stands."""
        used: dict[tuple[str, tuple[int, int], str], Fraction] = defaultdict(Fraction)
        found = {}

        def order(event: Event) -> tuple[tuple[int, int], datetime, str, str]:
            booked = self.month(self.booked_at(event.at, event.received_at))
            return booked, event.at, event.customer, event.event_id

        for event in sorted(self.standing(events), key=order):
            customer = self.customers[event.customer]
            card = self.card_for(customer, event.at, self.booked_at(event.at, event.received_at))
            assert card is not None
            rate = self.rate_for(customer, card, event)
            contract = self.contract_for(customer, card, rate)
            share = contract.share if contract else Fraction(0)
            counter = (customer.payer, self.month(event.at), rate.rate_id)
            costs = tuple(
                place.less(share).cost(rate.tiers, used[counter], event.quantity)
                for place in rate.chain
            )
            if rate.tiers:
                used[counter] += event.quantity
            name = f"{rate.rate_id}@{contract.contract_id}" if contract else rate.rate_id
            found[event.event_id] = Priced(card.version, name, costs)
        return found
