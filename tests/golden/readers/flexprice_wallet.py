"""Flexprice's wallets: operations in order, credits burned, top-ups with a bonus.

Translation. A credit is a grant of one lot, a debit a usage event priced 1 credit per unit, each a
minute after the one before. A repeated idempotency key is the same event sent again. A top-up costs
its credits times the top-up rate; what a balance is worth in money is what was paid for it and is
still owed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.golden.clock import MOMENT, NOW, Unreadable, instant, written
from tests.golden.compare import Holds
from tests.golden.facts import Desk, Link
from tests.golden.snapshot import ZERO, Account
from tests.golden.told import Books, Told

MINUTE = timedelta(minutes=1)
OPENED = NOW - timedelta(days=1)
SMALLEST = Decimal("0.000000001")
"""What a wallet of ours tells apart."""


def _wallet(desk: Desk) -> str:
    wallet = desk.wallet("credits", burn_order="flexprice")
    desk.price([Link(wallet)])
    return wallet


def _balance(account: Account, at: datetime) -> Decimal:
    """What the wallet holds after an instant, debts of unfunded usage taken off."""
    return sum((e.credits for e in account.entries if e.counts(at, "through")), ZERO)


def tell_operations(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Credits and debits in order."""
    wallet = _wallet(desk)
    rate = _rate(given)
    moments = []
    for n, op in enumerate(given["ops"]):
        at = desk.asks(NOW + n * MINUTE)
        moments.append(at)
        if "credit" in op:
            credits = Decimal(str(op["credit"]))
            desk.grant(
                f"op-{n}",
                wallet,
                credits,
                at,
                kind="migration" if rate is None else "paid",
                expires=instant(op["expires"]) if op.get("expires") else None,
                expires_on=op.get("expires_yyyymmdd"),
                paid=None if rate is None else credits * rate,
            )
        elif "debit" in op:
            first = next(
                (
                    m
                    for m, other in enumerate(given["ops"])
                    if "key" in op and other.get("key") == op["key"]
                ),
                n,
            )
            desk.use(f"op-{first}", op["debit"], moments[first])
        else:
            raise Unreadable(f"an operation with {', '.join(op)}")

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)
        lots = account.lots
        return {
            "credit_balance": _balance(account, moments[-1]),
            "currency_balance": _worth(account, moments[-1]),
            "last_tx": _last(account),
            "after_each": [_balance(account, at) for at in moments],
            "expires_at": _expiry(lots[-1].expires_at) if lots else None,
            "error": books.has_refused(desk.name),
            "errors": [],
            "status_in_source": Holds(lambda _: True, ""),
        }

    return Told(answers)


def _expiry(moment: datetime | None) -> str | None:
    return None if moment is None else written(moment)


def _rate(given: Mapping[str, Any]) -> Decimal | None:
    """What a credit costs; None where the case does not say."""
    found = given.get("topup_conversion_rate") or given.get("conversion_rate")
    return None if found is None else Decimal(str(found))


def _worth(account: Account, at: datetime) -> Decimal:
    """Money paid for the credits a wallet still has."""
    return sum((e.amount for e in account.entries if e.counts(at, "through") and e.lot_id), ZERO)


def _last(account: Account) -> dict[str, Any]:
    """The last thing that happened: a credit, or all the draws of one debit."""
    if not account.entries:
        return {}
    last = account.entries[-1]
    if last.event_id is None:
        return {"type": "credit", "credits": last.credits, "amount": last.amount}
    parts = [e for e in account.entries if e.event_id == last.event_id]
    return {
        "type": "debit",
        "credits": -sum((e.credits for e in parts), ZERO),
        "amount": -sum((e.amount for e in parts), ZERO),
        "credits_available": sum(
            (lot.credits for lot in account.lots_of(str(last.event_id))), ZERO
        ),
    }


def tell_top_up(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """One top-up, worth its price."""
    wallet = _wallet(desk)
    credits, rate = Decimal(str(given["topup_credits"])), _rate(given) or Decimal(1)
    payment = desk.pay("topup", credits * rate, NOW)
    desk.grant("topup-credits", wallet, credits, NOW, kind="paid", payment=payment)

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)
        return {
            "credit_balance": _balance(account, NOW),
            "currency_balance": _worth(account, NOW),
            "error": books.has_refused(desk.name),
        }

    return Told(answers)


def tell_burn(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Several credits, one debit."""
    wallet = _wallet(desk)
    for n, credit in enumerate(given["credits"]):
        desk.grant(
            credit["id"],
            wallet,
            credit["amount"],
            OPENED + n * MINUTE,
            kind="migration",
            expires=instant(credit["expires_at"]) if credit.get("expires_at") else None,
            priority=credit.get("priority"),
        )
    event = desk.use("debit", given["debit"], desk.asks(NOW))

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)
        movements = {e.event_id or e.lot_id for e in account.entries if e.moment <= NOW}
        return {
            "credit_balance_before": _balance(account, NOW - MOMENT),
            "credit_balance_after": _balance(account, NOW),
            "transactions": len(movements),
            "last_tx": _last(account),
            "error": books.has_refused(desk.name) or account.unpaid(events={event}) > 0,
            "derived": {
                credit["id"]: account.balance(
                    account.lots_of(desk.called(credit["id"])), NOW, "through"
                )
                for credit in given["credits"]
            },
        }

    return Told(answers)


def tell_bonus(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A purchase with a bonus, into a wallet that holds credits already."""
    wallet = _wallet(desk)
    desk.grant("opening", wallet, given["opening"], OPENED, kind="migration")
    payment = desk.pay("purchase", given["purchase"], desk.asks(NOW))
    bought = desk.grant("bought", wallet, given["purchase"], NOW, kind="paid", payment=payment)
    bonus = desk.grant("bonus", wallet, given["bonus"], NOW, kind="bonus", payment=payment)

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)
        lots = books.final.lots

        def status(lot: str) -> str:
            return "completed" if lot in lots else "missing"

        return {
            "credit_balance": _balance(account, NOW),
            "purchase_status": status(bought),
            "bonus_status": status(bonus),
            "bonus_row_linked_to_purchase": bonus in lots
            and bought in lots
            and lots[bonus].payment_id == lots[bought].payment_id,
        }

    return Told(answers)


def tell_bonus_slabs(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A bonus that depends on how much is bought: an offer of one credit, bought many times."""
    wallet = _wallet(desk)
    paid = {"wallet": wallet, "credits": 1, "kind": "paid", "expires": "never"}
    slabs = sorted((_slab(slab) for slab in given["slabs"]), key=lambda slab: slab["from"])
    bonus = {"wallet": wallet, "slabs": slabs, "kind": "bonus", "expires": "never"}
    offer = desk.offer("top-up", [paid, bonus] if slabs else [paid], amount=1)
    for n, quantity in enumerate(given["purchases"]):
        at = desk.asks(NOW + n * MINUTE)
        desk.pay(f"purchase-{n}", quantity, at, offer=offer, quantity=quantity)

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)
        return {
            "bonus": [
                sum(
                    (
                        lot.credits
                        for lot in account.lots
                        if lot.kind == "bonus" and lot.payment_id == desk.called(f"purchase-{n}")
                    ),
                    ZERO,
                )
                for n, _ in enumerate(given["purchases"])
            ]
        }

    return Told(answers)


def _slab(slab: Mapping[str, Any]) -> dict[str, Decimal]:
    """One of their slabs: from a purchase of some size on, or from just above it."""
    least, bonus = Decimal(str(slab["threshold"])), slab["bonus"]
    if slab["op"] not in ("gte", "gt"):
        raise Unreadable(f"a slab with the operator {slab['op']}")
    given = {"from": least if slab["op"] == "gte" else least + SMALLEST}
    if "flat" in bonus:
        return given | {"credits": Decimal(str(bonus["flat"]))}
    return given | {"share": Decimal(str(bonus["percent"])) / 100}
