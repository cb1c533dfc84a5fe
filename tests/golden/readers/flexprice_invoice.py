"""Flexprice's invoices: which wallets pay what, discounts first, prepaid credit on usage lines.

Translation. An invoice line is usage in dollars, priced 1 dollar per unit. Prepaid wallets are lots
of a wallet in the chain of usage lines, in the order given; postpaid ones of a wallet in the chain
of invoice totals. A percentage off is a rate with that much less, per line; an amount off is a
coupon: a promotional lot in a wallet before all others. What neither pays is overage at 1 dollar.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.golden.clock import NOW, Unreadable, instant
from tests.golden.facts import Desk, Link
from tests.golden.snapshot import ZERO
from tests.golden.told import Books, Told

MINUTE = timedelta(minutes=1)
OPENED = NOW - timedelta(days=1)
BURN_ORDER = ["priority", "expires_at", "credits desc"]


def tell_invoice(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """An invoice with lines, discounts and prepaid wallets."""
    coupon = desk.wallet("coupon", "USD")
    prepaid = desk.wallet("prepaid", "USD", burn_order=BURN_ORDER)
    discounts = given.get("discounts") or []
    _tell_prepaid(given["wallets"], desk, prepaid)
    for n, discount in enumerate(discounts):
        if "flat" in discount and "line" in discount:
            raise Unreadable("an amount off one line")
        if "flat" in discount:
            desk.grant(f"coupon-{n}", coupon, discount["flat"], OPENED)
    events = []
    for n, words in enumerate(given["usage_lines"]):
        kind, quantity = next(iter(words.items())) if isinstance(words, dict) else ("usage", words)
        price = _share(discounts, n)
        chain = [Link(coupon, price), *([Link(prepaid, price)] if kind == "usage" else [])]
        desk.price(chain, line=f"line-{n}", overage=price)
        events.append(
            desk.use(f"line-{n}", quantity, desk.asks(NOW + n * MINUTE), line=f"line-{n}")
        )

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)
        subtotal = sum((event.quantity for event in account.events), ZERO)
        cost = sum((event.cost for event in account.events), ZERO)
        drawn = {
            wallet: -sum((e.credits for e in account.draws() if e.wallet == wallet), ZERO)
            for wallet in (coupon, prepaid)
        }
        return {
            "subtotal": subtotal,
            "discount": (subtotal - cost + drawn[coupon]).quantize(Decimal("0.01")),
            "credits_applied": drawn[prepaid],
            "total": books.final.billed.get(desk.name, ZERO),
        }

    return Told(answers)


def _tell_prepaid(wallets: list[Any], desk: Desk, wallet: str) -> None:
    for n, words in enumerate(wallets):
        given = words if isinstance(words, dict) else {"amount": words}
        credits = Decimal(str(given["amount"]))
        if credits > 0:
            expires = instant(given["expires"]) if given.get("expires") else None
            desk.grant(f"wallet-{n}", wallet, credits, OPENED, kind="migration", expires=expires)


def _share(discounts: list[Mapping[str, Any]], line: int) -> Decimal:
    """What percentages leave of a line's price: those of the line first, then the invoice's."""
    share = Decimal(1)
    for discount in discounts:
        if "percent" in discount and discount.get("line", line) == line:
            share *= 1 - Decimal(str(discount["percent"])) / 100
    return share


def tell_adjustment(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Lines that prepaid wallets offset, in the order the wallets are given."""
    prepaid = desk.wallet("prepaid", "USD", burn_order=BURN_ORDER)
    for n, wallet in enumerate(given["wallets"]):
        desk.grant(wallet["id"], prepaid, wallet["balance"], OPENED, kind="migration", priority=n)
    events = []
    for n, line in enumerate(given["lines"]):
        chain = [Link(prepaid)] if line["type"] == "usage" else []
        desk.price(chain, line=f"line-{n}", overage=Decimal(1))
        events.append(
            desk.use(f"line-{n}", line["amount"], desk.asks(NOW + n * MINUTE), line=f"line-{n}")
        )

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)
        taken = {
            wallet["id"]: account.drawn(lots={desk.called(wallet["id"])})
            for wallet in given["wallets"]
        }
        return {
            "debits": {name: credits for name, credits in taken.items() if credits},
            "applied": [account.drawn(events={event}) for event in events],
        }

    return Told(answers)


def tell_payment(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Which wallets pay an invoice, which a usage line: both ask for all there is."""
    wallets = [{"id": f"wallet-{n}", **wallet} for n, wallet in enumerate(given["wallets"])]
    currency = str(given.get("currency", "usd")).upper()
    stores = {
        (kind, unit): desk.wallet(f"{kind}-{unit.lower()}", unit, burn_order=BURN_ORDER)
        for kind in ("prepaid", "postpaid")
        for unit in sorted({currency, *(_unit(wallet) for wallet in wallets)})
    }
    for n, wallet in enumerate(wallets):
        lot = desk.grant(
            wallet["id"],
            stores[wallet["type"], _unit(wallet)],
            wallet["balance"],
            OPENED,
            kind="migration",
            priority=n,
        )
        if wallet.get("status", "active") != "active":
            desk.lot_event(f"{wallet['id']}-closed", lot, "void", OPENED + MINUTE)
    everything = sum((Decimal(str(wallet["balance"])) for wallet in wallets), Decimal(1))
    for kind, line in (("postpaid", "invoice"), ("prepaid", "usage")):
        desk.price([Link(stores[kind, currency])], line=line, overage=Decimal(1))
    invoice = desk.use("invoice", given.get("invoice", everything), desk.asks(NOW), line="invoice")
    usage = desk.use("usage", everything, NOW, line="usage")

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)

        def payers(event: str) -> list[str]:
            lots = {draw.lot_id for draw in account.draws(events={event})}
            return [wallet["id"] for wallet in wallets if desk.called(wallet["id"]) in lots]

        return {
            "eligible": payers(invoice),
            "eligible_for_adjustment": payers(usage),
            "paid": account.drawn(events={invoice}),
            "payments": len(payers(invoice)),
        }

    return Told(answers)


def _unit(wallet: Mapping[str, Any]) -> str:
    return str(wallet.get("currency", "usd")).upper()
