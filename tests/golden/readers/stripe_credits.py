"""Stripe's billing credits: the order of grants, discounts before them, credit notes.

Translation. A category is a kind of lot; the metered amount of an invoice line carries no event
times and is used at the end of its period. Amounts are cents; a discount is a lower rate; what
credits do not pay is overage, in dollars.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.golden.clock import NOW, Unreadable, instant
from tests.golden.facts import Desk, Link
from tests.golden.snapshot import ZERO
from tests.golden.told import Books, Told

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
CENTS = Decimal(100)
KINDS = {"promotional": "promo", "paid": "paid"}
_STEP = re.compile(r"(grant|apply|credit note) ([\d.]+)")


def tell_line(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """One metered line against credit grants."""
    grants = given.get("grants", given.get("grant"))
    if not isinstance(grants, list):
        grants = [grants if isinstance(grants, dict) else {"value": grants}]
    invoice = given.get("invoice") or {}
    wallet = desk.wallet("credits", "cent", burn_order="stripe")
    share = 1 - Decimal(str(given.get("discount_pct", 0))) / 100
    desk.price([Link(wallet, share)], overage=share / CENTS)
    ids = [str(grant.get("id", "grant")) for grant in grants]
    starts = [_start(grant, grants) for grant in grants]
    for name, grant, start in zip(ids, grants, starts, strict=True):
        desk.grant(
            name,
            wallet,
            grant["value"],
            start,
            kind=KINDS[grant.get("category", "paid")],
            expires=_moment(grant, "expires"),
            priority=grant.get("priority"),
            received=_moment(grant, "created"),
        )
    created = [moment for grant in grants if (moment := _moment(grant, "created"))]
    at = instant(invoice["period"][1]) if invoice else max(*starts, *created, starts[0]) + SECOND
    metered = given["line_metered"] if "line_metered" in given else invoice["metered"]
    desk.use("line", metered, desk.asks(at))

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)
        applied = account.drawn()
        cost = sum((event.cost for event in account.events), ZERO)
        drawn = {name: account.drawn(lots={desk.called(name)}) for name in ids}
        return {
            "expected": {
                **{name: credits for name, credits in drawn.items() if credits},
                "applied": applied,
                "credits": applied,
                "after_discount": cost,
                "taxable": books.final.billed.get(desk.name, ZERO) * CENTS,
            }
        }

    return Told(answers)


def _moment(grant: Mapping[str, Any], field: str) -> datetime | None:
    return instant(grant[field]) if grant.get(field) else None


def _start(grant: Mapping[str, Any], grants: list[Mapping[str, Any]]) -> datetime:
    """When a grant takes effect; where it does not say, before any of them ends."""
    ends = [end for other in grants if (end := _moment(other, "expires"))]
    return _moment(grant, "effective") or min([NOW, *ends]) - DAY


def tell_steps(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Grants, uses and credit notes in order."""
    wallet = desk.wallet("credits", "cent", burn_order="stripe")
    desk.price([Link(wallet)])
    for n, words in enumerate(given["events"]):
        step = _STEP.fullmatch(str(words))
        if step is None:
            raise Unreadable(f'the step "{words}"')
        kind, amount = step[1], Decimal(step[2])
        at = desk.asks(NOW + n * SECOND)
        if kind == "grant":
            desk.grant(f"step-{n}", wallet, amount, at, kind="paid")
        elif kind == "apply":
            desk.use(f"step-{n}", amount, at)
        else:
            desk.pay(f"step-{n}", amount / CENTS, at, kind="credit_note")

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)
        return {"expected": {"available": account.balance(account.lots, NOW + DAY, "before")}}

    return Told(answers)
