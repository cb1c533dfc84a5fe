"""The standards' cases on service over time, changed contracts and foreign money.

Translation. Service over a stretch of time is a lot that lasts as long, in a wallet whose revenue
follows time (progress: ratable). Where it is invoiced before it is paid, it is a plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any

from tests.golden.facts import Desk, Link
from tests.golden.money import Money
from tests.golden.readers.gaap_prepaid import answering, periods_of
from tests.golden.readers.sales import bill, currency_of, exact, sell
from tests.golden.told import Books, Told

CONVENTIONS = {
    "by_whole_day": "day",
    "by_month_even": "even_month",
    "by_month_prorated_ends": "prorated_month",
}
"""What the source calls a way to count time -> what we do."""


def service(desk: Desk, label: str = "service", convention: str = "day") -> str:
    """A wallet whose lots earn as time passes, counted as the convention says."""
    wallet = desk.wallet(label)
    progress = {"method": "ratable", "convention": convention}
    desk.decide("progress", progress, subject=wallet)
    return wallet


def tell_credit_note(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A service over some days, invoiced less a credit note, paid later."""
    currency = currency_of(given, desk)
    periods = periods_of(questions, given["days"])
    length = sum(int(row["days"]) for row in given["days"])
    start = periods.end(given["days"][0]["period"]) - timedelta(days=int(given["days"][0]["days"]))
    wallet = service(desk)
    if given.get("policy.credit_note") == "contra_at_issue":
        desk.decide("credit_note", "contra_at_issue")
    plan = bill(
        desk, "service", given["price"], wallet, start, start + timedelta(days=length),
        f"{length} days",
    )  # fmt: skip
    stretch = (start, start + timedelta(days=length))
    invoice = desk.pay(
        "invoice", given["price"], start, kind="invoice", subscription=plan, period=stretch
    )
    desk.pay("note", given["credit_note"], start, kind="credit_note", relates_to=invoice)
    cash = exact(given["price"]) - exact(given["credit_note"])
    desk.pay(
        "payment", cash, periods.inside(given["cash_period"]), subscription=plan,
        relates_to=invoice, period=stretch,
    )  # fmt: skip
    return answering(desk, currency, periods, questions)


def tell_days(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A service over an exact stretch of time; other conventions of the same stretch beside it."""
    currency = currency_of(given, desk)
    rows = given["days_exact"]
    periods = periods_of(questions, rows)
    lengths = [timedelta(days=float(row["days"])) for row in rows]
    start = periods.end(rows[0]["period"]) - lengths[0]
    end = start + sum(lengths, timedelta())
    ways = {name: CONVENTIONS[name] for name in questions.get("other") or {} if name in CONVENTIONS}
    own = {name: desk.alike(name) for name in ways}
    for here in own.values():
        here.own_currency(int(given.get("decimals", 2)))
    for here, way in ((desk, "instant"), *((own[name], ways[name]) for name in ways)):
        lots = {service(here, convention=way): 1}
        sell(here, "service", given["price"], start, lots, expires=end)

    def other(books: Books, money: Money) -> Mapping[str, Any]:
        """Of each other way, what the months earn that earn something."""
        months = [periods.month(name) for name in periods.names]
        return {
            name: [
                earned for month in months if (earned := books.money(here.currency).earned([month]))
            ]
            for name, here in own.items()
        }

    return answering(desk, currency, periods, questions, other)


def tell_monthly_credits(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A fee a month for credits that end with it: paid for having them, used or not."""
    currency, periods = currency_of(given, desk), periods_of(questions, given["months"])
    wallet = service(desk, "credits")
    desk.price([Link(wallet)])
    for n, month in enumerate(given["months"]):
        name = month["period"]
        sell(
            desk, f"fee-{n}", given["fee"], periods.start(name), {wallet: given["credits"]},
            expires=periods.end(name),
        )  # fmt: skip
        desk.use(f"use-{n}", month["used"], periods.inside(name))
    return answering(desk, currency, periods, questions)


def tell_blend(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A service by the year, extended at a lower price: the rest of both is one price for all.

    What is left and what is added are one contract from then on, billed by the year.
    """
    currency, periods = currency_of(given, desk), periods_of(questions)
    before, after = int(given["years_before"]), int(given["years_after"])
    past, rest = periods.names[:before], periods.names[before : before + after]
    wallet = service(desk, convention="even_month")
    for name in past:
        at, end = periods.start(name), periods.end(name)
        sell(desk, f"fee-{name}", given["annual_fee"], at, {wallet: 1}, expires=end)
    first, extension = exact(given["revised_fee_remaining_original"]), exact(given["extension_fee"])
    desk.grant(
        "extended", wallet, 1, periods.start(rest[0]), kind="paid", paid=first + extension,
        expires=periods.end(rest[-1]), contract="extended",
    )  # fmt: skip
    unit = Decimal(1).scaleb(-int(given.get("decimals", 2)))
    billed = [
        (extension * n / max(after - 1, 1)).quantize(unit, rounding=ROUND_HALF_UP)
        for n in range(after)
    ]
    bills = [first, *(to - since for since, to in pairwise(billed))]
    for name, bill_of_year in zip(rest, bills, strict=True):
        desk.pay(f"bill-{name}", bill_of_year, periods.start(name), contract="extended")

    def other(books: Books, money: Money) -> Mapping[str, Any]:
        return {"annual_after": money.earned([periods.month(periods.names[-1])])}

    return answering(desk, currency, periods, questions, other)


def tell_advance(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A part paid in advance in foreign money, the rest billed on delivery and settled later."""
    currency_of({}, desk)
    currency, periods = desk.currency, periods_of(questions)
    received, delivered = periods.names[0], periods.names[-1]
    settled = periods.end(delivered) - timedelta(days=1)
    wallet = desk.wallet("goods")
    desk.price([Link(wallet)], overage=1)
    desk.rate(given["rate_receipt"], periods.month(received))
    desk.rate(given["rate_delivery"], periods.month(delivered))
    desk.rate(given["rate_settlement"], settled.date())
    advance = exact(given["advance_fc"])
    later = desk.alike("all-on-delivery")
    later.own_currency()
    later.rate(given["rate_delivery"], periods.month(delivered))
    later.price([Link(later.wallet("goods"))], overage=1)
    later.use("delivery", given["total_fc"], periods.start(delivered))
    sell(desk, "advance", advance, periods.start(received), {wallet: advance})
    desk.use("delivery", given["total_fc"], periods.start(delivered))
    rest = exact(given["total_fc"]) - advance
    invoice = desk.pay("invoice", rest, periods.start(delivered), kind="invoice")
    desk.pay("settlement", rest, settled, relates_to=invoice)

    def other(books: Books, money: Money) -> Mapping[str, Any]:
        month = [periods.month(delivered)]
        wrong = books.money(later.currency).earned(month, functional=True)
        return {"revenue_if_wrongly_retranslated": wrong}

    return answering(desk, currency, periods, questions, other, functional=True)
