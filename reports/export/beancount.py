"""beancount: a ledger that `bean-check` accepts, every balance asserted after each period.

A balance directive speaks of the start of its day, so a period's balances stand on the first day of
the next one. The tolerance is set to nothing at all: beancount would otherwise let a balance be off
by twice the last digit written.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from reports.export.journal import Balance, Journal, Journals, Line
from reports.export.plain_text import account_names, amount_text, by_period, day_before, header
from reports.numbers import month


def write(journals: Journals) -> Iterator[str]:
    """The file, line by line.

    Args:
        journals: Of some periods; from a later period on, what accounts held before it comes first.

    Raises:
        InputError: Two accounts cannot be told apart in beancount's names.
    """
    names = account_names(journals.accounts)
    opened = day_before(journals.first)
    yield from (f";; {line}" for line in header(journals, "beancount"))
    yield ""
    yield f"option {_quoted('title')} {_quoted(journals.entity)}"
    yield f"option {_quoted('operating_currency')} {_quoted(journals.functional_currency)}"
    yield f"option {_quoted('tolerance_multiplier')} {_quoted('0')}"
    yield ""
    for account in journals.accounts:
        yield f"{opened} open {names[account.number]} {','.join(account.currencies)}"
        yield f"  number: {_quoted(account.number)}"
        yield f"  name: {_quoted(account.name)}"
    if journals.openings:
        yield ""
        yield f"{opened} * {_quoted(f'balances before {month(journals.first)}')}"
        for balance in journals.openings:
            yield f"  {names[balance.number]}  {amount_text(balance.opening)} {balance.currency}"
    for journal in journals.journals:
        yield from _journal(journal, names, journals.functional_currency)
    for first, balances in by_period(journals.balances):
        yield ""
        yield f";; balances at the end of {month(first.period)}"
        yield from (_assertion(balance, names[balance.number]) for balance in balances)


def _journal(journal: Journal, names: dict[str, str], functional_currency: str) -> Iterator[str]:
    yield ""
    yield f"{journal.effective_date} * {_quoted(journal.memo)}"
    yield f"  journal: {_quoted(journal.journal_id)}"
    for line in journal.lines:
        yield f"  {names[line.number]}  {amount_text(line.amount)} {line.currency}"
        yield from (f"    {key}: {value}" for key, value in _metadata(line))
        if line.currency != functional_currency:
            yield f"    functional: {amount_text(line.functional_amount)} {functional_currency}"


def _metadata(line: Line) -> Iterator[tuple[str, str]]:
    yield "line", str(line.line_no)
    yield "role", _quoted(line.role)
    yield "number", _quoted(line.number)
    yield "name", _quoted(line.name)
    yield "group", _quoted(line.group)
    if line.wallet is not None:
        yield "wallet", _quoted(line.wallet)
    if line.customer_id is not None:
        yield "customer", _quoted(line.customer_id)


def _assertion(balance: Balance, account: str) -> str:
    next_day = balance.effective_date + timedelta(days=1)
    return f"{next_day} balance {account}  {amount_text(balance.closing)} {balance.currency}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + '"'
