"""Vendors' examples of blocks of credits: which burns first, what expires, what is put right.

Translation. A block is a lot; what it cost is its consideration. Moments named T1, T5, T10 are
days. An order said in words becomes the sort keys of a wallet; without blocks to burn it is tried
on pairs that differ in one key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.golden.clock import NOW, Unreadable, moved
from tests.golden.compare import Holds
from tests.golden.facts import Desk, Link
from tests.golden.readers.periods import YEAR, Periods, day
from tests.golden.readers.sales import exact, sell
from tests.golden.snapshot import ZERO
from tests.golden.told import Books, Told

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
FAR = NOW + timedelta(days=365)

KEYS = {"expiry_date": "expires_at", "per_unit_cost_basis": "unit_value", "priority": "priority"}
"""Sort keys as vendors call them -> ours."""

SAID = {"expiry": "expires_at", "cost_basis": "unit_value", "priority": "priority"}
"""The same in the names of outcomes, such as `openmeter_order_priority_then_expiry`."""

_MOMENT = re.compile(r"T(\d+)")
_CONSUMED = re.compile(r"consume_at_(T\d+)")
_EXPIRED = re.compile(r"expired_at_(T\d+)")
_ORDER = re.compile(r"\w+?_order_(\w+?)(?:_first)?")
_LEFT = re.compile(r"left_in_(\w+)")
_DATED = re.compile(r"(usage|grant)_([a-z]{3})(?:_(\d+))?")


def _at(moment: object) -> datetime:
    matched = _MOMENT.fullmatch(str(moment))
    if matched is None:
        raise Unreadable(f'the moment "{moment}"')
    return NOW + int(matched[1]) * DAY


def tell_movements(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Funded, consumed, expired: the movements of a balance, and it at each moment."""
    wallet = desk.wallet("credits")
    desk.price([Link(wallet)])
    steps = [step for step in given["movements"] if isinstance(step, Mapping)]
    ends = next((_at(step["t"]) for step in steps if "expired" in step), None)
    for n, step in enumerate(steps):
        if "funded" in step:
            desk.grant(f"fund-{n}", wallet, step["funded"], _at(step["t"]), expires=ends)
        elif "consumed" in step:
            desk.use(f"use-{n}", abs(exact(step["consumed"])), _at(step["t"]))
    moments = [step["t"] for step in steps]
    asked = questions.get("settled_balance_as_of") or {}
    desk.asks(max(_at(moment) for moment in [*moments, *asked]) + DAY)
    words = {"grant": "funded", "draw": "consumed", "expire": "expired"}

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)
        names = {_at(moment): moment for moment in moments}
        return {
            "movements": [
                {
                    "t": names.get(entry.moment, f"{entry.moment}"),
                    words.get(entry.entry_type, entry.entry_type): entry.credits,
                }
                for entry in account.entries
            ],
            "settled_balance_as_of": {
                moment: account.balance(account.lots, _at(moment), "through") for moment in asked
            },
        }

    return Told(answers)


def tell_correction(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Too much was granted: the balance is put right by a movement, not by another grant."""
    wallet = desk.wallet("credits")
    granted, wanted = exact(given["granted"]), exact(given["should_be"])
    lot = desk.grant("grant", wallet, granted, NOW)
    if wanted > granted:
        raise Unreadable("more should have been granted")
    desk.lot_event("correction", lot, "reduce", NOW + DAY, credits=granted - wanted)
    desk.asks(NOW + 2 * DAY)

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)
        return {
            "movements": [entry.credits for entry in account.entries],
            "net": sum((entry.credits for entry in account.entries), ZERO),
        }

    return Told(answers)


def tell_expiry_after_use(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Named blocks, one use, and what is left to expire of each."""
    wallet = desk.wallet("credits")
    desk.price([Link(wallet)])
    blocks = {
        name: block
        for name, block in given.items()
        if isinstance(block, Mapping) and "amount" in block
    }
    for name, block in blocks.items():
        desk.grant(name, wallet, block["amount"], NOW, expires=_at(block["expires"]))
    for key, amount in given.items():
        if matched := _CONSUMED.fullmatch(str(key)):
            desk.use(str(key), amount, _at(matched[1]))
    desk.asks(max(_at(block["expires"]) for block in blocks.values()) + DAY)

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)
        last = min(_at(block["expires"]) for block in blocks.values())
        found: dict[str, Any] = {}
        for key in questions:
            if matched := _EXPIRED.fullmatch(str(key)):
                found[key] = -sum(
                    (
                        entry.credits
                        for entry in account.entries
                        if entry.entry_type == "expire" and entry.moment == _at(matched[1])
                    ),
                    ZERO,
                )
            if matched := _LEFT.fullmatch(str(key)):
                lots = account.lots_of(desk.called(matched[1]))
                found[key] = account.balance(lots, last, "through")
        return found

    return Told(answers)


def tell_settlement(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A charge above the balance: credits first, the rest is invoiced."""
    wallet = desk.wallet("credits")
    desk.price([Link(wallet)], overage=1)
    desk.grant("balance", wallet, given["balance"], NOW)
    desk.use("charge", given["charge"], NOW + DAY)
    desk.asks(NOW + 2 * DAY)

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)
        invoiced = books.final.billed.get(desk.name, ZERO)
        return {"credit_then_invoice": {"credits": account.drawn(), "invoiced": invoiced}}

    return Told(answers)


def tell_pending(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A charge that is not settled yet is use all the same."""
    wallet = desk.wallet("credits")
    desk.price([Link(wallet)])
    desk.grant("settled", wallet, given["settled"], NOW)
    desk.use("open", given["open_charge"], NOW + DAY)
    desk.asks(NOW + 2 * DAY)

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)
        return {"pending": account.balance(account.lots, NOW + 2 * DAY, "before")}

    return Told(answers)


def tell_closed_grant(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Use of one month, collected in the next one, in which another grant begins."""
    wallet = desk.wallet("credits")
    desk.price([Link(wallet)], overage=1)
    collected = day(given["collection_run"])
    grants: dict[str, str] = {}
    for key, amount in given.items():
        matched = _DATED.fullmatch(str(key))
        if matched is None:
            continue
        kind, month, of_month = matched.groups()
        at = day(f"{month.capitalize()}-{of_month or '01'}")
        if kind == "grant":
            grants[month] = desk.grant(str(key), wallet, amount, at)
        else:
            desk.use(str(key), amount, at + DAY, received=collected)
    desk.asks(collected + DAY)

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)
        drawn = {f"from_{month}_grant": account.drawn(lots={lot}) for month, lot in grants.items()}
        figures = {**drawn, "invoiced": books.final.billed.get(desk.name, ZERO)}
        return {key: figures for key in questions}

    return Told(answers)


def tell_balance(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Bought in January and used in part: nothing earned when bought, all when used."""
    desk.own_currency()
    months = Periods(["january"])
    wallet = desk.wallet("credits")
    desk.price([Link(wallet)])
    for n, (when, amount) in enumerate(given["purchased"].items()):
        sell(desk, f"purchase-{n}", amount, day(when), {wallet: amount})
    desk.use("use", given["consumed_january"], months.end("january") - DAY)
    desk.asks(months.last)

    def answers(books: Books) -> Mapping[str, Any]:
        account, money = books.of(desk.name), books.money(desk.currency)
        earned = money.earned([months.month("january")])
        amounts = {entry.entry_type: entry.amount for entry in account.entries}
        return {
            # Revenue is all of what draws carried, so the purchase earned nothing.
            "revenue_on_purchase": earned + amounts["draw"],
            "revenue_january": earned,
            "credit_balance_after": account.balance(account.lots, months.last, "before"),
        }

    return Told(answers)


def tell_sort_keys(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """An order in words, tried on pairs of blocks that agree in every key before the one tried."""
    names = [str(words).split()[0] for words in given["sort_key"]]
    unknown = [name for name in names if name not in KEYS]
    if unknown:
        raise Unreadable(f'the sort key "{unknown[0]}"')
    wallet = desk.wallet("blocks", burn_order=[KEYS[name] for name in names])
    desk.price([Link(wallet)])
    pairs: list[tuple[str, str]] = []
    for n, name in enumerate(names):
        customer = desk.called(f"pair-{n}")
        desk.price([Link(wallet)], line=f"pair-{n}", customers=[customer])
        for m, first in enumerate((True, False)):
            # The one that burns first is named last, so that names do not decide.
            expires = NOW + 14 * DAY if name != "expiry_date" or first else None
            paid = 0 if name != "per_unit_cost_basis" or first else 5
            desk.grant(
                f"{n}-{'z' if first else 'a'}", wallet, 1, NOW, customer=customer, kind="migration",
                expires=expires, paid=Decimal(paid), priority=50 + (m if name == "priority" else 0),
            )  # fmt: skip
        desk.use(f"use-{n}", 1, NOW + DAY, line=f"pair-{n}", customer=customer)
        pairs.append((customer, desk.called(f"{n}-z")))
    desk.asks(NOW + 2 * DAY)

    def answers(books: Books) -> Mapping[str, Any]:
        burned = [{draw.lot_id for draw in books.of(customer).draws()} for customer, _ in pairs]
        is_so = burned == [{lot} for _, lot in pairs]
        return {"example": Holds(lambda words: is_so, f"other blocks burned: {burned}")}

    return Told(answers)


def tell_extension(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A block whose expiry is moved: as many credits as before, worth as much each."""
    wallet = desk.wallet("blocks")
    ends, later = day(given["expiry_date"]), day(given["target_expiry_date"])
    start = ends - 30 * DAY
    amount = exact(given["amount"])
    lot = desk.grant("block", wallet, amount, start, kind="migration", expires=ends, paid=amount)
    desk.lot_event("extension", lot, "extend", start + DAY, expires=later)
    desk.asks(ends + DAY)

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)
        lots = [found for found in account.lots_of(lot)]
        at = ends + DAY
        alive = [found for found in lots if account.balance([found], at, "before")]
        return {
            "effect": {
                "starting_balance_equals_ending_balance": account.balance(lots, at, "before")
                == amount,
                "new_block_keeps_cost_basis": bool(alive)
                and all(found.unit_value == 1 for found in alive),
            }
        }

    return Told(answers)


def tell_orders(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """The same blocks and use under the orders of several engines, as outcomes name them."""
    months = Periods(["month"])
    # Late in its month, so that what expires a month later does not within it.
    start = months.last - 5 * DAY
    blocks = {
        str(name).removesuffix("_block"): block
        for name, block in given.items()
        if str(name).endswith("_block")
    }
    own: dict[str, Desk] = {}
    for outcome in questions:
        said = _ORDER.fullmatch(str(outcome))
        if said is None:
            continue
        keys = said[1].split("_then_")
        if not set(keys) <= SAID.keys():
            raise Unreadable(f'the order "{said[1]}"')
        here = own[outcome] = desk.alike(str(outcome))
        here.own_currency()
        wallet = here.wallet("blocks", burn_order=[SAID[key] for key in keys])
        here.price([Link(wallet)])
        for name, block in blocks.items():
            cost = exact(block["cost_basis"]) * exact(block["credits"])
            expires = str(block["expires"])
            here.grant(
                name,
                wallet,
                block["credits"],
                start,
                kind="paid" if cost else "promo",
                priority=block.get("priority"),
                expires=None if expires == "never" else moved(start, expires),
                payment=here.pay(name, cost, start) if cost else None,
            )
        here.use("use", given["usage"], start + DAY)
    desk.asks(months.last)

    def answers(books: Books) -> Mapping[str, Any]:
        found = {}
        for outcome, here in own.items():
            account, money = books.of(here.name), books.money(here.currency)
            burned = {name for name in blocks if account.drawn(lots={here.called(name)})}
            found[outcome] = {
                "burns": ", ".join(sorted(burned)),
                "revenue": money.earned([months.month("month")]),
                "deferred_left": -money.closing(("contract_liability",), months.month("month")),
            }
        return found

    return Told(answers)


def tell_close_rule(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """What closing a month means: what is learned too late comes later, earlier months close."""
    desk.own_currency()
    months = Periods(["dec", "jan", "feb"], YEAR - 1)
    wallet = desk.wallet("credits")
    desk.price([Link(wallet)])
    closed = months.end("jan") + 5 * DAY
    desk.close(months.start("jan"), closed)
    for name in ("dec", "jan"):
        sell(
            desk, f"late-{name}", 10, months.inside(name), {wallet: 10},
            received=closed + DAY,
        )  # fmt: skip
    desk.asks(months.last)

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)
        open_from = months.start("feb")
        booked = sorted({entry.moment for entry in account.entries})
        in_open = all(moment >= open_from for moment in booked)
        rows = books.money(desk.currency).rollforward
        in_open_month = {row.period for row in rows if row.additions} == {open_from.date()}
        return {
            "rule": {
                "invoice_issued_after_close": Holds(
                    lambda words: (
                        "first day of next open period" in str(words)
                        and booked == [open_from]
                        and in_open_month
                    ),
                    f"booked at {booked}",
                ),
                "close_also_closes_all_prior_open": in_open,
                # A month before a closed one cannot stay open, so there is no gap.
                "gaps_allowed": not in_open,
            }
        }

    return Told(answers)


def tell_block_of_focus(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Tokens used at a rate for each service, worth what was paid for them."""
    desk.own_currency()
    months = Periods(["month"])
    wallet = desk.wallet("tokens")
    rates = {name: exact(rate) for name, rate in given["rates"].items()}
    used = {name: exact(quantity) for name, quantity in given["usage"].items()}
    tokens = sum((used[name] * rates[name] for name in used), ZERO)
    for name in used:
        desk.price([Link(wallet, rates[name])], line=name)
    # The card says what tokens cost everybody, the payment what these cost.
    granted = [{"wallet": wallet, "credits": tokens, "kind": "paid", "expires": "never"}]
    listed = desk.offer("tokens", granted, amount=tokens * exact(given["token_list_usd"]))
    price = tokens * exact(given["token_contracted_usd"])
    desk.pay("tokens", price, months.first, offer=listed)
    for n, (name, quantity) in enumerate(used.items()):
        desk.use(name, quantity, months.inside("month", n), line=name)
    desk.asks(months.last)

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)
        draws = {name: account.draws(events={desk.called(name)}) for name in used}
        return {
            "tokens": {name: -sum(e.credits for e in found) for name, found in draws.items()},
            "EffectiveCost": {
                name: -sum((entry.amount for entry in found), ZERO) for name, found in draws.items()
            },
            "ListCost": {name: books.final.list_costs[desk.called(name)] for name in used},
        }

    return Told(answers)
