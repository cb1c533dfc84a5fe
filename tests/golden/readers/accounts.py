"""Accounts as the sources name them, and what the books say of them.

`cash` is what has been paid, whether it is still with the processor or not. A source that names
only one kind of receivable means all that customers owe, invoiced or not. Revenue is what was
earned by use, whatever product it came from, unless a case tells products apart; breakage is part
of it unless that is told apart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from tests.golden.cases import REST
from tests.golden.compare import ZERO
from tests.golden.money import BREAKAGE, RECEIVABLES, REVENUE, Money
from tests.golden.readers.periods import Periods

CASH = ("cash", "cash_in_transit")
BALANCES = ("refund_liability", "customer_deposit")

CONTRA = (
    "refunds_contra_revenue",
    "credit_notes_contra_revenue",
    "voids_contra_revenue",
    "disputes_contra_revenue",
)

GAAP: Mapping[str, tuple[str, ...]] = {
    "cash": CASH,
    "accounts_receivable": ("accounts_receivable",),
    "unbilled_receivable": ("unbilled_receivable",),
    "contract_liability": ("contract_liability",),
    "refund_liability": ("refund_liability",),
    "sales_tax_payable": ("tax_payable",),
    "payable_to_supplier": ("supplier_payable",),
    "revenue.breakage": BREAKAGE,
    "contra_revenue": CONTRA,
    "fx_gain_loss": ("fx_gain_loss",),
}
"""Account of the cases on the standards -> our roles."""

STRIPE: Mapping[str, tuple[tuple[str, ...], int]] = {
    "Cash": (CASH, 1),
    "AccountsReceivable": (("accounts_receivable",), 1),
    "UnbilledAccountsReceivable": (("unbilled_receivable",), 1),
    "Revenue": (REVENUE, -1),
    "DeferredRevenue": (("contract_liability",), -1),
    "CustomerBalance": ((*BALANCES, "unapplied_payments"), -1),
    "Recoverables": (("recoveries",), -1),
    "TaxLiability": (("tax_payable",), -1),
    "Refunds": (("refunds_contra_revenue",), 1),
    "CreditNotes": (("credit_notes_contra_revenue",), 1),
    "Voids": (("voids_contra_revenue",), 1),
    "Disputes": (("disputes_contra_revenue",), 1),
    "OtherLoss": (("other_loss",), 1),
    "BadDebt": (("bad_debt",), 1),
    "FxLoss": (("fx_gain_loss",), 1),
}
"""Account of Stripe's examples -> our roles, and 1 where its increases are debits."""

_OWED = {"accounts_receivable", "unbilled_receivable"}


def _gaap_roles(account: str, asked: Collection[str]) -> tuple[str, ...] | None:
    if account in _OWED and not asked >= _OWED:
        return RECEIVABLES
    if account in GAAP:
        return GAAP[account]
    return _revenue(asked) if account.startswith("revenue.") else None


def _revenue(asked: Collection[str]) -> tuple[str, ...]:
    """Where breakage is not told apart, it is part of what the product earned."""
    apart = {"breakage_revenue", "revenue.breakage"} & set(asked)
    return REVENUE if apart else (*REVENUE, *BREAKAGE)


def gaap_answers(
    money: Money,
    periods: Periods,
    questions: Mapping[str, Any],
    *,
    products: Mapping[str, Collection[str]] | None = None,
    functional: bool = False,
) -> dict[str, Any]:
    """The figures by period, and what each account moved in it.

    Args:
        money: Of the case's currency.
        periods: Its periods.
        questions: Which figures and accounts are asked for.
        products: Product whose revenue is asked apart -> its wallets.
        functional: Answer in functional currency.
    """
    products = products or {}
    by_period = questions.get("periods") or {}
    journals = questions.get("journals") or {}
    asked = {account for accounts in journals.values() for account in accounts} | {
        figure.removesuffix("_closing") for figures in by_period.values() for figure in figures
    }

    def figure(name: str, month: date) -> Decimal | None:
        if name == "revenue":
            return money.earned([month], functional=functional)
        if name == "breakage_revenue":
            return -money.moved(BREAKAGE, [month], functional=functional)
        if name.startswith("revenue_") and (wallets := products.get(name[len("revenue_") :])):
            return -money.moved(_revenue(asked), [month], wallets=wallets, functional=functional)
        roles = _gaap_roles(name.removesuffix("_closing"), asked)
        if roles is None:
            return None
        if not name.endswith("_closing"):
            return -money.moved(roles, [month], functional=functional)
        balance = (money.closing_functional if functional else money.closing)(roles, month)
        return balance if set(roles) <= {*CASH, *RECEIVABLES} else -balance

    def movements(accounts: Iterable[str], month: date) -> dict[str, Decimal]:
        found: dict[str, Decimal] = {}
        named: set[str] = set()
        for account in accounts:
            roles = _gaap_roles(account, asked)
            if roles is not None:
                wallets = products.get(account.removeprefix("revenue."))
                found[account] = money.moved(roles, [month], wallets=wallets, functional=functional)
                named.update(roles)
        return {**found, REST: _rest(money, named, [month], functional)}

    return {
        "periods": {
            name: {
                key: found
                for key in figures
                if (found := figure(key, periods.month(name))) is not None
            }
            for name, figures in by_period.items()
        },
        "journals": {
            name: movements(accounts, periods.month(name)) for name, accounts in journals.items()
        },
    }


def net_change(
    money: Money, periods: Periods, asked: Mapping[str, Any], *, functional: bool = False
) -> dict[str, Any]:
    """What each account moved in each month, increases positive, as Stripe's tables show it."""
    apart = {account for accounts in asked.values() for account in accounts}
    table = dict(STRIPE)
    if "UnbilledAccountsReceivable" not in apart:
        table["AccountsReceivable"] = (RECEIVABLES, 1)
    found = {}
    for name, accounts in asked.items():
        months = [periods.month(name)]
        known = {account: table[account] for account in accounts if account in table}
        named = {role for roles, _ in known.values() for role in roles}
        found[name] = {
            account: sign * money.moved(roles, months, functional=functional)
            for account, (roles, sign) in known.items()
        }
        found[name][REST] = _rest(money, named, months, functional)
    return found


def _rest(money: Money, named: set[str], months: list[date], functional: bool) -> Decimal:
    """How much moved on accounts that nobody asked for."""
    others = money.roles(months) - named
    return sum((abs(money.moved([role], months, functional=functional)) for role in others), ZERO)
