"""QuickBooks Online: journal entries as its import reads them.

One entry per journal, in the currency it was made in, its number and date on every row. Accounts go
by name, so account numbers must be off while importing. Lines of receivables need a customer: what
this subledger posts is of many, who stand there under one name.
"""

from __future__ import annotations

from collections.abc import Iterator

from reports.export.journal import Journals, Line
from reports.export.upload import (
    csv_lines,
    debit_and_credit,
    entry_numbers,
    posted_lines,
    refuse_finer_than_cents,
)

HEADER = (
    "*JournalNo",
    "*JournalDate",
    "*AccountName",
    "*Debits",
    "*Credits",
    "Description",
    "Name",
    "Currency",
    "Location",
    "Class",
)
RECEIVABLES = ("accounts_receivable", "unbilled_receivable")
CUSTOMERS = "Customers of the credit subledger"


def write(journals: Journals) -> Iterator[str]:
    """The file, line by line.

    Raises:
        InputError: An amount has more than two decimals.
    """
    numbers = entry_numbers(journals)
    lines = posted_lines(journals)
    refuse_finer_than_cents("QuickBooks", journals, lines)
    yield from csv_lines(
        HEADER,
        (
            (
                numbers[each.journal.journal_id],
                f"{each.journal.effective_date:%m/%d/%Y}",
                each.line.name,
                *debit_and_credit(each.amount),
                f"{each.line.group} ({each.journal.journal_id}/{each.line.line_no})",
                _name(each.line),
                each.currency,
                "",
                "",
            )
            for each in lines
        ),
    )


def _name(line: Line) -> str:
    """Whom a line is of, where QuickBooks asks for it."""
    return (line.customer_id or CUSTOMERS) if line.role in RECEIVABLES else ""
