"""What a contract makes of the rates it is for: the same rates at a lower price, for its customers.

A discounted figure is exact, like one that is written: cost is rounded once, when usage is priced.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, localcontext
from fractions import Fraction

from rate_cards.card import Card, Contract, Overage, Price, RateLine, Step
from rate_cards.values import QUANTITY_DECIMALS, RATE_DECIMALS

MOST_DIGITS = 40
"""More digits than any figure has."""


class NoSuchPriceError(ValueError):
    """A discount that leaves no price: what is wrong with it, and what to do, as arguments."""


def covered_rates(contract: Contract, card: Card) -> Iterator[tuple[int, RateLine]]:
    """The rates a contract is for, with their positions: those it names, or all general ones."""
    for position, rate in enumerate(card.rates):
        if rate.audience == "everyone" and (not contract.rates or rate.id in contract.rates):
            yield position, rate


def discounted(rate: RateLine, contract: Contract) -> RateLine:
    """A rate at the contract's price, reserved for its customers or segments.

    Args:
        rate: A general rate that the contract is for.
        contract: The contract.

    Returns:
        The rate under the name `<rate>@<contract>`.

    Raises:
        NoSuchPriceError: A figure would be negative, or has too many decimals to be kept.
    """
    overage = rate.overage
    return rate.model_copy(
        update={
            "id": f"{rate.id}@{contract.id}",
            "customers": contract.customers,
            "segments": contract.segments,
            "price": tuple(_discounted_price(price, contract) for price in rate.price),
            "overage": None if overage is None else _discounted_overage(overage, contract),
        }
    )


def _discounted_price(price: Price, contract: Contract) -> Price:
    off = [part for part in contract.off if part.wallet == price.wallet]
    each_unit = sum((Fraction(part.figure) / Fraction(part.per) for part in off), Fraction(0))
    place = f"the price in {price.wallet}"

    def lower(part: Price | Step) -> dict[str, Decimal]:
        field = "credits" if part.amount is None else "amount"
        figure = part.credits if part.amount is None else part.amount
        return {} if figure is None else {field: less(figure, price.per, each_unit)}

    def less(figure: Decimal, per: Decimal, off_each: Fraction) -> Decimal:
        return _kept(_lowered(figure, per, off_each, contract), RATE_DECIMALS, place)

    steps = tuple(step.model_copy(update=lower(step)) for step in price.steps)
    return price.model_copy(update={**lower(price), "steps": steps})


def _discounted_overage(overage: Overage, contract: Contract) -> Overage:
    off = contract.overage_off
    each_unit = Fraction(0) if off is None else Fraction(off.amount) / Fraction(off.per)
    amount = _lowered(overage.amount, overage.per, each_unit, contract)
    return overage.model_copy(
        update={"amount": _kept(amount, QUANTITY_DECIMALS, "the overage price")}
    )


def _lowered(figure: Decimal, per: Decimal, off_each: Fraction, contract: Contract) -> Fraction:
    """A figure for `per` units less the contract's share of it, or its amount off each unit."""
    return Fraction(figure) * (1 - Fraction(contract.discount or 0)) - off_each * Fraction(per)


def _kept(figure: Fraction, decimals: int, place: str) -> Decimal:
    """A figure as the decimal it is."""
    if figure < 0:
        raise NoSuchPriceError(
            f"more is taken off than {place} is", "Take off less, or write a rate for them."
        )
    whole = figure * 10**decimals
    if whole.denominator != 1:
        raise NoSuchPriceError(
            f"{place} less the discount has more than {decimals} decimals",
            "Nothing is rounded silently. State the rate's price for more units at once, such as "
            "500 per 1000000, or the discount in fewer decimals.",
        )
    with localcontext(prec=MOST_DIGITS):
        return Decimal(whole.numerator).scaleb(-decimals)
