"""Vendors' examples of credit bought ahead: drawn down, topped up, overrun, lapsed, committed to.

Translation. A commitment or a prepayment is a lot of one credit for each unit of money, bought when
the example begins; what it does not cover is overage. What a commitment in arrears leaves unused is
due at its end: it lapses. Figures worked out for a use that only their name tells (`usage_130000`)
are a customer of their own with that use.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.golden.clock import Unreadable, shifted
from tests.golden.compare import Holds, Printed
from tests.golden.facts import Desk, Link
from tests.golden.money import BREAKAGE, REVENUE, Money
from tests.golden.readers.gaap_rights import share
from tests.golden.readers.periods import Periods, day
from tests.golden.readers.sales import exact, figure_of, sell
from tests.golden.snapshot import ZERO, Account
from tests.golden.told import Books, Told

MINUTE = timedelta(minutes=1)
_MONTH = re.compile(r"months?_(\d+)(?:_to_(\d+))?")
_PLAN_USAGE = re.compile(r"derived_usage_(\d+)")
_TOP_UP_USAGE = re.compile(r"derived_usage_(\d+)m_with_(\w+)_topups?")
_DECREMENT = re.compile(r"derived_decrement_(\d+)")
_NUMBERS = ("no", "one", "two", "three", "four", "five")


def by_month(count: int) -> Periods:
    """So many months, one after the other."""
    return Periods(f"month_{n}" for n in range(1, count + 1))


def _usage_by_month(given: Mapping[str, Any]) -> dict[int, Decimal]:
    """`month_1: 900, months_2_to_12: 1000` as month -> use."""
    found: dict[int, Decimal] = {}
    for key, figure in given.items():
        if matched := _MONTH.fullmatch(str(key)):
            first, last = int(matched[1]), int(matched[2] or matched[1])
            found |= {n: exact(figure) for n in range(first, last + 1)}
    return found


def tell_drawdown(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Prepaid, used month by month, the last of it in the middle of one."""
    desk.own_currency()
    used = _usage_by_month(given)
    months = by_month(max(used))
    wallet = desk.wallet("commit")
    desk.price([Link(wallet)], overage=1)
    sell(desk, "commit", given["prepaid"], months.first, {wallet: given["prepaid"]})
    for n, amount in used.items():
        desk.use(f"use-{n}", amount, months.inside(f"month_{n}"))
    desk.asks(months.last)

    def answers(books: Books) -> Mapping[str, Any]:
        account, money = books.of(desk.name), books.money(desk.currency)
        overage = {
            name: amount
            for name in months.names
            if (amount := -money.moved(("overage_revenue",), [months.month(name)]))
        }
        correct = {
            "month_end_balance": [
                account.balance(account.lots, months.end(name), "before") for name in months.names
            ],
            "prepaid_drawdown_total": account.drawn(),
            "overage": overage,
            "invoices": overage,
        }
        return {
            "correct": correct,
            "printed_ledger": [entry.credits for entry in _of_lots(account)],
        }

    return Told(answers)


def _of_lots(account: Account) -> list[Any]:
    """Entries that move the balance of some lot, in order."""
    return [entry for entry in account.entries if entry.lot_id is not None]


def tell_commitment(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A commitment paid in arrears: use by month, and what is missing at the end."""
    desk.own_currency()
    months = by_month(int(given["months"]))
    wallet = desk.wallet("commit")
    desk.price([Link(wallet)], overage=1)
    commit = given["commit"]
    sell(desk, "commit", commit, months.first, {wallet: commit}, expires=months.last)
    for name in months.names:
        desk.use(name, given["monthly_usage"], months.inside(name))
    desk.asks(months.last)

    def answers(books: Books) -> Mapping[str, Any]:
        account, money = books.of(desk.name), books.money(desk.currency)
        every = [months.month(name) for name in months.names]
        used = [-money.moved(REVENUE, [month]) for month in every]
        lapsed = sum((e.credits for e in account.entries if e.entry_type == "expire"), ZERO)
        return {
            "ledger": {
                "postpaid_initial_balance": sum((lot.credits for lot in account.lots), ZERO),
                "deductions": -account.drawn(),
                "postpaid_trueup": lapsed,
            },
            "invoices": {
                "usage_each": Holds(lambda wanted: set(used) == {exact(wanted)}, str(used)),
                "CONTRACT_TRUEUP": -money.moved(BREAKAGE, every),
            },
            "total_recognized": money.earned(every),
        }

    return Told(answers)


def tell_line(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Prepaid money and one use that is worth more: the lines of the invoice."""
    desk.own_currency()
    months = by_month(1)
    wallet = desk.wallet("prepaid")
    price = exact(given["unit_price"])
    desk.price([Link(wallet, price)], overage=price)
    sell(desk, "prepaid", given["prepaid"], months.first, {wallet: given["prepaid"]})
    desk.use("use", given["usage_units"], months.inside("month_1"))
    desk.asks(months.last)

    def answers(books: Books) -> Mapping[str, Any]:
        drawn, billed = books.of(desk.name).drawn(), books.final.billed.get(desk.name, ZERO)
        return {"lines": [drawn, -drawn, billed], "invoice_total": billed}

    return Told(answers)


def tell_plan_upgrade(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A plan that gives credits for a price: what one of them costs."""
    desk.own_currency()
    wallet = desk.wallet("credits")
    at = day(given["upgrade"])
    sell(desk, "plan", given["plan_price"], at, {wallet: given["plan_access"]})
    desk.asks(at + timedelta(days=1))

    def answers(books: Books) -> Mapping[str, Any]:
        [lot] = books.of(desk.name).lots
        return {"cost_basis": Printed(lot.unit_value)}

    return Told(answers)


def tell_breakage(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Prepaid credits of which a part has always been left: earned in proportion to use."""
    months = by_month(1)
    prepaid, rate = exact(given["prepaid"]), exact(given["historical_use"])
    uses = {"used": exact(given["if_used_credits"]), "all": prepaid * rate}
    own: dict[str, Desk] = {label: desk.alike(label) for label in uses}
    for label, used in uses.items():
        at = own[label]
        at.own_currency()
        wallet = at.wallet("credits")
        at.price([Link(wallet)])
        policy = {"method": "proportional", "expected_unused": share(prepaid * (1 - rate), prepaid)}
        at.decide("breakage", policy, subject=wallet)
        sell(at, "prepaid", prepaid, months.first, {wallet: prepaid})
        at.use("use", used, months.inside("month_1"))
    desk.asks(months.last)

    def answers(books: Books) -> Mapping[str, Any]:
        month = [months.month("month_1")]
        return {
            # All that is expected to be used has been: what is left is the breakage.
            "expected_breakage": -books.money(own["all"].currency).moved(BREAKAGE, month),
            "derived_proportional": {
                "revenue_incl_breakage": books.money(own["used"].currency).earned(month)
            },
        }

    return Told(answers)


def tell_block(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A block of credits at a cost, and what is earned when some are taken from it."""
    price = exact(given["amount"]) * exact(given["per_unit_cost_basis"])
    ends = day(given["expiry_date"])
    at = shifted(ends.replace(day=1), -1, "month")
    own: dict[str, Desk] = {}
    for key in questions:
        if matched := _DECREMENT.fullmatch(str(key)):
            here = own[key] = desk.alike(matched[1])
            here.own_currency()
            wallet = here.wallet("block")
            here.price([Link(wallet)])
            sell(here, "block", price, at, {wallet: given["amount"]}, expires=ends)
            here.use("decrement", matched[1], at + MINUTE)
    if not own:
        raise Unreadable("no use of the block is told")
    desk.asks(at + timedelta(days=1))

    def answers(books: Books) -> Mapping[str, Any]:
        found: dict[str, Any] = {}
        for key, here in own.items():
            money = books.money(here.currency)
            found["invoice_total"] = money.rollforward[0].additions
            found[key] = {
                "revenue": money.earned([at.date()]),
                "deferred_left": -money.closing(("contract_liability",), at.date()),
            }
        return found

    return Told(answers)


def _plan_figures(books: Books, desk: Desk, month: datetime) -> dict[str, Any]:
    """What a month of a plan drew, let lapse and billed."""
    account, money = books.of(desk.name), books.money(desk.currency)
    periods = [month.date()]
    lapsed = -sum((e.credits for e in account.entries if e.entry_type == "expire"), ZERO)
    return {
        "drawdown": account.drawn(),
        "drawdown_revenue": -money.moved(("usage_revenue",), periods),
        "overage_units": account.unpaid("overage"),
        "overage_billed": -money.moved(("overage_revenue",), periods),
        "expired_units": lapsed,
        "breakage_revenue": -money.moved(BREAKAGE, periods),
        "revenue": money.earned(periods),
    }


def tell_plan(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A plan of so many units a month, with overage, for each use that is asked about."""
    if given["rollover"] != "expire":
        raise Unreadable(f'the rollover "{given["rollover"]}"')
    months = by_month(1)
    start = months.first
    ends = shifted(start, int(given["validity_months"]), "month")
    own: dict[str, Desk] = {}
    for key in questions:
        if matched := _PLAN_USAGE.fullmatch(str(key)):
            here = own[key] = desk.alike(matched[1])
            here.own_currency()
            wallet = here.wallet("units")
            here.price([Link(wallet)], overage=exact(given["overage_price"]))
            sell(here, "plan", given["price"], start, {wallet: given["units"]}, expires=ends)
            here.use("use", matched[1], months.inside("month_1"))
    if not own:
        raise Unreadable("no use of the plan is told")
    desk.asks(ends)

    def answers(books: Books) -> Mapping[str, Any]:
        lots = [lot for here in own.values() for lot in books.of(here.name).lots]
        return {
            "cost_basis": lots[0].unit_value,
            **{key: _plan_figures(books, here, start) for key, here in own.items()},
        }

    return Told(answers)


def tell_top_up(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A monthly plan, top-ups beside it, and overage beyond both."""
    months = by_month(1)
    start, end = months.first, months.last
    own: dict[str, tuple[Desk, str, str]] = {}
    for key in questions:
        matched = _TOP_UP_USAGE.fullmatch(str(key))
        if matched is None or matched[2] not in _NUMBERS:
            continue
        here = desk.alike(matched[1])
        here.own_currency()
        plan, top_up = here.wallet("plan"), here.wallet("top-up")
        own[key] = (here, plan, top_up)
        here.price([Link(plan), Link(top_up)], overage=exact(given["overage_per_m"]))
        monthly, extra = given["monthly_plan"], given["top_up"]
        sell(here, "plan", monthly["price"], start, {plan: monthly["units_m"]}, expires=end)
        for n in range(_NUMBERS.index(matched[2])):
            sell(here, f"top-up-{n}", extra["price"], start, {top_up: extra["units_m"]})
        here.use("use", matched[1], months.inside("month_1"))
    if not own:
        raise Unreadable("no use of the plan is told")
    desk.asks(end)

    def answers(books: Books) -> Mapping[str, Any]:
        found = {}
        for key, (here, plan, top_up) in own.items():
            figures = _plan_figures(books, here, start)
            drawn = {
                wallet: -sum(e.credits for e in books.of(here.name).draws() if e.wallet == wallet)
                for wallet in (plan, top_up)
            }
            found[key] = {
                **figures,
                "from_plan": drawn[plan],
                "from_topup": drawn[top_up],
                "overage_m": figures["overage_units"],
            }
        return found

    return Told(answers)


def tell_prepayment(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A prepayment charged the same each month until it is empty."""
    desk.own_currency()
    prepayment, charge = exact(given["prepayment"]), exact(given["monthly_charge"])
    months = by_month(int(-(-prepayment // charge)))
    wallet = desk.wallet("prepayment")
    desk.price([Link(wallet)])
    sell(desk, "prepayment", prepayment, months.first, {wallet: prepayment})
    for name in months.names:
        desk.use(name, charge, months.inside(name))
    desk.asks(months.last)

    def answers(books: Books) -> Mapping[str, Any]:
        money = books.money(desk.currency)
        return {
            "derived_balance_after_month": [
                -money.closing(("contract_liability",), months.month(name)) for name in months.names
            ]
        }

    return Told(answers)


def tell_instalments(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A prepayment billed by the month, which use may outrun."""
    desk.own_currency()
    months = by_month(1)
    wallet = desk.wallet("prepayment")
    prepayment = exact(given["prepayment"])
    price = exact(given["price"])
    desk.price([Link(wallet, price)], overage=price + exact(given["overage_surcharge"]))
    desk.grant(
        "prepayment", wallet, prepayment, months.first, kind="paid", paid=prepayment,
        contract="prepayment",
    )  # fmt: skip
    at = months.inside("month_1")
    desk.pay("bill", given["monthly_billing"], at, kind="invoice", contract="prepayment")
    desk.use("use", given["month_1_qty"], months.inside("month_1"))
    desk.asks(months.last)

    def answers(books: Books) -> Mapping[str, Any]:
        account, money = books.of(desk.name), books.money(desk.currency)
        month = [months.month("month_1")]
        return {
            "derived_month_1": {
                "drawdown": account.drawn(),
                "billed": money.moved(("accounts_receivable",), month),
                "remaining": account.balance(account.lots, months.last, "before"),
            }
        }

    return Told(answers)


def tell_term_commitment(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A commitment over a term: what is booked, and that it is earned by use."""
    desk.own_currency()
    months = by_month(int(given["term_months"]))
    wallet = desk.wallet("commitment")
    desk.price([Link(wallet)], overage=1)
    commitment = exact(given["commitment"])
    sell(desk, "commitment", commitment, months.first, {wallet: commitment}, expires=months.last)
    half = commitment // 2
    desk.use("half", half, months.inside("month_2"))
    desk.use("rest-and-more", commitment, months.inside("month_4"))
    desk.asks(months.last)

    def answers(books: Books) -> Mapping[str, Any]:
        money = books.money(desk.currency)
        earned = [money.earned([months.month(name)]) for name in months.names[:4]]
        by_use = earned == [ZERO, half, ZERO, commitment]
        billed = -money.moved(("overage_revenue",), [months.month("month_4")])
        statements = {"consumption": by_use, "overages billed monthly": billed == half}
        return {
            "booked": sum((row.additions for row in money.rollforward), ZERO),
            "recognised": Holds(
                lambda words: all(
                    statements.get(word.strip(), False) for word in str(words).split(",")
                ),
                f"revenue by month {earned}",
            ),
        }

    return Told(answers)


def tell_late_usage(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Use that arrives after its month was closed: what each month recognises, and the balance."""
    desk.own_currency()
    months = Periods(["jan", "feb"])
    wallet = desk.wallet("block")
    desk.price([Link(wallet)])
    credits = exact(given["paid_block"]["credits"])
    price = credits * exact(given["paid_block"]["cost_basis"])
    sell(desk, "block", price, months.first, {wallet: credits})
    closed = months.end("jan") + timedelta(days=5)
    desk.close(months.first, closed)
    desk.use("jan", given["jan_usage_at_close"], months.inside("jan"))
    late = figure_of(given, "late_")
    arrived = closed + timedelta(days=2)
    desk.use("late", late, months.inside("jan", 1), received=arrived)
    desk.use("feb", given["feb_usage"], arrived + MINUTE)
    desk.asks(months.last)

    def answers(books: Books) -> Mapping[str, Any]:
        rows = {row.period: row for row in books.money(desk.currency).rollforward}
        jan, feb = (rows[months.month(name)] for name in months.names)
        return {
            "revenue": {
                "jan": jan.usage_revenue,
                "feb_catch_up": feb.prior_period_revenue,
                "feb_current": feb.usage_revenue,
            },
            "roll_forward": {
                "jan": {
                    "open": jan.opening,
                    "purchases": jan.additions,
                    "recognised": -jan.usage_revenue,
                    "close": jan.closing,
                },
                "feb": {
                    "open": feb.opening,
                    "recognised_current": -feb.usage_revenue,
                    "recognised_prior_period_catch_up": -feb.prior_period_revenue,
                    "close": feb.closing,
                },
            },
        }

    return Told(answers)


def tell_two_breakages(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """The same credits with breakage in proportion to use, and with breakage at their expiry."""
    quarters = Periods(f"Q{n}" for n, _ in enumerate(given["usage_by_quarter"], start=1))
    unused = format(exact(given["expected_breakage"]), "f")
    own: dict[str, Desk] = {}
    for method, policy in (
        ("proportional", {"method": "proportional", "expected_unused": unused}),
        ("remote", {"method": "remote"}),
    ):
        here = own[method] = desk.alike(method)
        here.own_currency()
        wallet = here.wallet("credits")
        here.price([Link(wallet)])
        here.decide("breakage", policy, subject=wallet)
        sell(
            here, "credits", given["price"], quarters.first, {wallet: given["sold_credits"]},
            expires=quarters.last,
        )  # fmt: skip
        for name, used in zip(quarters.names, given["usage_by_quarter"], strict=True):
            here.use(name, used, quarters.inside(name))
    desk.asks(quarters.last)

    def answers(books: Books) -> Mapping[str, Any]:
        revenue = {
            method: [_quarter(books.money(here.currency), quarters, n) for n in quarters.names]
            for method, here in own.items()
        }
        totals = [sum(figures, ZERO) for figures in revenue.values()]
        return {
            **{f"{method}_revenue": figures for method, figures in revenue.items()},
            "total_both": totals[0] if len(set(totals)) == 1 else totals,
        }

    return Told(answers)


def _quarter(money: Money, quarters: Periods, name: str) -> Decimal:
    return money.earned([quarters.month(name)])
