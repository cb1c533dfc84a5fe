"""The standards' cases on rights: gift cards, points, options, allocation, the agent's part.

Translation. A price is shared over lots by their credits (bonus_credits: pool). Where things are
sold together, a credit of each is therefore what one unit of money buys at its stand-alone price:
then the books share the price by stand-alone prices. A right that is expected to be used in part is
worth what is expected. What is delivered at the sale is used at once. Cards and points that will
never be used are breakage in proportion to use.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tests.golden.compare import Printed
from tests.golden.facts import Desk, Link
from tests.golden.money import Money
from tests.golden.readers.gaap_prepaid import answering, periods_of
from tests.golden.readers.periods import Periods
from tests.golden.readers.sales import NINE, currency_of, exact, sell
from tests.golden.told import Books, Told


def share(part: Decimal, whole: Decimal) -> str:
    """A part of a whole as configuration takes it, to nine decimals."""
    return format((part / whole).quantize(NINE).normalize(), "f")


def tell_gift_cards(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Cards sold at their face value, some of which will never be used."""
    currency = currency_of(given, desk)
    named = [{"period": given["sale_period"]}, *given["redemptions"]]
    periods = periods_of(questions, named)
    sold, unused = exact(given["cards_sold"]), exact(given["expected_breakage"])
    wallet = desk.wallet("cards")
    desk.price([Link(wallet)])
    desk.decide("breakage", _breakage(given, sold, unused), subject=wallet)
    ends = next(
        (given[key] for key in given if "expir" in key and given[key] in periods.names), None
    )
    sell(
        desk, "cards", sold, periods.start(given["sale_period"]), {wallet: sold},
        expires=periods.end(ends) if ends else None,
    )  # fmt: skip
    for n, use in enumerate(given["redemptions"]):
        desk.use(f"use-{n}", use["amount"], periods.inside(use["period"], n))

    def other(books: Books, money: Money) -> Mapping[str, Any]:
        return {"redemption_progress": Printed(books.of(desk.name).drawn() / (sold - unused))}

    return answering(desk, currency, periods, questions, other)


def _breakage(given: Mapping[str, Any], sold: Decimal, unused: Decimal) -> Mapping[str, Any]:
    """The policy for credits that will never be used; what a state is owed is never revenue."""
    method = str(given.get("policy.breakage.method", "at_expiry"))
    policy = {"method": method}
    if method == "proportional":
        policy["expected_unused"] = share(unused, sold)
    if "escheat_share" in given:
        policy["escheat_share"] = format(exact(given["escheat_share"]), "f")
    return policy


def tell_points(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Points given with sales, of which only some will be redeemed; estimates may change.

    Where the estimate stays, the points that will not be redeemed are left out of the lot. Where it
    changes they are in it, as breakage, and the price is shared by expected use.
    """
    currency = currency_of(given, desk)
    periods = periods_of(questions, given["redemptions"])
    products, points = desk.wallet("products"), desk.wallet("points")
    desk.price([Link(products)], line="products")
    each, issued = exact(given["ssp_per_point"]), exact(given["points_issued"])
    expected = exact(given["expected_redeemed_at_inception"])
    estimates = {exact(use.get("expected_total", expected)) for use in given["redemptions"]}
    is_steady = estimates <= {expected}
    desk.price([Link(points, each)], line="points")
    if not is_steady:
        _estimates(given, desk, points, periods, issued, expected)
        _share_by_price(desk, {products: Decimal(1), points: expected / issued})
    sell(
        desk,
        "sale",
        given["sales_consideration"],
        periods.first,
        {
            products: given["ssp_products"],
            points: (expected if is_steady else issued) * each,
        },
    )
    desk.use("delivery", given["ssp_products"], periods.inside(periods.names[0]), line="products")
    for n, use in enumerate(given["redemptions"], start=1):
        desk.use(f"use-{n}", use["points"], periods.inside(use["period"], n), line="points")

    def other(books: Books, money: Money) -> Mapping[str, Any]:
        carried = {lot.wallet: lot.consideration for lot in books.of(desk.name).lots}
        return {
            "allocated_points": carried[points],
            "allocated_points_unrounded_ratio": carried[points],
            "allocated_products": carried[products],
        }

    return answering(
        desk, currency, periods, questions, other,
        products={"product": [products], "points": [points]},
    )  # fmt: skip


def _share_by_price(desk: Desk, expected_use: Mapping[str, Decimal]) -> None:
    """Lots hold their value alone: a credit is worth one, as far as it is expected to be used."""
    for wallet, use in expected_use.items():
        worth = {"amount": 1, "method": "observable", "expected_use": format(use, "f")}
        desk.decide("bonus_credits", "ssp", subject=wallet)
        desk.decide("ssp", worth, subject=wallet)


def _estimates(
    given: Mapping[str, Any],
    desk: Desk,
    points: str,
    periods: Periods,
    issued: Decimal,
    expected: Decimal,
) -> None:
    """How many points will not be redeemed, as estimated at the sale and in each period."""
    estimates = [(periods.names[0], expected)] + [
        (use["period"], exact(use["expected_total"])) for use in given["redemptions"]
    ]
    for name, total in dict(estimates).items():
        desk.decide(
            "breakage",
            {"method": "proportional", "expected_unused": share(issued - total, issued)},
            subject=points,
            since=periods.month(name),
        )


def tell_option(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A sale with an option to buy for less, worth the extra discount as likely as it is used."""
    currency, periods = currency_of(given, desk), periods_of(questions)
    extra = exact(given["gross_discount"]) - exact(given["discount_without_option"])
    worth = extra * exact(given["likelihood"])
    goods, option = desk.wallet("goods"), desk.wallet("option")
    desk.price([Link(goods)])
    lots = {goods: exact(given["ssp_main"]), option: worth}
    sell(desk, "sale", given["transaction_price"], periods.first, lots)
    desk.use("delivery", given["ssp_main"], periods.inside(periods.names[0]))

    def other(books: Books, money: Money) -> Mapping[str, Any]:
        [lot] = (lot for lot in books.of(desk.name).lots if lot.wallet == option)
        return {"allocated_option": lot.consideration}

    return answering(desk, currency, periods, questions, other)


def tell_allocation(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """One price for several things, shared by their stand-alone prices."""
    currency_of(given, desk)
    periods = Periods(["sale"])
    wallets = [desk.wallet(f"part-{n:02}") for n, _ in enumerate(given["ssp"])]
    lots = dict(zip(wallets, given["ssp"], strict=True))
    sell(desk, "sale", given["transaction_price"], periods.first, lots)
    desk.asks(periods.last)

    def answers(books: Books) -> Mapping[str, Any]:
        carried = {lot.wallet: lot.consideration for lot in books.of(desk.name).lots}
        return {"other": {"allocation": [carried[wallet] for wallet in wallets]}}

    return Told(answers)


def tell_agent(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Points that somebody else fulfils: the part of the price that is theirs is passed on."""
    currency, periods = currency_of(given, desk), periods_of(questions)
    goods, points = desk.wallet("goods"), desk.wallet("points")
    worth = exact(given["points"]) * exact(given["value_per_point"])
    lots = {goods: exact(given["sales"]) - worth, points: worth}
    lines = {goods: desk.called("goods"), points: desk.called("points")}
    desk.resell(lines[points], exact(given["cost_per_point"]))
    desk.price([Link(goods)], line=lines[goods])
    desk.price([Link(points, exact(given["value_per_point"]))], line=lines[points])
    sell(desk, "sale", exact(given["sales"]), periods.first, lots)
    month = periods.inside(periods.names[0])
    desk.use("delivery", lots[goods], month, line=lines[goods])
    desk.use("redemption", given["points"], month, line=lines[points])

    def other(books: Books, money: Money) -> Mapping[str, Any]:
        months = [periods.month(periods.names[0])]
        cost = money.moved(["supplier_share"], months)
        return {
            "principal_total_revenue": money.earned(months) + cost,
            "principal_cost_of_points": cost,
        }

    return answering(
        desk, currency, periods, questions, other,
        products={"product": [goods], "commission": [points]},
    )  # fmt: skip
