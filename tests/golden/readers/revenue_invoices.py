"""Vendors' examples of invoices for a service over time: Stripe, Chargebee, Zuora, Metronome.

Translation. The service is a lot that lasts as long as it does, in a wallet whose revenue follows
time; it is invoiced in advance, so it is a plan with one billing period. An example counts as paid
where it says so or money is given back. Pages write the last day of a service both ways: it counts
where the amount is one for each day only then. Without a stretch of time, the service lasts through
the months asked about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.golden.clock import Unreadable, shifted
from tests.golden.compare import Printed
from tests.golden.facts import Desk
from tests.golden.money import Money
from tests.golden.readers.accounts import net_change
from tests.golden.readers.gaap_time import service
from tests.golden.readers.periods import MONTHS, Periods, day, month_number, months_between, year_of
from tests.golden.readers.sales import bill, exact, figure_of
from tests.golden.snapshot import ZERO
from tests.golden.told import Books, Told

DAY = timedelta(days=1)
EVEN_MONTHS = "even_month"

AMOUNTS = ("invoice", "line", "contract")
HAPPENINGS = (
    ("refund", "refund"),
    ("refunded", "refund"),
    ("cancelled_full_refund", "refund"),
    ("dispute", "dispute_opened"),
    ("dispute_won", "dispute_won"),
    ("dispute_lost", "dispute_lost"),
    ("credit_note", "credit_note"),
    ("void", "void"),
    ("then_voided", "void"),
    ("credit_note_voided", "void"),
    ("uncollectible", "write_off"),
)
"""What a case says happened to an invoice -> the kind of fact it is fed as."""

GIVEN_BACK = ("refund", "dispute")

UNDERSTOOD = {
    *AMOUNTS,
    *(word for word, _ in HAPPENINGS),
    *("service", "service_days", "months", "start", "period", "finalized", "transaction_date"),
    *("paid", "cash_paid", "customer_balance_applied"),
    # The books work these out, or do not need them: the part refunded, months closed by then, why.
    *("ratio", "closed", "reason"),
}
"""Every field of an invoice that means something here."""


@dataclass(frozen=True)
class Sale:
    """An invoice: how much, for which stretch of time, on which day."""

    amount: Decimal
    start: datetime
    end: datetime
    issued: datetime
    year: int

    @property
    def every(self) -> str:
        """The stretch as a billing period."""
        months = (self.end.year - self.start.year) * 12 + self.end.month - self.start.month
        if months and shifted(self.start, months, "month") == self.end:
            return f"{months} months"
        return f"{(self.end - self.start).days} days"


def _sale(given: Mapping[str, Any], questions: Any) -> Sale:
    if unknown := sorted(given.keys() - UNDERSTOOD):
        raise Unreadable(f'"{unknown[0]}" of an invoice')
    amount = figure_of({key: given[key] for key in AMOUNTS if key in given}, *AMOUNTS)
    stretch = given.get("service") or [None, None]
    year = year_of(*stretch, given.get("finalized"), given.get("transaction_date"))
    start = day(stretch[0] or given.get("start") or given.get("transaction_date") or "Jan", year)
    if stretch[1]:
        end = day(stretch[1], year)
        if (end + DAY - start).days == abs(amount):
            end += DAY
    elif "service_days" in given:
        end = start + timedelta(days=int(given["service_days"]))
    elif "months" in given:
        end = shifted(start, int(given["months"]), "month")
    else:
        end = Periods(_months_asked(questions, given), year).last
    return Sale(amount, start, end, day(given.get("finalized") or start.date(), year), year)


def _months_asked(questions: Any, given: Mapping[str, Any]) -> list[str]:
    asked = [name for table in questions.values() if isinstance(table, Mapping) for name in table]
    return [name for name in asked if month_number(name)] or [str(given.get("period", "Jan"))]


@dataclass
class Invoiced:
    """What has been told of an invoice."""

    sale: Sale
    wallet: str
    plan: str
    invoice: str
    needs: list[str]


def _tell(given: Mapping[str, Any], questions: Any, desk: Desk) -> Invoiced:
    """The invoice, and all that happens to it afterwards."""
    desk.own_currency()
    if "then_voided" in given:
        # Told after another case: it was not paid after all.
        given = {word: value for word, value in given.items() if word != "paid"}
    sale = _sale(given, questions)
    if sale.amount < 0:
        return _tell_negative(sale, desk)
    by_month = "months" in given and "start" not in given
    wallet = service(desk, convention=EVEN_MONTHS if by_month else "day")
    plan = bill(desk, "service", sale.amount, wallet, sale.start, sale.end, sale.every)
    stretch = (sale.start, sale.end)
    invoice = desk.pay(
        "invoice", sale.amount, sale.issued, kind="invoice", subscription=plan, period=stretch
    )
    told = Invoiced(sale, wallet, plan, invoice, [])
    payment = _tell_payments(given, told, desk)
    _tell_afterwards(given, told, payment, desk)
    return told


def _tell_negative(sale: Sale, desk: Desk) -> Invoiced:
    """An invoice of less than nothing: a credit note, kept as the customer's balance."""
    note = desk.pay("note", -sale.amount, sale.issued, kind="credit_note")
    return Invoiced(sale, service(desk), "", note, [])


def _tell_payments(given: Mapping[str, Any], told: Invoiced, desk: Desk) -> str | None:
    """What the customer paid, in cash and from a balance; the name of the last payment."""
    sale = told.sale
    payment = None
    balance = exact(given.get("customer_balance_applied", 0))
    if balance:
        before = shifted(sale.start.replace(day=1), -1, "month")
        desk.pay("balance", balance, before)
        desk.pay("applied", balance, sale.issued, kind="balance_applied", relates_to=told.invoice)
    for n, (when, amount) in enumerate((given.get("cash_paid") or {}).items()):
        payment = desk.pay(
            f"payment-{n}", amount, day(when, sale.year), subscription=told.plan,
            relates_to=told.invoice, period=(sale.start, sale.end),
        )  # fmt: skip
    given_back = any(word in given for word, kind in HAPPENINGS if kind.startswith(GIVEN_BACK))
    paid = given.get("paid", given_back)
    if paid:
        when = sale.issued if paid is True else day(paid, sale.year)
        payment = desk.pay(
            "payment", sale.amount - balance, when, subscription=told.plan,
            relates_to=told.invoice, period=(sale.start, sale.end),
        )  # fmt: skip
    return payment


def _tell_afterwards(
    given: Mapping[str, Any], told: Invoiced, payment: str | None, desk: Desk
) -> None:
    """Refunds, disputes, credit notes, voids and write-offs, each with its day."""
    sale = told.sale
    for word, kind in HAPPENINGS:
        if word not in given:
            continue
        happened = given[word] if isinstance(given[word], Mapping) else {given[word]: sale.amount}
        about = payment if kind.startswith(GIVEN_BACK) else told.invoice
        if word == "credit_note_voided":
            about = desk.called("credit_note-0")
        dated = {when: amount for when, amount in happened.items() if _is_dated(when)}
        # What is paid out of a credit note at once is a refund; the rest is the customer's balance.
        paid_out = exact(happened.get("refund", 0)) if kind == "credit_note" else ZERO
        for n, (when, amount) in enumerate(dated.items()):
            at = day(when, sale.year)
            if paid_out:
                desk.pay(f"{word}-refund", paid_out, at, kind="refund", relates_to=payment)
            desk.pay(f"{word}-{n}", exact(amount) - paid_out, at, kind=kind, relates_to=about)
        if word == "credit_note_voided":
            told.needs.append("voids of credit notes")


def _is_dated(text: object) -> bool:
    try:
        day(text)
    except Unreadable:
        return False
    return True


def tell_invoice(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """An invoice for a service, by account and month."""
    told = _tell(given, questions, desk)
    asked = questions.get("net_change") or {}
    periods = Periods(asked or ["Jan"], told.sale.year)
    desk.asks(max(periods.last, told.sale.end))

    def answers(books: Books) -> Mapping[str, Any]:
        money = books.money(desk.currency)
        return {
            "net_change": net_change(money, periods, asked),
            **_months_of_summary(money, questions, told.sale),
            "waterfall": _waterfall(money, questions.get("waterfall") or {}),
            "row": _row(money, told.sale),
        }

    return Told(answers, tuple(told.needs))


def _months_of_summary(money: Money, questions: Any, sale: Sale) -> dict[str, Any]:
    """Stripe's monthly summary, for each month asked about."""
    found = {}
    for name in questions:
        number = month_number(name)
        if number is None:
            continue
        month = datetime(sale.year, number, 1, tzinfo=sale.start.tzinfo).date()
        rows = [row for row in money.rollforward if row.period == month]
        contra = money.moved(("refunds_contra_revenue",), [month])

        def total(column: str, rows: list[Any] = rows) -> Decimal:
            return sum((getattr(row, column) for row in rows), ZERO)

        earned = total("usage_revenue") + total("breakage_revenue")
        found[str(name)] = {
            "revenue_from_billings_this_month": earned,
            "net_revenue": money.earned([month]),
            "deferred_start": total("opening"),
            "deferred_new_billings": total("additions"),
            "less_recognized": -earned,
            "less_refunds": -contra,
            "less_credits_issued": -total("refunded"),
            "deferred_end": total("closing"),
        }
    return found


def _waterfall(money: Money, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The one cohort's row: sold, earned by month, left."""
    rows = sorted(money.waterfall, key=lambda row: row.period)
    if not rows:
        return {}
    earned = {MONTHS[row.period.month - 1].capitalize(): row.amount for row in rows if row.amount}
    return {
        "booked_month": f"{rows[0].cohort:%b %Y}",
        "booked_total": rows[-1].sold,
        "recognized": {name: earned.get(name, ZERO) for name in asked.get("recognized") or {}},
        "recognized_total": sum(earned.values(), ZERO),
        "remaining": rows[-1].remaining,
    }


def _row(money: Money, sale: Sale) -> dict[str, Any]:
    """Zuora's row of a schedule: what a period recognises of an invoice, and what others do."""
    month = sale.start.replace(day=1).date()
    earned = {row.period: row.amount for row in money.waterfall}
    return {
        "schedule_amount": sum(earned.values(), ZERO),
        "recognized_prior": sum((v for k, v in earned.items() if k < month), ZERO),
        "recognized_in_period": earned.get(month, ZERO),
        "recognized_after": sum((v for k, v in earned.items() if k > month), ZERO),
    }


def tell_contract(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A contract by the month: revenue of every month, and in all."""
    told = _tell(given, questions, desk)
    months = months_between(told.sale.start, told.sale.end)
    desk.asks(told.sale.end)

    def answers(books: Books) -> Mapping[str, Any]:
        money = books.money(desk.currency)
        revenue = [money.earned([month]) for month in months]
        return {"revenue": revenue, "total": sum(revenue, ZERO)}

    return Told(answers, tuple(told.needs))


def tell_free_months(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Some months free, the others paid: one price over all of them."""
    desk.own_currency()
    months = int(given["months_free"]) + int(given["months_paid"])
    price = exact(given["months_paid"]) * exact(given["price_per_paid_month"])
    start = day("Jan")
    end = shifted(start, months, "month")
    wallet = service(desk, convention=EVEN_MONTHS)
    bill(desk, "service", price, wallet, start, end, f"{months} months")
    desk.asks(end)

    def answers(books: Books) -> Mapping[str, Any]:
        money = books.money(desk.currency)
        return {
            "transaction_price": sum((lot.consideration for lot in books.of(desk.name).lots), ZERO),
            "straight_line_month": Printed(money.earned([start.date()])),
        }

    return Told(answers)


def tell_late_application(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Money that comes before its invoice and is applied to it later, then taken off again."""
    alone = desk.alike("alone")
    alone.own_currency()
    [(when, amount)] = given["payment"].items()
    alone.pay("payment", amount, day(when))
    invoice = dict(given["invoice"])
    stretch = invoice.pop("service")
    [(issued, price)] = invoice.items()
    told = _tell(
        {"invoice": price, "service": stretch, "finalized": issued, "paid": False}, questions, desk
    )
    tables = {
        name: (own, Periods(questions.get(name) or ["Jan"]))
        for name, own in (("net_change_standalone", alone), ("net_change_invoice", desk))
    }
    for _, periods in tables.values():
        desk.asks(periods.last)

    def answers(books: Books) -> Mapping[str, Any]:
        found = {
            name: net_change(books.money(own.currency), periods, questions.get(name) or {})
            for name, (own, periods) in tables.items()
        }
        sides = [
            posting.amount
            for own, _ in tables.values()
            for posting in books.money(own.currency).postings
        ]
        return {**found, "balanced": sum(sides, ZERO) == 0}

    return Told(answers, (*told.needs, "money applied to an invoice later"))


def tell_upgrade(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A plan exchanged for a dearer one in the middle of its month."""
    desk.own_currency()
    wallet = service(desk)
    start, end = (day(text) for text in given["period"])
    change = day(given["change"])
    asked = questions.get("net_change") or {}
    periods = Periods(asked or ["Jan"])
    bill(desk, "from", given["plan_from"], wallet, start, change, "month")
    bill(desk, "to", given["plan_to"], wallet, change, shifted(end, 1, "month"), "month")
    desk.asks(periods.last)

    def answers(books: Books) -> Mapping[str, Any]:
        return {"net_change": net_change(books.money(desk.currency), periods, asked)}

    return Told(answers, ("proration when a plan changes",))
