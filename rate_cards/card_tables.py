"""Rows of the tables that hold rate cards: versions, rates with their prices, offers, grants."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import zip_longest

from rate_cards.book_files import BookFiles
from rate_cards.card import OfferGrant, RateLine
from rate_cards.contracts import covered_rates, discounted
from rate_cards.table_columns import Row, utc
from rate_cards.version_rules import agreement, ends_at

MONEY_DECIMALS = 9
"""Decimals an amount carries before a period's total is rounded to the currency."""


def exact_prices(
    amounts: Sequence[Decimal], per: Decimal, decimals: int
) -> tuple[list[Decimal], Decimal]:
    """What one unit costs as fractions of one denominator, so that no price is ever pre-divided.

    Args:
        amounts: Credits or money as written, one per step of the price.
        per: Units of the meter that each amount buys, above zero.
        decimals: Decimals of the unit of account; 9 counts in billionths.

    Returns:
        Numerators and the least denominator they share, whole numbers: a single price is in lowest
        terms, 1.7 per 1,000,000 with 9 decimals is 1700 / 1.
    """
    prices = [Fraction(amount) * 10**decimals / Fraction(per) for amount in amounts]
    denominator = math.lcm(*(price.denominator for price in prices))
    return [Decimal(int(price * denominator)) for price in prices], Decimal(denominator)


def rate_card_versions(book: BookFiles) -> Iterator[Row]:
    """One row per version."""
    for number, file in enumerate(book.card_files, start=1):
        card = file.content
        yield {
            "version": card.version,
            "version_no": number,
            "effective_from": utc(card.effective_from),
            "effective_to": utc(ends_at(card, book.cards)),
            "published_at": utc(card.published_at),
            "supersedes": card.supersedes,
            "corrects": card.corrects,
            "agreement": agreement(card, book.cards),
            "existing_customers_from": utc(card.existing_customers_from),
            "approved_by": card.approved.by,
            "approved_on": card.approved.on,
            "reference": card.approved.reference,
            "source_file": file.path,
            "sha256": file.document.sha256,
        }


@dataclass(frozen=True)
class NumberedRate:
    """A rate of a version, as written or as a contract makes it.

    Attributes:
        number: Of all rates of the book, from 1.
        version: Of the card.
        rate: The rate; a contract's is called `<rate>@<contract>`.
        counts_as: Id under which its tiers count: that of the rate as written.
        contract: The contract; None for a rate as written.
        source_file: File it is written in.
        source_line: Line of the rate, or of the contract.
    """

    number: int
    version: str
    rate: RateLine
    counts_as: str
    contract: str | None
    source_file: str
    source_line: int


def _numbered_rates(book: BookFiles) -> Iterator[NumberedRate]:
    """Every rate of every version: those of a card as written, then those its contracts make."""
    number = 0
    for file in book.card_files:
        card = file.content
        written = [
            (rate, rate.id, None, file.line("rates", position, "id"))
            for position, rate in enumerate(card.rates)
        ]
        agreed = [
            (discounted(rate, contract), rate.id, contract.id, file.line("contracts", at, "id"))
            for at, contract in enumerate(card.contracts)
            for _, rate in covered_rates(contract, card)
        ]
        for rate, counts_as, contract_id, line in [*written, *agreed]:
            number += 1
            yield NumberedRate(number, card.version, rate, counts_as, contract_id, file.path, line)


def rates(book: BookFiles) -> Iterator[Row]:
    """One row per rate of a version, and one per rate and contract that lowers its price."""
    for numbered in _numbered_rates(book):
        rate, overage = numbered.rate, numbered.rate.overage
        numerators, denominator = (
            exact_prices([overage.amount], overage.per, MONEY_DECIMALS) if overage else ([], None)
        )
        yield {
            "rate_no": numbered.number,
            "version": numbered.version,
            "rate_id": rate.id,
            "counts_as": numbered.counts_as,
            "contract": numbered.contract,
            "meter": rate.meter,
            "match_count": len(rate.match),
            "tiers": rate.tiers,
            "audience": rate.audience,
            "overage_amount": overage.amount if overage else None,
            "overage_currency": overage.currency if overage else None,
            "overage_per": overage.per if overage else None,
            "overage_numerator": numerators[0] if numerators else None,
            "overage_denominator": denominator,
            "source_file": numbered.source_file,
            "source_line": numbered.source_line,
        }


def rate_audience(book: BookFiles) -> Iterator[Row]:
    """One row per customer or segment a rate is reserved for."""
    for numbered in _numbered_rates(book):
        rate = numbered.rate
        for value in rate.audience_values:
            yield {"rate_no": numbered.number, "audience": rate.audience, "value": value}


def rate_match(book: BookFiles) -> Iterator[Row]:
    """One row per property a rate asks for."""
    for numbered in _numbered_rates(book):
        for name, value in numbered.rate.match.items():
            yield {"rate_no": numbered.number, "property": name, "value": value}


def rate_prices(book: BookFiles) -> Iterator[Row]:
    """One row per rate, wallet of its chain and step; a price without steps is one open step."""
    for numbered in _numbered_rates(book):
        for position, price in enumerate(numbered.rate.price, start=1):
            bounds = [step.up_to for step in price.steps] or [None]
            starts = [Decimal(0), *bounds[:-1]]
            decimals = book.book.wallets[price.wallet].precision
            figures = price.figures()
            numerators, denominator = exact_prices(figures, price.per, decimals)
            for step, (start, end, figure, numerator) in enumerate(
                zip(starts, bounds, figures, numerators, strict=True), start=1
            ):
                yield {
                    "rate_no": numbered.number,
                    "position": position,
                    "wallet": price.wallet,
                    "step_no": step,
                    "step_from": start,
                    "step_to": end,
                    "credits": figure,
                    "per": price.per,
                    "quanta_numerator": numerator,
                    "quanta_denominator": denominator,
                }


def offers(book: BookFiles) -> Iterator[Row]:
    """One row per offer of a version."""
    for file in book.card_files:
        for position, offer in enumerate(file.content.offers):
            every = offer.price.every
            yield {
                "version": file.content.version,
                "offer": offer.id,
                "price_amount": offer.price.amount,
                "price_currency": offer.price.currency,
                "sold_by": offer.price.sold_by,
                "every_count": every.count if every else None,
                "every_unit": every.unit if every else None,
                "anchor": offer.price.anchor if every else None,
                "prorate": offer.price.prorate if every else None,
                "on_change": offer.on_change if every else None,
                "source_file": file.path,
                "source_line": file.line("offers", position, "id"),
            }


def offer_grants(book: BookFiles) -> Iterator[Row]:
    """One row per grant of an offer of a version."""
    for file in book.card_files:
        for position, offer in enumerate(file.content.offers):
            for number, grant in enumerate(offer.grants, start=1):
                yield {
                    "version": file.content.version,
                    "offer": offer.id,
                    "grant_no": number,
                    "source_line": file.line("offers", position, "grants", number - 1),
                    **_grant_terms(grant),
                }


def offer_slabs(book: BookFiles) -> Iterator[Row]:
    """One row per slab of a grant, from its smallest purchase to the next slab's."""
    for file in book.card_files:
        for offer in file.content.offers:
            for number, grant in enumerate(offer.grants, start=1):
                ends = [slab.from_ for slab in grant.slabs[1:]]
                for slab_no, (slab, end) in enumerate(zip_longest(grant.slabs, ends), start=1):
                    yield {
                        "version": file.content.version,
                        "offer": offer.id,
                        "grant_no": number,
                        "slab_no": slab_no,
                        "slab_from": slab.from_,
                        "slab_to": end,
                        "credits": slab.credits,
                        "share": slab.share,
                    }


def _grant_terms(grant: OfferGrant) -> Row:
    lasts, every, rollover = grant.expires_after, grant.every, grant.rollover
    rolled = rollover.for_duration if rollover else None
    return {
        "wallet": grant.wallet,
        "credits": grant.credits,
        "slabs_by": grant.slabs_by if grant.slabs else None,
        "kind": grant.kind,
        "priority": grant.priority,
        "expires": "duration" if lasts else grant.expires,
        "expires_count": lasts.count if lasts else None,
        "expires_unit": lasts.unit if lasts else None,
        "every_count": every.count if every else None,
        "every_unit": every.unit if every else None,
        "max_per_month": grant.max_per_month,
        "rollover": None if rollover is None else "duration" if rolled else "forever",
        "rollover_count": rolled.count if rolled else None,
        "rollover_unit": rolled.unit if rolled else None,
        "rollover_max": rollover.max if rollover else None,
        "rollover_share": rollover.max_share if rollover else None,
        "rollover_cap_over": rollover.cap_over if rollover else None,
        "rollover_when": rollover.when if rollover else None,
        "rollover_priority": rollover.priority if rollover else None,
        "ssp": grant.ssp,
        "expected_use": grant.expected_use,
    }
