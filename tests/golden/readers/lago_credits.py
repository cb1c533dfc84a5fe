"""Lago's credits: which grant is consumed first, what credits are worth, what a void takes.

Translation. Granted credits are promotional lots, purchased ones paid lots; the older of two is the
one known longer. Amounts of theirs are cents.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.golden.clock import NOW
from tests.golden.facts import Desk, Link
from tests.golden.snapshot import ZERO
from tests.golden.told import Books, Told

SECOND = timedelta(seconds=1)
CENTS = Decimal(100)


def tell_consumption(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Grants in a wallet, and one consumption."""
    wallet = desk.wallet("credits", burn_order="lago")
    desk.price([Link(wallet)])
    kinds = {}
    for n, grant in enumerate(given["grants"]):
        since = NOW - timedelta(days=1 + grant.get("age_days", 0)) + n * SECOND
        kinds[grant["id"]] = grant.get("kind", "purchased")
        desk.grant(
            grant["id"],
            wallet,
            grant["amount"],
            since,
            kind="promo" if kinds[grant["id"]] == "granted" else "paid",
            priority=grant.get("priority"),
            received=since,
        )
    desk.use("consumed", given["consume"], desk.asks(NOW))

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)
        used = {name: account.drawn(lots={desk.called(name)}) for name in kinds}
        left = {
            name: account.balance(account.lots_of(desk.called(name)), NOW, "through")
            for name in kinds
        }
        by_kind = {
            kind: sum((used[name] for name in kinds if kinds[name] == kind), ZERO)
            for kind in set(kinds.values())
        }
        return {
            "expected": {**used, "rows_written": len(account.draws()), "error": None},
            "remaining": left,
            "invoice_breakdown": by_kind,
        }

    return Told(answers)


def tell_voids(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Credits at a rate, voided in parts: each part at the rate."""
    wallet = desk.wallet("credits", burn_order="lago")
    credits = Decimal(str(given["grant_credits"]))
    paid = credits * Decimal(str(given["wallet"]["rate_amount"]))
    lot = desk.grant("grant", wallet, credits, NOW, kind="paid", paid=paid)
    for n, part in enumerate(given["void_credits"]):
        at = desk.asks(NOW + (n + 1) * SECOND)
        desk.lot_event(f"void-{n}", lot, "reduce", at, credits=part)

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)
        voids = [entry for entry in account.entries if entry.entry_type == "void"]
        return {
            "expected_grant_amount": sum((lot.consideration for lot in account.lots), ZERO) * CENTS,
            "expected": [-entry.amount * CENTS for entry in voids],
            "remaining": account.balance(account.lots, NOW + timedelta(days=1), "before"),
        }

    return Told(answers)


def tell_worth(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """What some credits are worth at the wallet's rate, in cents: priced by the engine."""
    wallet = desk.wallet("money", "USD", precision=2)
    desk.price([Link(wallet, Decimal(str(given["wallet"]["rate_amount"])))])
    events = [
        desk.use(f"credits-{n}", part["credits"], desk.asks(NOW + n * SECOND))
        for n, part in enumerate(given["cases"])
    ]

    def answers(books: Books) -> Mapping[str, Any]:
        found = {event.event_id: event for event in books.of(desk.name).events}
        return {
            "cases": [
                {
                    "credits": found[event].quantity,
                    "rounds_to_zero": found[event].quantity > 0 and found[event].cost == 0,
                }
                for event in events
            ]
        }

    return Told(answers)
