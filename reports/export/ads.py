"""AICPA audit data standards: general ledger detail, trial balance and chart of accounts.

Three files, comma separated, a header each, by the names of the standard (Audit Data Standards,
General Ledger, 2015; layouts as in xbrlus/AuditData-API). Amounts are positive and an indicator
says debit (D) or credit (C); balances in the trial balance are signed, debits positive. Reporting
and local amounts are in the functional currency of the entity. Fiscal years are calendar years.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal

from reports.export.journal import Journals
from reports.export.upload import csv_lines

SOURCE = "creditbooks"

GL_DETAIL = (
    "Journal_ID",
    "Journal_ID_Line_Number",
    "JE_Header_Description",
    "JE_Line_Description",
    "Source",
    "Business_Unit_Code",
    "Effective_Date",
    "Fiscal_Year",
    "Period",
    "GL_Account_Number",
    "Amount",
    "Amount_Credit_Debit_Indicator",
    "Amount_Currency",
    "Reporting_Amount",
    "Reporting_Amount_Currency",
    "Local_Amount",
    "Local_Amount_Currency",
    "Entered_By",
    "Entered_Date",
    "Entered_Time",
    "Approved_By",
    "Approved_Date",
    "Last_Modified_By",
    "Last_Modified_Date",
    "Reversal_Indicator",
    "Reversal_Journal_ID",
)
TRIAL_BALANCE = (
    "GL_Account_Number",
    "Business_Unit_Code",
    "Balance_As_Of_Date",
    "Fiscal_Year",
    "Period",
    "Amount_Beginning",
    "Amount_Ending",
    "Amount_Currency",
    "Reporting_Amount_Beginning",
    "Reporting_Amount_Ending",
    "Reporting_Amount_Currency",
    "Local_Amount_Beginning",
    "Local_Amount_Ending",
    "Local_Amount_Currency",
)
CHART_OF_ACCOUNTS = (
    "GL_Account_Number",
    "GL_Account_Name",
    "FS_Caption",
    "Account_Type",
    "Account_Subtype",
    "GL_Account_Description",
    "Parent_GL_Account_Number",
)
TYPES = {
    "asset": ("Assets", "Assets", ""),
    "liability": ("Liabilities", "Liabilities", ""),
    "equity": ("Equity", "Equity", ""),
    "revenue": ("Revenue", "Revenue", ""),
    "contra_revenue": ("Revenue", "Revenue", "Contra revenue"),
    "expense": ("Expenses", "Expenses", ""),
}
"""Account type -> caption in the statements, type and subtype."""


def write(journals: Journals) -> Mapping[str, Iterator[str]]:
    """The files, line by line, by name: each says which days it covers."""
    after = (journals.last + timedelta(days=31)).replace(day=1)
    span = f"{journals.first:%Y%m%d}_{after - timedelta(days=1):%Y%m%d}"
    return {
        f"GL_Detail_{span}.csv": csv_lines(GL_DETAIL, _details(journals)),
        f"Trial_Balance_{span}.csv": csv_lines(TRIAL_BALANCE, _balances(journals)),
        f"Chart_Of_Accounts_{span}.csv": csv_lines(CHART_OF_ACCOUNTS, _accounts(journals)),
    }


def _details(journals: Journals) -> Iterator[tuple[str, ...]]:
    """Every line: nobody enters one by hand, and who closed its month has approved it."""
    for journal in journals.journals:
        close = journals.closes.get(journal.period)
        approved = (close.closed_by or "", f"{close.closed_at:%Y-%m-%d}") if close else ("", "")
        for line in journal.lines:
            functional = (_positive(line.functional_amount), journals.functional_currency)
            yield (
                journal.journal_id,
                str(line.line_no),
                journal.memo,
                line.group,
                SOURCE,
                journals.book,
                f"{journal.effective_date:%Y-%m-%d}",
                f"{journal.period:%Y}",
                f"{journal.period:%m}",
                line.number,
                _positive(line.amount),
                "D" if (line.amount or line.functional_amount) > 0 else "C",
                line.currency,
                *functional,
                *functional,
                SOURCE,
                *("", ""),
                *approved,
                *("", "", "", ""),
            )


def _balances(journals: Journals) -> Iterator[tuple[str, ...]]:
    for balance in journals.balances:
        functional = (
            _signed(balance.functional_opening),
            _signed(balance.functional_closing),
            journals.functional_currency,
        )
        yield (
            balance.number,
            journals.book,
            f"{balance.effective_date:%Y-%m-%d}",
            f"{balance.period:%Y}",
            f"{balance.period:%m}",
            _signed(balance.opening),
            _signed(balance.closing),
            balance.currency,
            *functional,
            *functional,
        )


def _accounts(journals: Journals) -> Iterator[tuple[str, ...]]:
    for account in journals.accounts:
        caption, kind, subtype = TYPES[account.account_type]
        yield (account.number, account.name, caption, kind, subtype, account.name, "")


def _positive(amount: Decimal) -> str:
    """An amount without its sign, exactly."""
    return _signed(abs(amount))


def _signed(amount: Decimal) -> str:
    """An amount with two decimals, or all it has."""
    cents = amount.quantize(Decimal("0.01"))
    return f"{cents if cents == amount else amount.normalize():f}"
