"""Selling, the way cases on revenue do it: money comes in and a lot carries it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.golden.facts import Desk

NINE = Decimal("0.000000001")
"""The finest a quantity is kept."""


def exact(value: Any) -> Decimal:
    """A figure of a case."""
    return Decimal(str(value))


def figure_of(given: Mapping[str, Any], *beginnings: str) -> Decimal:
    """The figure of the first field whose name begins with one of these.

    Raises:
        KeyError: There is none.
    """
    for name, value in given.items():
        if str(name).startswith(beginnings) and not isinstance(value, Mapping):
            return exact(value)
    raise KeyError(beginnings[0])


def currency_of(given: Mapping[str, Any], desk: Desk) -> str:
    """A currency of the case's own, with the decimals its source rounds to."""
    return desk.own_currency(int(given.get("decimals", 2)))


def sell(
    desk: Desk,
    label: str,
    amount: Decimal | int | str,
    at: datetime,
    lots: Mapping[str, Decimal | int | str],
    *,
    tax: Decimal | None = None,
    expires: datetime | None = None,
    received: datetime | None = None,
) -> str:
    """A payment and the lots bought with it, wallet -> credits; the payment's name.

    The lots share what was paid by their credits.
    """
    payment = desk.pay(label, amount, at, tax=tax, received=received)
    for n, (wallet, credits) in enumerate(lots.items(), start=1):
        desk.grant(
            f"{label}-lot-{n}",
            wallet,
            credits,
            at,
            kind="paid",
            payment=payment,
            expires=expires,
            received=received,
        )
    return payment


def bill(
    desk: Desk,
    label: str,
    amount: Decimal | int | str,
    wallet: str,
    start: datetime,
    end: datetime,
    every: str,
    *,
    credits: Decimal | int | str = 1,
    expires: str = "period_end",
) -> str:
    """A plan billed in advance whether or not the cash has come; the subscription's name.

    Args:
        desk: Of the case.
        label: Names of the offer and the subscription begin with it.
        amount: Price of a billing period.
        wallet: Where its credits go.
        start: First instant of the first billing period.
        end: First instant after the last.
        every: Length of a billing period.
        credits: Given each period.
        expires: When the credits end.
    """
    grant = {"wallet": wallet, "credits": credits, "kind": "paid", "expires": expires}
    offer = desk.offer(f"{label}-plan", [grant], amount=amount, every=every)
    return desk.subscribe(label, offer, start, end)
