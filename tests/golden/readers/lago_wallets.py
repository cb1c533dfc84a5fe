"""Lago's wallets: which wallet pays which fee, in what order, to the cent.

Translation. A wallet of theirs is a wallet of ours in whole cents; their order (priority, then the
narrower scope, then the list) is the order of our wallets, and the chain of a fee is the wallets
whose currency, fee types and metrics allow it. A wallet without a balance holds enough for all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.golden.clock import NOW, Unreadable
from tests.golden.facts import Desk, Link
from tests.golden.snapshot import ZERO
from tests.golden.told import Books, Told

OPENED = NOW - timedelta(days=1)
SECOND = timedelta(seconds=1)
MOST_IN_A_CHAIN = 6
UNTYPED = "charge"

_MANY_FEES = re.compile(
    r"(\d+) (\w+) fees on \d+ metrics, each amount ([\d.]+) \+ precise tax ([\d.]+)"
    r"(?:; only the \w+ is (\w+))?"
)
_PRICE = re.compile(r"([\d.]+) per \w+")


@dataclass(frozen=True)
class Fee:
    """A part of an invoice."""

    type: str
    metric: str | None
    amount: Decimal


def tell_wallets(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Fees of an invoice, or usage not billed yet, against wallets."""
    fees = _fees(given)
    total = sum((fee.amount for fee in fees), Decimal(1))
    wallets = _wallets(given)
    invoice = given.get("invoice") or {}
    ours = _tell_wallets(wallets, total, desk)
    for n, fee in enumerate(fees):
        chain = [
            Link(ours[wallet["code"]])
            for wallet in _in_order(wallets)
            if _may_pay(wallet, fee, invoice.get("currency"))
        ]
        line = f"fee-{n}"
        if not chain:
            chain = [Link(desk.wallet("nobody", "cent", precision=0))]
        desk.price(chain, line=line)
        desk.use(line, fee.amount, desk.asks(NOW + n * SECOND), line=line)

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)
        paid = {
            wallet["code"]: account.drawn(lots={desk.called(wallet["code"])}) for wallet in wallets
        }
        applied = sum(paid.values(), ZERO)
        left = account.balance(account.lots, NOW + timedelta(days=1), "before")
        return {
            "expected": {
                **{code: credits for code, credits in paid.items() if credits},
                "applied": applied,
                "invoice_due": account.unpaid(),
                "wallet_after": left,
                "invoice_breakdown": {code: credits for code, credits in paid.items()},
            }
        }

    return Told(answers)


def _wallets(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    if "wallet_balance" in given:
        return [{"code": "wallet", "balance": given["wallet_balance"]}]
    return [{"code": wallet.get("code", wallet.get("id")), **wallet} for wallet in given["wallets"]]


def _scope(wallet: Mapping[str, Any]) -> int:
    """0 for a wallet of metrics, 1 of fee types, 2 of everything."""
    if wallet.get("metrics"):
        return 0
    return 1 if wallet.get("fee_types") else 2


def _in_order(wallets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(wallets, key=lambda wallet: (wallet.get("priority", 50), _scope(wallet)))


def _may_pay(wallet: Mapping[str, Any], fee: Fee, currency: str | None) -> bool:
    if currency and wallet.get("currency", currency) != currency:
        return False
    if wallet.get("metrics"):
        return fee.metric in wallet["metrics"]
    return not wallet.get("fee_types") or fee.type in wallet["fee_types"]


def _tell_wallets(wallets: list[dict[str, Any]], enough: Decimal, desk: Desk) -> dict[str, str]:
    """The wallets in their order, each with its balance; code -> our name."""
    if len(wallets) > MOST_IN_A_CHAIN and len({_scope(wallet) for wallet in wallets}) == 1:
        raise Unreadable(f"a chain of more than {MOST_IN_A_CHAIN} wallets")
    ours = {}
    for wallet in _in_order(wallets):
        code = wallet["code"]
        ours[code] = desk.wallet(code, "cent", precision=0)
        balance = Decimal(str(wallet.get("balance", enough)))
        if balance > 0:
            desk.grant(code, ours[code], balance, OPENED, kind="migration")
    return ours


def _fees(given: Mapping[str, Any]) -> list[Fee]:
    """The fees, each with its tax; the invoice's total where they are given in words only."""
    fees = given.get("fees")
    if isinstance(fees, list):
        return [_fee(fee) for fee in fees]
    many = _MANY_FEES.fullmatch(str(fees))
    if many:
        count, kind, amount, tax, metric = many.groups()
        each = Decimal(amount) + Decimal(tax)
        last = Fee(kind, metric or "m0", each)
        return [*(Fee(kind, f"other-{n}", each) for n in range(int(count) - 1)), last]
    total = given.get("invoice_total", (given.get("invoice") or {}).get("total"))
    if total is None:
        total = given.get("unbilled_usage", 0)
    return [Fee(UNTYPED, None, Decimal(str(total)))]


def _fee(given: Mapping[str, Any]) -> Fee:
    tax = given.get("precise_tax", given.get("tax", 0))
    amount = Decimal(str(given["amount"])) + Decimal(str(tax))
    return Fee(str(given.get("type", UNTYPED)), given.get("metric"), amount)


def tell_targeted_events(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Events that name the wallet they are paid from, and the same events without that."""
    price = _PRICE.match(str(given["price"]))
    if price is None:
        raise Unreadable(f'a price of "{given["price"]}"')
    figure = Decimal(price[1])
    wallets = _wallets(given)
    total = sum((Decimal(str(event["units"])) for event in given["events"]), ZERO) * figure
    ours = _tell_wallets(wallets, total, desk)
    anyone = desk.called("untargeted")
    for wallet in wallets:
        if Decimal(str(wallet.get("balance", total))) > 0:
            desk.grant(
                f"untargeted-{wallet['code']}",
                ours[wallet["code"]],
                wallet.get("balance", total),
                OPENED,
                customer=anyone,
                kind="migration",
            )
    chain = [Link(ours[wallet["code"]], figure) for wallet in _in_order(wallets)]
    desk.price(chain, line="any", customers=[desk.name, anyone])
    for code, wallet in ours.items():
        desk.price([Link(wallet, figure)], line=code)
    for n, event in enumerate(given["events"]):
        at = desk.asks(NOW + n * SECOND)
        desk.use(f"event-{n}", event["units"], at, line=event.get("target", "any"))
        desk.use(f"untargeted-event-{n}", event["units"], at, line="any", customer=anyone)

    def answers(books: Books) -> Mapping[str, Any]:
        def paid(customer: str, prefix: str) -> dict[str, Decimal]:
            account = books.of(customer)
            return {
                wallet["code"]: account.drawn(lots={desk.called(prefix + wallet["code"])})
                for wallet in wallets
            }

        return {"expected": paid(desk.name, ""), "targeting_disabled": paid(anyone, "untargeted-")}

    return Told(answers)
