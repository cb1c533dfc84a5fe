"""What the simulated company sells over time, read from its book so that all of it has a price."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import product

from rate_cards.book_files import BookFiles
from rate_cards.card import Card, Offer


@dataclass(frozen=True)
class Usable:
    """One kind of usage that the card prices for everyone.

    Attributes:
        meter: Meter of the book.
        unit: Its unit, which decides what a usual quantity is.
        properties: JSON object text, keys sorted.
    """

    meter: str
    unit: str
    properties: str


@dataclass(frozen=True)
class Sold:
    """One offer at its price of the time.

    Attributes:
        offer: Its id.
        price: In `currency`, without tax.
        currency: ISO 4217.
    """

    offer: str
    price: Decimal
    currency: str


@dataclass(frozen=True)
class Offering:
    """What can be used and bought from `since` until the next offering, the most popular first."""

    since: datetime
    usable: tuple[Usable, ...]
    packs: tuple[Sold, ...]
    monthly_plans: tuple[Sold, ...]


def offerings(book: BookFiles) -> tuple[Offering, ...]:
    """One offering per rate card version, ascending by start.

    Of two cards with one start the later published comes last, and holds.

    Args:
        book: A loaded book.
    """
    return tuple(_offering(book, card) for card in book.cards)


def _offering(book: BookFiles, card: Card) -> Offering:
    return Offering(
        since=card.effective_from,
        usable=tuple(_usable(book, card)),
        packs=tuple(_sold(offer) for offer in card.offers if offer.price.every is None),
        monthly_plans=tuple(_sold(offer) for offer in card.offers if _is_monthly(offer)),
    )


def _sold(offer: Offer) -> Sold:
    return Sold(offer.id, offer.price.amount, offer.price.currency)


def _is_monthly(offer: Offer) -> bool:
    every = offer.price.every
    return every is not None and (every.count, every.unit) == (1, "month")


def _usable(book: BookFiles, card: Card) -> list[Usable]:
    """Every combination of property values the card names that one of its public rates matches."""
    found: dict[Usable, None] = {}
    public = [rate for rate in card.rates if rate.audience == "everyone"]
    for rate in public:
        meter = book.book.meters[rate.meter]
        siblings = [other.match for other in public if other.meter == rate.meter]
        values = [
            [rate.match[name]]
            if name in rate.match
            else list(dict.fromkeys(match[name] for match in siblings if name in match)) or [""]
            for name in meter.properties
        ]
        for combination in product(*values):
            named = dict(zip(meter.properties, combination, strict=True))
            properties = {name: value for name, value in sorted(named.items()) if value}
            text = json.dumps(properties, separators=(",", ":"))
            found[Usable(rate.meter, meter.unit, text)] = None
    return list(found)
