"""hledger: a journal that `hledger check --strict` accepts, every balance asserted each period.

What a line is about stands in tags of its comment. hledger ends a tag at a comma and reads brackets
as dates, so such characters of a value are written as `%2C` and the like.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from reports.export.journal import Balance, Journal, Journals, Line
from reports.export.plain_text import account_names, amount_text, by_period, day_before, header
from reports.numbers import month

TYPES = {
    "asset": "A",
    "liability": "L",
    "equity": "E",
    "revenue": "R",
    "contra_revenue": "R",
    "expense": "X",
}


def write(journals: Journals) -> Iterator[str]:
    """The file, line by line.

    Args:
        journals: Of some periods; from a later period on, what accounts held before it comes first.

    Raises:
        InputError: Two accounts cannot be told apart in hledger's names.
    """
    names = account_names(journals.accounts)
    yield from (f"; {line}" for line in header(journals, "hledger"))
    yield ""
    yield "decimal-mark ."
    for currency in sorted({name for account in journals.accounts for name in account.currencies}):
        yield f"commodity 1000.000 {currency}"
    yield ""
    for account in journals.accounts:
        yield f"account {names[account.number]}  ; type: {TYPES[account.account_type]}"
    if journals.openings:
        yield from _openings(journals, names)
    journals_of: dict[date, list[Journal]] = {}
    for journal in journals.journals:
        journals_of.setdefault(journal.period, []).append(journal)
    for first, balances in by_period(journals.balances):
        for journal in journals_of.get(first.period, []):
            yield from _journal(journal, names, journals.functional_currency)
        yield ""
        yield f"{first.effective_date} * balances at the end of {month(first.period)}"
        yield from (_assertion(balance, names[balance.number]) for balance in balances)


def _openings(journals: Journals, names: dict[str, str]) -> Iterator[str]:
    before = day_before(journals.first)
    yield ""
    yield f"{before} * balances before {month(journals.first)}"
    for balance in journals.openings:
        yield f"    {names[balance.number]}  {amount_text(balance.opening)} {balance.currency}"


def _journal(journal: Journal, names: dict[str, str], functional_currency: str) -> Iterator[str]:
    yield ""
    yield f"{journal.effective_date} * ({_code(journal.journal_id)}) {_description(journal.memo)}"
    for line in journal.lines:
        yield f"    {names[line.number]}  {amount_text(line.amount)} {line.currency}"
        tags = ", ".join(f"{key}: {_value(value)}" for key, value in _tags(line))
        if line.currency != functional_currency:
            tags += f", functional: {amount_text(line.functional_amount)} {functional_currency}"
        yield f"    ; {tags}"


def _tags(line: Line) -> Iterator[tuple[str, str]]:
    yield "line", str(line.line_no)
    yield "role", line.role
    yield "number", line.number
    yield "name", line.name
    yield "group", line.group
    if line.wallet is not None:
        yield "wallet", line.wallet
    if line.customer_id is not None:
        yield "customer", line.customer_id


def _assertion(balance: Balance, account: str) -> str:
    return (
        f"    {account}  {amount_text(Decimal(0))} {balance.currency}"
        f" = {amount_text(balance.closing)} {balance.currency}"
    )


def _value(text: str) -> str:
    return _encoded(text, ",[]%")


def _description(text: str) -> str:
    return _encoded(text, ";|%")


def _code(text: str) -> str:
    return _encoded(text, "();%")


def _encoded(text: str, special: str) -> str:
    """Text with some characters, and whatever would break the line, percent-encoded."""
    return "".join(
        "".join(f"%{byte:02X}" for byte in char.encode())
        if char in special or not char.isprintable()
        else char
        for char in text
    )
