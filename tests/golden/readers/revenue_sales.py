"""Vendors' examples of one sale: in foreign money, with tax, billed after use, shared by value.

Translation. What is sold is a lot of one credit for each unit of money, used when it is delivered;
a sale on account is a plan; use that is billed afterwards is overage.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tests.golden.facts import Desk, Link
from tests.golden.feeds import ALWAYS
from tests.golden.money import REVENUE
from tests.golden.readers.accounts import net_change
from tests.golden.readers.periods import Periods, year_of
from tests.golden.readers.sales import NINE, bill, exact, figure_of, sell
from tests.golden.snapshot import ZERO
from tests.golden.told import Books, Told


def tell_foreign(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Sold in one currency, kept in another: rates at the invoice, the payment and the refund."""
    desk.own_currency()
    asked = questions.get("net_change") or {}
    periods = Periods(["Jan", "Feb", "Mar"])
    wallet = desk.wallet("service")
    desk.price([Link(wallet)])
    amount = figure_of(given, "invoice_")
    desk.rate(given["rate_at_finalize"], ALWAYS.replace(day=2))
    if "AccountsReceivable" in {account for accounts in asked.values() for account in accounts}:
        plan = bill(
            desk, "service", amount, wallet, periods.first, periods.end("Jan"), "month",
            credits=amount,
        )  # fmt: skip
        desk.rate(given["rate_at_payment"], periods.month("Feb"))
        stretch = (periods.first, periods.end("Jan"))
        payment = desk.pay(
            "payment", amount, periods.inside("Feb"), subscription=plan, period=stretch
        )
    else:
        payment = sell(desk, "service", amount, periods.first, {wallet: amount})
    desk.use("service-used", amount, periods.inside("Jan"))
    if "rate_at_refund" in given:
        desk.rate(given["rate_at_refund"], periods.month("Mar"))
        at = periods.inside("Mar")
        desk.pay("refund", amount, at, kind="refund", relates_to=payment)
    desk.asks(periods.last)

    def answers(books: Books) -> Mapping[str, Any]:
        money = books.money(desk.currency)
        return {"net_change": net_change(money, periods, asked, functional=True)}

    return Told(answers)


def tell_taxed(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A sale with tax on top or within."""
    desk.own_currency()
    asked = questions.get("net_change") or {}
    periods = Periods(asked or ["Jan"])
    wallet = desk.wallet("service")
    desk.price([Link(wallet)])
    price, rate = exact(given["price"]), exact(given["tax_rate"])
    gross = price * (1 + rate) if given["exclusive"] else price
    net = (gross / (1 + rate)).quantize(NINE)
    sell(desk, "sale", gross, periods.first, {wallet: net}, tax=gross - net)
    desk.use("delivery", net, periods.inside(periods.names[0]))
    desk.asks(periods.last)

    def answers(books: Books) -> Mapping[str, Any]:
        return {"net_change": net_change(books.money(desk.currency), periods, asked)}

    return Told(answers)


def tell_billed_after_use(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Use by month at a price, invoiced later: what each month booked and earned."""
    desk.own_currency()
    periods = Periods(given["usage"], year_of(*given["invoice"]))
    desk.price([Link(desk.wallet("nothing"))], overage=exact(given["unit_price"]))
    for name, units in given["usage"].items():
        desk.use(f"use-{name}", units, periods.inside(name))
    desk.asks(periods.last + timedelta(days=1))

    def answers(books: Books) -> Mapping[str, Any]:
        money = books.money(desk.currency)
        rows = []
        for name in periods.names:
            month = periods.month(name)
            amount = -money.moved(REVENUE, [month])
            rows.append(
                {
                    "booked_month": f"{month:%b %Y}",
                    "booked_total": amount,
                    "recognized": {name: amount},
                }
            )
        return {"waterfall_rows": rows}

    return Told(answers)


def tell_bundle(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """One price for several things, shared by their stand-alone prices."""
    desk.own_currency()
    periods = Periods(["Jan"])
    wallets = {name: desk.wallet(name) for name in given["ssp"]}
    lots = {wallets[name]: price for name, price in given["ssp"].items()}
    sell(desk, "contract", given["contract_price"], periods.first, lots)
    desk.asks(periods.last)

    def answers(books: Books) -> Mapping[str, Any]:
        carried = {lot.wallet: lot.consideration for lot in books.of(desk.name).lots}
        shares = {name: carried.get(wallet, ZERO) for name, wallet in wallets.items()}
        return {key: shares for key in questions}

    return Told(answers)
