"""Autumn's pools: balances, entities, pools shared by seats, overage caps, rollovers.

Translation. Balances that may not go below zero are lots of one wallet, soonest expiry first; each
that may is a wallet of its own that carries its debt, after them. An entity with credits of its own
is a customer; a seat of a shared pool is a user of one customer. A use beyond all credit is billed
as overage; a cap on that is a limit on all use, at what was granted plus the cap. Use that is taken
back names the use it takes back, so usage before the case is told where something was used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.golden.clock import NOW, Unreadable, instant, shifted, span
from tests.golden.facts import Desk, Link
from tests.golden.snapshot import ZERO, Account
from tests.golden.told import Books, Told

MINUTE = timedelta(minutes=1)
OPENED = NOW - timedelta(days=1)
USED = NOW - timedelta(hours=1)
BURN_ORDER = ["expires_at", "received_at"]


def tell_balances(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Balances in a row, and one deduction; a negative one gives back."""
    balances = given["balances"]
    may_owe = [b for b in balances if b.get("overage_allowed")]
    shared = desk.wallet("shared", burn_order=BURN_ORDER)
    # What is left goes to the first that may owe, after all that still hold something.
    owing = [b for b in may_owe[1:] if Decimal(str(b["balance"])) < 0]
    paying = [b for b in may_owe[1:] if b not in owing]
    wallets = {b["id"]: desk.wallet(b["id"]) for b in paying}
    wallets |= {b["id"]: desk.wallet(b["id"], overdraft="carry") for b in may_owe[:1] + owing}
    chain = [b["id"] for b in paying + may_owe[:1]]
    desk.price([Link(shared), *(Link(wallets[name]) for name in chain)])
    used = {}
    for n, balance in enumerate(balances):
        name, now = balance["id"], Decimal(str(balance["balance"]))
        granted = Decimal(str(balance.get("granted", max(now, ZERO))))
        wallet = wallets.get(name, shared)
        if granted > 0:
            expires = instant(balance["expires"]) if balance.get("expires") else None
            desk.grant(name, wallet, granted, OPENED + n * MINUTE, expires=expires)
        if granted > now:
            desk.price([Link(wallet)], line=name)
            used[name] = desk.use(f"{name}-used", granted - now, USED, line=name)
    amount = Decimal(str(given.get("deduct", given.get("use", 0))))
    unplaced = _deduct(desk, amount, used, {b["id"]: b for b in balances})

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)
        found = {}
        for balance in balances:
            name = balance["id"]
            lots = account.lots_of(desk.called(name))
            owed = account.unpaid(wallet=wallets[name]) if name in wallets else ZERO
            found[name] = account.balance(lots, NOW, "through") - owed
        left = -unplaced if amount < 0 else account.unpaid(wallet=shared)
        return {**found, "remaining": left}

    return Told(answers)


def _deduct(
    desk: Desk, amount: Decimal, used: Mapping[str, str], balances: Mapping[str, Mapping[str, Any]]
) -> Decimal:
    """Tell a deduction; of one that gives back, what is more than was ever used."""
    desk.asks(NOW)
    if amount >= 0:
        desk.use("deduct", amount, NOW)
        return ZERO
    if len(used) != 1:
        raise Unreadable("use is given back, and it is open of which use")
    [(name, event)] = used.items()
    balance = balances[name]
    now = Decimal(str(balance["balance"]))
    before = Decimal(str(balance.get("granted", max(now, ZERO)))) - now
    desk.use(
        "given-back", max(before + amount, ZERO), USED, line=name, received=NOW, corrects=event
    )
    return max(-amount - before, ZERO)


def tell_entity_refund(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Entities with a balance each; use of one of them is given back."""
    amount = Decimal(str(given["deduct"]))
    wallet = desk.wallet("credits", burn_order=BURN_ORDER)
    customers = {entity: desk.called(entity) for entity in given["entities"]}
    desk.price([Link(wallet)], customers=customers.values())
    for entity, balance in given["entities"].items():
        used = max(-amount, ZERO) if entity == given["entity"] else ZERO
        granted = Decimal(str(balance)) + used
        if granted > 0:
            desk.grant(f"{entity}-lot", wallet, granted, OPENED, customer=customers[entity])
        if used:
            event = desk.use(f"{entity}-used", used, USED, customer=customers[entity])
            desk.use(
                "given-back", 0, USED, customer=customers[entity], received=NOW, corrects=event
            )
    if amount > 0:
        desk.use("deduct", amount, NOW, customer=customers[given["entity"]])

    def answers(books: Books) -> Mapping[str, Any]:
        return {entity: _left(books.of(customer)) for entity, customer in customers.items()}

    return Told(answers)


def _left(account: Account, customer: str | None = None) -> Decimal:
    """Credits in all lots, of all customers or of one."""
    lots = [lot for lot in account.lots if customer in (None, lot.customer_id)]
    return account.balance(lots, NOW + timedelta(days=1), "before")


def _uses(given: Sequence[Any]) -> list[dict[str, Any]]:
    return [use if isinstance(use, dict) else {"qty": use} for use in given]


def tell_seats(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A pool that seats or pools contribute to; uses in order, perhaps with a cap on overage."""
    wallet = desk.wallet("pool", burn_order=BURN_ORDER)
    lots = dict(given.get("contributions", {}))
    if "org_prepaid" in given:
        lots["org"] = given["org_prepaid"]
    lots |= {f"grant-{n}": amount for n, amount in enumerate(given.get("entity_grants", []))}
    ends = {}
    for pool in given.get("pools", []):
        lots[pool["id"]] = pool["amount"]
        ends[pool["id"]] = shifted(NOW, *span(pool["reset"])) if pool.get("reset") else None
    for n, (name, amount) in enumerate(lots.items()):
        desk.grant(str(name), wallet, amount, OPENED + n * MINUTE, expires=ends.get(name))
    granted = sum((Decimal(str(amount)) for amount in lots.values()), ZERO)
    cap = given.get("overage_cap")
    desk.price([Link(wallet)], overage=None if cap is None else Decimal(1))
    if cap is not None:
        desk.limit("cap", granted + Decimal(str(cap)), OPENED)
    uses = _uses(given["use"])
    events = []
    for n, use in enumerate(uses):
        at = desk.asks(NOW + n * MINUTE)
        events.append(desk.use(f"use-{n}", use["qty"], at, user=use.get("entity")))

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)
        last = NOW + len(events) * MINUTE
        cost = {event.event_id: event.cost for event in account.events}
        refused = {
            event: account.unpaid("unfunded", events={event}) == cost.get(event) for event in events
        }
        after = [
            "rejected"
            if refused[event]
            else account.balance(account.lots, NOW + n * MINUTE, "through")
            for n, event in enumerate(events)
        ]
        places = ["first", "second", "third", "fourth", "fifth"]
        return {
            **{
                name: account.balance(account.lots_of(desk.called(str(name))), last, "before")
                for name in lots
            },
            **{
                place: "rejected" if refused[event] else "taken"
                for place, event in zip(places, events, strict=False)
            },
            "remaining_after": after,
            "granted": sum((lot.credits for lot in account.lots), ZERO),
            "remaining": account.balance(account.lots, last, "before"),
            "usage": sum(cost.values(), ZERO) - account.unpaid("unfunded"),
        }

    return Told(answers)


def tell_entities(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Entities with grants, uses and a cap on overage each."""
    wallet = desk.wallet("credits", burn_order=BURN_ORDER)
    parts = {name: desk.called(name) for name in given["entities"]}
    desk.price([Link(wallet)], customers=parts.values(), overage=Decimal(1))
    for name, entity in given["entities"].items():
        desk.grant(f"{name}-lot", wallet, entity["granted"], OPENED, customer=parts[name])
        if "overage_cap" in entity:
            most = Decimal(str(entity["granted"])) + Decimal(str(entity["overage_cap"]))
            desk.limit(f"{name}-cap", most, OPENED, customer=parts[name])
        for n, use in enumerate(_uses(entity["use"])):
            at = desk.asks(NOW + n * MINUTE)
            desk.use(f"{name}-use-{n}", use["qty"], at, customer=parts[name])

    def answers(books: Books) -> Mapping[str, Any]:
        accounts = {name: books.of(customer) for name, customer in parts.items()}
        usage = {name: _taken(account) for name, account in accounts.items()}
        whole = books.of(*parts.values())
        return {
            "usage": usage,
            "org": {
                "granted": sum((lot.credits for lot in whole.lots), ZERO),
                "usage": sum(usage.values(), ZERO),
                "remaining": _left(whole),
            },
        }

    return Told(answers)


def _taken(account: Account) -> Decimal:
    """Use that credits or overage paid for."""
    cost = sum((event.cost for event in account.events), ZERO)
    return cost - account.unpaid("unfunded")


def tell_own_and_org(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """An entity with credits of its own beside those of its organisation."""
    wallet = desk.wallet("credits", burn_order=BURN_ORDER)
    uses = _uses(given["use"])
    entities = sorted({str(use["entity"]) for use in uses})
    if len(entities) != 1:
        raise Unreadable("one pool for several entities")
    customer = desk.called(entities[0])
    desk.price([Link(wallet)], customers=[desk.name, customer])
    desk.grant("org-lot", wallet, given["org_pool"], OPENED)
    desk.grant("own-lot", wallet, given["entity_pool"], OPENED, customer=customer)
    for n, use in enumerate(uses):
        desk.use(f"use-{n}", use["qty"], desk.asks(NOW + n * MINUTE), customer=customer)
    falls_back = bool(given.get("fallback_to_org_pool"))

    def answers(books: Books) -> Mapping[str, Any]:
        own, whole = _left(books.of(customer)), _left(books.of(desk.name, customer))
        return {"entity": own, "org": whole - own, "org_total_view": whole}

    return Told(
        answers, needs=("credits of a child before its parent's pool",) if falls_back else ()
    )


def tell_rollover(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A monthly grant of which some of what is unused lives on, and is then used first."""
    amount = Decimal(str(given["grant"]))
    wallet = desk.wallet("credits", burn_order=["priority", *BURN_ORDER])
    desk.price([Link(wallet)])
    valid = given.get("rollover_valid", "P1M")
    term = "forever" if valid in (None, "forever") else "{} {}".format(*span(valid))
    rollover: dict[str, Any] = {"for": term, "priority": 0}
    if given.get("rollover_max") is not None:
        rollover["max"] = given["rollover_max"]
    elif given.get("rollover_max_percent") is not None:
        rollover["max_share"] = Decimal(str(given["rollover_max_percent"])) / 100
    grant = {
        "wallet": wallet,
        "credits": amount,
        "kind": "included",
        "expires": "period_end",
        "rollover": rollover,
    }
    used = given.get("used_per_cycle", [given.get("used", 0)])
    start = shifted(NOW, -len(used), "month")
    desk.subscribe("plan", desk.offer("plan", [grant], every="1 month"), start)
    for n, quantity in enumerate(used):
        desk.use(f"use-{n}", quantity, shifted(start, n, "month") + MINUTE)
    resets = [desk.asks(shifted(start, n + 1, "month")) for n in range(len(used))]

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)
        after = [account.balance(account.lots, reset, "opening") for reset in resets]
        return {
            "rollover": after[-1] - amount,
            "balance_after_reset": after if "used_per_cycle" in given else after[-1],
        }

    return Told(answers)
