"""What changed between two rate card versions, field by field, with the change of each price.

Rates and offers are followed by their id, prices inside them by wallet and step, so that moving a
line within the file is no change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Literal

from rate_cards.card import Card, Contract, Offer, OfferGrant, RateLine, Rollover

ChangeKind = Literal["removed", "added", "changed"]


@dataclass(frozen=True)
class Field:
    """One authored fact of a rate or offer.

    Attributes:
        text: As people read it.
        per_unit: Price of one unit, exact, where the fact is a price.
    """

    text: str
    per_unit: Fraction | None = None


@dataclass(frozen=True)
class Change:
    """One difference from version A to version B.

    Attributes:
        subject: `rate <id>`, `contract <id>` or `offer <id>`.
        field: What of it; empty where the whole rate or offer was removed or added.
        kind: removed, added or changed.
        old: Its text in A; None where added.
        new: Its text in B; None where removed.
        old_per_unit: Exact price of one unit in A, where the field is a price.
        new_per_unit: The same in B.
    """

    subject: str
    field: str
    kind: ChangeKind
    old: str | None
    new: str | None
    old_per_unit: Fraction | None = None
    new_per_unit: Fraction | None = None

    @property
    def percent(self) -> Decimal | None:
        """Change of the price per unit in per cent, rounded half to even to two decimals.

        None where there is no old price to compare with.
        """
        if not self.old_per_unit or self.new_per_unit is None:
            return None
        return Decimal(round((self.new_per_unit / self.old_per_unit - 1) * 10_000)).scaleb(-2)


def diff_cards(old: Card, new: Card) -> list[Change]:
    """Every difference between two versions; the reverse of the diff the other way round.

    Terms of the version itself (dates, approval) are not compared: they always differ.

    Returns:
        Changes in the order of the old card, then what the new one adds.
    """
    before, after = _subjects(old), _subjects(new)
    changes: list[Change] = []
    for subject in [*before, *(subject for subject in after if subject not in before)]:
        if subject not in after:
            changes.append(Change(subject, "", "removed", _summary(before[subject]), None))
        elif subject not in before:
            changes.append(Change(subject, "", "added", None, _summary(after[subject])))
        else:
            changes += _field_changes(subject, before[subject], after[subject])
    return changes


def per_unit_text(price: Fraction) -> str:
    """A price of one unit in digits, exact up to 18 significant ones."""
    with localcontext(prec=18):
        return _plain(Decimal(price.numerator) / Decimal(price.denominator))


Fields = Mapping[str, Field]


def _field_changes(subject: str, before: Fields, after: Fields) -> Iterator[Change]:
    for name in [*before, *(name for name in after if name not in before)]:
        old, new = before.get(name), after.get(name)
        if old is None and new is not None:
            yield Change(subject, name, "added", None, new.text)
        elif old is not None and new is None:
            yield Change(subject, name, "removed", old.text, None)
        elif old is not None and new is not None and not _same(old, new):
            yield Change(subject, name, "changed", old.text, new.text, old.per_unit, new.per_unit)


def _same(old: Field, new: Field) -> bool:
    """2.0 per 1000000 and 2 per 1000000 are one price; 2 per 1000000 and 0.002 per 1000 as well."""
    if old.per_unit is not None and new.per_unit is not None:
        return old.per_unit == new.per_unit
    return old.text == new.text


def _summary(fields: Fields) -> str:
    return "; ".join(f"{name} {field.text}" for name, field in fields.items())


def _subjects(card: Card) -> dict[str, Fields]:
    """Every rate and offer of a card with its fields."""
    subjects: dict[str, Fields] = {}
    for rate in card.rates:
        subjects[f"rate {rate.id}"] = dict(_rate_fields(rate))
    for contract in card.contracts:
        subjects[f"contract {contract.id}"] = dict(_contract_fields(contract))
    for offer in card.offers:
        subjects[f"offer {offer.id}"] = dict(_offer_fields(offer))
    return subjects


def _rate_fields(rate: RateLine) -> Iterator[tuple[str, Field]]:
    yield "meter", Field(rate.meter)
    for name in sorted(rate.match):
        yield f"match {name}", Field(rate.match[name])
    if rate.tiers:
        yield "tiers", Field(rate.tiers)
    if rate.audience != "everyone":
        yield f"{rate.audience}s", Field(", ".join(sorted(rate.audience_values)))
    if rate.price:
        yield "chain", Field(" > ".join(price.wallet for price in rate.price))
    for price in rate.price:
        bounds = [step.up_to for step in price.steps]
        for bound, figure in zip(bounds or [None], price.figures(), strict=True):
            step = f" up to {_plain(bound)}" if bound is not None else ""
            beyond = " beyond" if bounds and bound is None else ""
            yield f"price in {price.wallet}{step}{beyond}", _price(figure, price.per)
    if rate.overage:
        overage = _price(rate.overage.amount, rate.overage.per)
        yield f"overage in {rate.overage.currency}", overage


def _contract_fields(contract: Contract) -> Iterator[tuple[str, Field]]:
    if contract.customers:
        yield "customers", Field(", ".join(sorted(contract.customers)))
    if contract.segments:
        yield "segments", Field(", ".join(sorted(contract.segments)))
    if contract.rates:
        yield "rates", Field(", ".join(sorted(contract.rates)))
    if contract.discount is not None:
        yield "discount", Field(_plain(contract.discount))
    for part in contract.off:
        yield f"off the price in {part.wallet}", _price(part.figure, part.per)
    if contract.overage_off:
        off = contract.overage_off
        yield f"off the overage in {off.currency}", _price(off.amount, off.per)


def _offer_fields(offer: Offer) -> Iterator[tuple[str, Field]]:
    price = offer.price
    yield f"price in {price.currency}", _price(price.amount, Decimal(1))
    if price.sold_by != "quantity":
        yield "sold_by", Field(price.sold_by)
    if price.every:
        yield "every", Field(str(price.every))
    if price.anchor != "start":
        yield "anchor", Field(price.anchor)
    if price.prorate != "none":
        yield "prorate", Field(price.prorate)
    if offer.on_change != "keep":
        yield "on_change", Field(offer.on_change)
    seen: dict[str, int] = {}
    for grant in offer.grants:
        name = f"{grant.kind} grant in {grant.wallet}"
        seen[name] = seen.get(name, 0) + 1
        label = name if seen[name] == 1 else f"{name} ({seen[name]})"
        for field, value in _grant_fields(grant):
            yield f"{label}: {field}", Field(value)


def _grant_fields(grant: OfferGrant) -> Iterator[tuple[str, str]]:
    if grant.credits is not None:
        yield "credits", _plain(grant.credits)
    for slab in grant.slabs:
        given = "" if slab.credits is None else f"{_plain(slab.credits)} credits"
        share = "" if slab.share is None else f"{_plain(slab.share)} of the paid credits"
        yield f"from {_plain(slab.from_)} {grant.slabs_by}", given or share
    yield "expires", str(grant.expires)
    yield "priority", str(grant.priority)
    if grant.every:
        yield "every", str(grant.every)
    if grant.max_per_month is not None:
        yield "max_per_month", _plain(grant.max_per_month)
    if grant.rollover:
        yield "rollover", _rollover(grant.rollover)
    if grant.ssp is not None:
        yield "ssp", _plain(grant.ssp)
    if grant.expected_use is not None:
        yield "expected_use", _plain(grant.expected_use)


def _rollover(terms: Rollover) -> str:
    """Rollover as people say it: at most 50 of each lot for 3 months, ..."""
    most = "all"
    if terms.max is not None:
        most = f"at most {_plain(terms.max)}"
    elif terms.max_share is not None:
        most = f"at most {_plain(terms.max_share)} of what was granted"
    each = " of each lot" if terms.cap_over == "lot" else ""
    term = "forever" if terms.for_duration is None else f"for {terms.for_duration}"
    renewal = ", also when the plan ends" if terms.when == "always" else ""
    place = f", with priority {terms.priority}" if terms.priority is not None else ""
    return f"{most}{each} {term}{renewal}{place}"


def _plain(number: Decimal) -> str:
    """A number without needless zeros, so that 100 and 100.0 read the same."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _price(figure: Decimal, per: Decimal) -> Field:
    text = _plain(figure) if per == 1 else f"{_plain(figure)} per {_plain(per)}"
    return Field(text, Fraction(figure) / Fraction(per))
