"""What the plain-text accounting programs have in common: names of accounts, amounts, the scale.

Both programs infer from the digits of an amount how far off a sum may be. Every amount is therefore
written with the three decimals the books keep money with, whatever its currency has, and no sum may
be off by one thousandth.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby

from rate_cards.problems import InputError, Problem
from reports.export.journal import Account, Balance, Journals
from reports.numbers import count, instant, month

DECIMALS = 3

ROOTS = {
    "asset": "Assets",
    "liability": "Liabilities",
    "equity": "Equity",
    "revenue": "Income",
    "contra_revenue": "Income",
    "expense": "Expenses",
}
"""Account type -> the five roots both programs know."""


def account_names(accounts: tuple[Account, ...]) -> dict[str, str]:
    """Account number -> a name both programs take, such as `Assets:1200-Accounts-receivable`.

    Raises:
        InputError: Two accounts differ only by characters that no such name can hold.
    """
    names: dict[str, str] = {}
    numbers: dict[str, str] = {}
    for account in accounts:
        name = f"{ROOTS[account.account_type]}:{_component(f'{account.number} {account.name}')}"
        other = numbers.setdefault(name, account.number)
        if other != account.number:
            raise InputError(
                [
                    Problem(
                        f"accounts {other} and {account.number}",
                        f"both would be written {name}",
                        "Change the number or the name of one in book.yml by more than its signs.",
                    )
                ],
                "Nothing was written.",
            )
        names[account.number] = name
    return names


def _component(text: str) -> str:
    """Letters and digits of any script, single hyphens between; begins with a capital or digit."""
    kept = "".join(char if char.isalpha() or char.isdecimal() else " " for char in text)
    found = "-".join(kept.split())
    found = found[:1].upper() + found[1:]
    return found if found[:1].isupper() or found[:1].isdecimal() else f"N{found}"


def amount_text(amount: Decimal) -> str:
    """An amount with all of its decimals, never grouped."""
    return f"{amount:.{DECIMALS}f}"


def day_before(period: date) -> date:
    """The last day before a period."""
    return period - timedelta(days=1)


def header(journals: Journals, form: str) -> Iterator[str]:
    """What the file holds and where it comes from: lines of a comment."""
    yield (
        f"{journals.entity}: journals of book {journals.book}, "
        f"{month(journals.first)} to {month(journals.last)}."
    )
    yield (
        f"Written by creditbooks export journals --format {form}: "
        f"{count(len(journals.journals), 'journal')}, {count(journals.lines, 'line')}."
    )
    yield f"Known as of {instant(journals.as_of)}; models sha256 {journals.models_sha256}."
    yield "Amounts have three decimals in every currency, so that nothing is off by a thousandth."


def by_period(balances: tuple[Balance, ...]) -> Iterator[tuple[Balance, list[Balance]]]:
    """The balances of each period, with the first of them."""
    for _, found in groupby(balances, lambda balance: balance.period):
        same = list(found)
        yield same[0], same
