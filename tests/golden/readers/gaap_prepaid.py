"""The standards' cases on money paid before or after use: wallets, units, bonus, refunds, tax.

Translation. What is sold is credits of a wallet, one for each unit, or for each unit of money where
no units are named; delivering it is usage. A sale on account is a plan, which is owed when it
begins (decision 9); what is billed after delivery is overage. A monthly minimum is a plan that
grants its price in money and ends with the month: what was not used of it is breakage.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tests.golden.compare import Printed
from tests.golden.facts import Desk, Link
from tests.golden.money import REVENUE, Money
from tests.golden.readers.accounts import gaap_answers
from tests.golden.readers.periods import Periods
from tests.golden.readers.sales import bill, currency_of, exact, sell
from tests.golden.snapshot import ZERO
from tests.golden.told import Books, Told

YEARLY = "12 months"
SEPARATE = "separate_contract"


def periods_of(questions: Any, *lists: Any) -> Periods:
    """The periods a case asks about, then those its input names."""
    named = [row["period"] for rows in lists for row in rows or ()]
    return Periods([*(questions.get("periods") or {}), *named])


def answering(
    desk: Desk,
    currency: str,
    periods: Periods,
    questions: Any,
    other: Any = None,
    **options: Any,
) -> Told:
    """Told, answered by period and by account; other figures by a function of the books."""
    desk.asks(periods.last)

    def answers(books: Books) -> Mapping[str, Any]:
        money = books.money(currency)
        found = gaap_answers(money, periods, questions, **options)
        return {**found, "other": other(books, money) if other else {}}

    return Told(answers)


def tell_wallet(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A prepaid balance, and what is used of it by period."""
    currency, periods = currency_of(given, desk), periods_of(questions, given["usage"])
    wallet = desk.wallet("balance")
    desk.price([Link(wallet)])
    sell(desk, "top-up", given["purchase"], periods.first, {wallet: given["purchase"]})
    for n, use in enumerate(given["usage"]):
        desk.use(f"use-{n}", use["amount"], periods.inside(use["period"], n))
    return answering(desk, currency, periods, questions)


def tell_cost_basis(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Credits sold on account for less than they are worth to the customer."""
    currency, periods = currency_of(given, desk), periods_of(questions)
    wallet = desk.wallet("credits")
    amount = exact(given["credits"]) * exact(given["price_per_credit"])
    end = periods.first.replace(year=periods.first.year + 1)
    bill(desk, "credits", amount, wallet, periods.first, end, YEARLY, credits=given["credits"])

    def other(books: Books, money: Money) -> Mapping[str, Any]:
        [lot] = books.of(desk.name).lots
        return {"value_per_credit": Printed(lot.unit_value)}

    return answering(desk, currency, periods, questions, other)


def tell_overage(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A charge that prepaid credit covers in part."""
    currency, periods = currency_of(given, desk), periods_of(questions)
    wallet = desk.wallet("balance")
    desk.price([Link(wallet)], overage=1)
    credit = given["opening_credit"]
    sell(desk, "top-up", credit, periods.first, {wallet: credit})
    desk.use("charge", given["charge"], periods.inside(periods.names[-1]))
    return answering(desk, currency, periods, questions)


def tell_bonus(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Bonus credits bought together with paid ones; and, told again, given away beside them."""
    currency, periods = currency_of(given, desk), periods_of(questions, given["consumed"])
    amount = exact(given["paid_credits"]) * exact(given["price_per_paid_credit"])
    given_away = desk.alike("given-away")
    given_away.own_currency(int(given.get("decimals", 2)))
    for own, kind in ((desk, "bonus"), (given_away, "promo")):
        wallet = own.wallet("credits", kind_order=["paid", "bonus", "promo"], burn_order=["kind"])
        own.price([Link(wallet)])
        payment = own.pay("pack", amount, periods.first)
        for label, credits, of_kind in (
            ("paid", given["paid_credits"], "paid"),
            ("bonus", given["bonus_credits"], kind),
        ):
            own.grant(label, wallet, credits, periods.first, kind=of_kind, payment=payment)
        for n, use in enumerate(given["consumed"]):
            own.use(f"use-{n}", use["credits"], periods.inside(use["period"], n))

    def other(books: Books, money: Money) -> Mapping[str, Any]:
        ignored = books.money(given_away.currency)
        months = [periods.month(name) for name in periods.names]
        return {
            "unit_value": Printed(books.final.lots[desk.called("bonus")].unit_value),
            "revenue_if_bonus_ignored_paid_first": ignored.earned(months),
        }

    return answering(desk, currency, periods, questions, other)


def tell_units(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Units paid ahead and delivered by period."""
    currency, periods = currency_of(given, desk), periods_of(questions, given["delivered"])
    wallet = desk.wallet("units")
    desk.price([Link(wallet)])
    sell(desk, "order", given["prepayment"], periods.first, {wallet: given["units_total"]})
    for n, delivery in enumerate(given["delivered"]):
        desk.use(f"delivery-{n}", delivery["units"], periods.inside(delivery["period"], n))
    return answering(desk, currency, periods, questions)


def tell_minimum(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A monthly minimum, and usage at one price or several."""
    currency, periods = currency_of(given, desk), periods_of(questions)
    wallet = desk.wallet("minimum")
    minimum = given["commitment"]
    bill(
        desk, "minimum", minimum, wallet, periods.first, periods.end(periods.names[0]),
        "month", credits=minimum,
    )  # fmt: skip
    lines = given.get("usage_lines") or [(given["usage"], 1)]
    for n, (quantity, price) in enumerate(lines):
        desk.price([Link(wallet, exact(price))], line=f"line-{n}", overage=exact(price))
        desk.use(f"use-{n}", quantity, periods.inside(periods.names[0], n), line=f"line-{n}")

    def other(books: Books, money: Money) -> Mapping[str, Any]:
        return {"true_up": -money.moved(("breakage_revenue",), [periods.month(periods.names[0])])}

    return answering(desk, currency, periods, questions, other)


def tell_given_back(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Money earned in one period and given back in another: a refund, or a dispute that is lost."""
    currency, periods = currency_of(given, desk), periods_of(questions)
    wallet = desk.wallet("service")
    desk.price([Link(wallet)])
    amount, earned, back = given["earned"], given["earned_period"], given["dispute_period"]
    payment = sell(desk, "sale", amount, periods.start(earned), {wallet: amount})
    desk.use("service", amount, periods.inside(earned))
    at = periods.inside(back)
    if when := given.get("policy.chargeback.period"):
        when = "lost" if when == "when_lost" else "dispute_opened"
        desk.decide("chargeback", {"recognise_at": when})
        desk.pay("dispute", amount, at, kind="dispute_opened", relates_to=payment)
        desk.pay("loss", amount, at, kind="dispute_lost", relates_to=payment)
    else:
        desk.pay("refund", amount, at, kind="refund", relates_to=payment)

    def other(books: Books, money: Money) -> Mapping[str, Any]:
        return {"cumulative_revenue": money.earned(map(periods.month, periods.names))}

    return answering(desk, currency, periods, questions, other)


def tell_taxed_sale(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A sale with sales tax on top."""
    currency, periods = currency_of(given, desk), periods_of(questions)
    wallet = desk.wallet("goods")
    desk.price([Link(wallet)])
    price = exact(given["price"])
    tax = price * exact(given["tax_rate"])
    if given.get("policy.sales_tax") == "included":
        desk.decide("sales_tax", "include")
    sell(desk, "sale", price + tax, periods.first, {wallet: price}, tax=tax)
    desk.use("delivery", price, periods.inside(periods.names[0]))
    return answering(desk, currency, periods, questions)


def tell_added_units(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Units added to a contract, each billed on delivery.

    At the price of units alone they are a contract beside the first; or else all that are still to
    come have one price from then on.
    """
    currency, periods = currency_of(given, desk), periods_of(questions)
    before, after = periods.names[0], periods.names[-1]
    old, new = exact(given["price_original"]), exact(given["added_price"])
    added = exact(given["added_units"])
    left = exact(given["units_original"]) - exact(given["delivered_before"])
    later = {"original": (left, old), "added": (added, new)}
    if given.get("policy.modification", SEPARATE) != SEPARATE:
        price = (left * old + added * new) / (left + added)
        later = {"blended": (left + added, price.quantize(Decimal("1e-9")))}
    prices = {"original": old} | {label: price for label, (_, price) in later.items()}
    for label, price in prices.items():
        desk.price([Link(desk.wallet(label))], line=label, overage=price)
    for label, units, at in (
        ("original", exact(given["delivered_before"]), periods.inside(before)),
        *(
            (name, units, periods.inside(after, n))
            for n, (name, (units, _)) in enumerate(later.items())
        ),
    ):
        desk.use(f"{label}-{at:%Y%m%d%H%M}", units, at, line=label)

    def other(books: Books, money: Money) -> Mapping[str, Any]:
        return {"total_revenue": money.earned(map(periods.month, periods.names))}

    return answering(desk, currency, periods, questions, other)


def tell_presentation(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Invoiced, then paid, then delivered: with or without a way out for the customer."""
    currency, periods = currency_of(given, desk), periods_of(questions)
    wallet = desk.wallet("service")
    desk.price([Link(wallet)])
    due, paid, delivered = periods.names[0], periods.names[-2], periods.names[-1]
    price = given["price"]
    if given["non_cancellable"]:
        end = periods.first.replace(year=periods.first.year + 1)
        plan = bill(desk, "contract", price, wallet, periods.first, end, YEARLY)
        stretch = (periods.first, end)
        desk.pay("payment", price, periods.inside(paid), subscription=plan, period=stretch)
    else:
        grant = {"wallet": wallet, "credits": 1, "kind": "paid", "expires": "never"}
        offer = desk.offer("contract", [grant], amount=price)
        invoice = desk.pay("invoice", price, periods.inside(due), kind="invoice", offer=offer)
        desk.pay("payment", price, periods.inside(paid), relates_to=invoice)
    desk.use("delivery", 1, periods.inside(delivered))
    return answering(desk, currency, periods, questions)


def tell_rollforward(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Opening balances, billings and revenue of several columns: what is left."""
    periods = Periods(["opening", "movements"])
    columns: dict[str, Desk] = {}
    for n, column in enumerate(given["columns"]):
        own = columns[f"closing_{column['period']}"] = desk.alike(f"column-{n}")
        own.own_currency(int(given.get("decimals", 2)))
        wallet = own.wallet("contracts")
        own.price([Link(wallet)])
        own.grant(
            "opening", wallet, column["opening"], periods.first, kind="migration",
            paid=exact(column["opening"]),
        )  # fmt: skip
        at = periods.start("movements")
        sell(own, "billings", column["billings"], at, {wallet: column["billings"]})
        for m, key in enumerate(key for key in column if key.startswith("revenue_")):
            own.use(key, column[key], periods.inside("movements", m))
    desk.asks(periods.last)

    def answers(books: Books) -> Mapping[str, Any]:
        month = periods.month("movements")
        return {
            "other": {
                key: sum(
                    (
                        row.closing
                        for row in books.money(own.currency).rollforward
                        if row.period == month
                    ),
                    ZERO,
                )
                for key, own in columns.items()
            }
        }

    return Told(answers)


def tell_tiers(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Sales at the price of the tier reached so far, billed on delivery."""
    currency, periods = currency_of(given, desk), periods_of(questions)
    desk.price([Link(desk.wallet("goods"))], overage=exact(given["billed_price"]))
    desk.use("delivery", given["sold"], periods.inside(periods.names[0]))

    def other(books: Books, money: Money) -> Mapping[str, Decimal]:
        month = periods.month(periods.names[0])
        return {"revenue_prospective_tiers": -money.moved(REVENUE, [month])}

    return answering(desk, currency, periods, questions, other)
