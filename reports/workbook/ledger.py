"""Sheets of the ledger: journals, trial balance."""

from __future__ import annotations

from reports.workbook.books import Books
from reports.workbook.model import ALL, Column, Kind, Sheet, Table, money

NUMBER = Column("account_number", "Account", width=10)
NAME = Column("account_name", "Name", width=30)
TYPE = Column("account_type", "Type", width=14)
CURRENCY = Column("currency", "Currency", width=9)


def journals(books: Books) -> Sheet:
    """Every line of the month's journals."""
    functional = (
        money("functional_debit", f"Debit, {books.functional_currency}", None, ALL, _own(books)),
        money("functional_credit", f"Credit, {books.functional_currency}", None, ALL, _own(books)),
    )
    table = Table(
        sql="""
        select
            journal_id, line_no, effective_date, account_number, account_name, account_type, debit,
            credit, currency, functional_debit, functional_credit, wallet, customer_id, memo
        from marts.journal_lines where booked_period = $period order by journal_id, line_no
        """,
        columns=(
            Column("journal_id", "Journal", width=30),
            Column("line_no", "Line", Kind.COUNT, width=6),
            Column("effective_date", "Date", Kind.DATE),
            NUMBER,
            NAME,
            TYPE,
            money("debit", "Debit"),
            money("credit", "Credit"),
            CURRENCY,
            *(functional if books.is_translated else ()),
            Column("wallet", "Wallet", width=15),
            Column("customer_id", "Customer", width=14),
            Column("memo", "Memo", width=42),
        ),
        whole="marts.journal_lines",
        is_filtered=True,
    )
    return Sheet(
        name="Journals",
        answers="What is booked in the general ledger?",
        tables=(table,),
        notes=("One journal per cause and currency; each balances.",),
    )


def trial_balance(books: Books) -> Sheet:
    """Every account: opening, debits, credits, closing."""
    own = _own(books)
    functional = tuple(
        money(f"functional_{key}", f"{title}, {own}", None, ALL, own)
        for key, title in {
            "opening": "Opening",
            "debits": "Debits",
            "credits": "Credits",
            "closing": "Closing",
        }.items()
    )
    table = Table(
        sql="""
        select
            account_number, account_name, account_type, currency, opening, debits, credits, closing,
            functional_opening, functional_debits, functional_credits, functional_closing,
            case when account_number in (
                select account_number from marts.journal_lines
                where account_role in ('contract_liability', 'refund_liability', 'customer_deposit')
            ) then -closing else 0 end as owed,
            case when account_type = 'revenue' then credits - debits else 0 end as revenue
        from marts.trial_balance where booked_period = $period order by account_number, currency
        """,
        columns=(
            NUMBER,
            NAME,
            TYPE,
            CURRENCY,
            money("opening", "Opening"),
            money("debits", "Debits"),
            money("credits", "Credits"),
            money("closing", "Closing"),
            *(functional if books.is_translated else ()),
            money("owed", "Of which customers' credits"),
            money("revenue", "Of which revenue"),
        ),
        whole="marts.trial_balance",
    )
    return Sheet(
        name="Trial balance",
        answers="What does each account hold?",
        tables=(table,),
        notes=(
            "Debit balances are positive, credit balances in parentheses; the closing column sums "
            "to zero. The last two columns repeat the accounts that other sheets tie to.",
        ),
    )


def _own(books: Books) -> str:
    return books.functional_currency
