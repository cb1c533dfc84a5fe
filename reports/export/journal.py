"""The neutral journal: what every writer of journals is given, read from the marts as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

from rate_cards.problems import InputError, Problem
from reports.build import Parameters
from reports.numbers import month, total

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Account:
    """An account of the trial balance.

    Attributes:
        number: As in the general ledger; one number is one account.
        name: Its name.
        account_type: asset, liability, equity, revenue, contra_revenue or expense.
        currencies: What it holds, in alphabetical order.
    """

    number: str
    name: str
    account_type: str
    currencies: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """One line of a journal.

    Attributes:
        line_no: Its place in the journal, from 1.
        role: Role it was posted to.
        number: Account the role maps to in this period.
        name: That account's name in this period.
        amount: In `currency`, debits positive.
        currency: ISO 4217.
        functional_amount: The same in functional currency.
        customer_id: Whose it is, where a line is of one customer.
        wallet: The wallet, on lines of a liability or of revenue.
        group: What was posted together: cause and wallet, the key back to the lots.
    """

    line_no: int
    role: str
    number: str
    name: str
    amount: Decimal
    currency: str
    functional_amount: Decimal
    customer_id: str | None
    wallet: str | None
    group: str


@dataclass(frozen=True)
class Journal:
    """One balanced entry: what one cause posted in one period and currency."""

    journal_id: str
    period: date
    effective_date: date
    memo: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Balance:
    """An account's balance at the end of a period, in one currency; debit balances positive."""

    number: str
    currency: str
    period: date
    effective_date: date
    opening: Decimal
    closing: Decimal
    functional_opening: Decimal
    functional_closing: Decimal


@dataclass(frozen=True)
class Close:
    """Who closed a month, and when."""

    closed_by: str | None
    closed_at: datetime


@dataclass(frozen=True)
class Journals:
    """The journals of some periods, and the balances they lead to.

    Attributes:
        book: Name of the book.
        entity: Legal name.
        functional_currency: Currency of `functional_amount`.
        as_of: First instant the books do not know.
        models_sha256: Digest of the logic that made the figures.
        first: First period, as its first day.
        last: Last period.
        accounts: Every account of the trial balance, by number.
        journals: By period, then by id.
        balances: Of every account, currency and period, from the account's first line on.
        closes: Month -> its close in the register; nothing for one that is open, or was closed
            with a later one.
    """

    book: str
    entity: str
    functional_currency: str
    as_of: datetime
    models_sha256: str
    first: date
    last: date
    accounts: tuple[Account, ...]
    journals: tuple[Journal, ...]
    balances: tuple[Balance, ...]
    closes: Mapping[date, Close]

    @property
    def openings(self) -> tuple[Balance, ...]:
        """What accounts hold before the first period; empty from the start of the books on."""
        return tuple(
            balance for balance in self.balances if balance.period == self.first and balance.opening
        )

    @property
    def lines(self) -> int:
        """How many lines there are."""
        return sum(len(journal.lines) for journal in self.journals)

    @property
    def debits(self) -> dict[str, Decimal]:
        """Currency -> the sum of debits, which is the sum of credits: the control total."""
        lines = [line for journal in self.journals for line in journal.lines if line.amount > 0]
        return {
            currency: total(line.amount for line in lines if line.currency == currency)
            for currency in sorted({line.currency for line in lines})
        }


def read_journals(
    connection: DuckDBPyConnection, parameters: Parameters, first: date | None, last: date | None
) -> Journals:
    """The journals of the periods from `first` to `last`, both inclusive.

    Args:
        connection: Open on a built database.
        parameters: Of that build.
        first: First day of a period; None for the first period of the books.
        last: First day of a period; None for the last period of the books.

    Raises:
        InputError: The books hold no journal, or none of those periods.
    """
    [(entity, functional_currency)] = connection.execute(
        "select entity, functional_currency from raw.book"
    ).fetchall()
    [(books_first, books_last)] = connection.execute(
        "select min(booked_period), max(booked_period) from marts.trial_balance"
    ).fetchall()
    if books_first is None:
        raise _nothing(parameters.book, "nothing is posted", "Load payments or usage first.")
    first, last = first or books_first, last or books_last
    if last < books_first or books_last < first:
        raise _nothing(
            parameters.book,
            f"no journal from {month(first)} to {month(last)}",
            f"The books hold {month(books_first)} to {month(books_last)}.",
        )
    return Journals(
        book=parameters.book,
        entity=entity,
        functional_currency=functional_currency,
        as_of=parameters.as_of,
        models_sha256=parameters.models_sha256,
        first=first,
        last=last,
        accounts=_accounts(connection),
        journals=_journals(connection, first, last),
        balances=_balances(connection, first, last),
        closes=_closes(connection),
    )


def _accounts(connection: DuckDBPyConnection) -> tuple[Account, ...]:
    rows = connection.execute(
        """
        select
            account_number, max(account_name), max(account_type),
            list(distinct currency order by currency)
        from marts.trial_balance group by account_number order by account_number
        """
    ).fetchall()
    return tuple(
        Account(number, name, account_type, tuple(currencies))
        for number, name, account_type, currencies in rows
    )


def _journals(connection: DuckDBPyConnection, first: date, last: date) -> tuple[Journal, ...]:
    rows = connection.execute(
        """
        select
            journal_id, booked_period, effective_date,
            line_no, account_role, account_number, account_name, debit - credit, currency,
            functional_debit - functional_credit, customer_id, wallet, posting_group
        from marts.journal_lines
        where booked_period between ? and ?
        order by booked_period, journal_id, line_no
        """,
        [first, last],
    ).fetchall()
    return tuple(
        Journal(
            journal_id=journal_id,
            period=period,
            effective_date=effective_date,
            # The cause of a journal is what its groups have in common.
            memo=f"{lines[0].group.partition(': ')[0]}, {month(period)}",
            lines=lines,
        )
        for (journal_id, period, effective_date), found in groupby(rows, lambda row: row[:3])
        for lines in [tuple(Line(*row[3:]) for row in found)]
    )


def _balances(connection: DuckDBPyConnection, first: date, last: date) -> tuple[Balance, ...]:
    rows = connection.execute(
        """
        select
            account_number, currency, booked_period, last_day(booked_period), opening, closing,
            functional_opening, functional_closing
        from marts.trial_balance
        where booked_period between ? and ?
        order by booked_period, account_number, currency
        """,
        [first, last],
    ).fetchall()
    return tuple(Balance(*row) for row in rows)


def _closes(connection: DuckDBPyConnection) -> dict[date, Close]:
    rows = connection.execute(
        """
        select period, closed_by, closed_at from marts.period_closes
        qualify
            action = 'close'
            and row_number() over (partition by period order by closed_at desc, close_id desc) = 1
        order by period
        """
    ).fetchall()
    return {period: Close(closed_by, closed_at) for period, closed_by, closed_at in rows}


def _nothing(book: str, message: str, remedy: str) -> InputError:
    return InputError([Problem(f"book {book}", message, remedy)], "Nothing was written.")
