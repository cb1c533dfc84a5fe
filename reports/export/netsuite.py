"""NetSuite: journal entries as its CSV import reads them.

The external id is the journal's, so that an entry is imported once. An entry balances and has two
lines at least; amounts have ten digits before the point and two after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from reports.export.journal import Journals
from reports.export.upload import (
    csv_lines,
    debit_and_credit,
    over_limit,
    posted_lines,
    refuse_finer_than_cents,
)

HEADER = (
    "External ID",
    "Date",
    "Posting Period",
    "Memo",
    "Currency",
    "Subsidiary",
    "Account",
    "Debit",
    "Credit",
    "Line Memo",
)
TOO_LARGE = Decimal(10) ** 10


def write(journals: Journals) -> Iterator[str]:
    """The file, line by line.

    Raises:
        InputError: An amount has more digits than NetSuite takes.
    """
    lines = posted_lines(journals)
    refuse_finer_than_cents("NetSuite", journals, lines)
    large = [
        f"  {each.journal.journal_id}/{each.line.line_no}: {each.amount:,} {each.currency}"
        for each in lines
        if abs(each.amount) >= TOO_LARGE
    ]
    if large:
        raise over_limit(
            journals,
            "NetSuite takes ten digits before the decimal point",
            "Split the posting in NetSuite by hand, and leave the month out here.",
            large,
        )
    yield from csv_lines(
        HEADER,
        (
            (
                f"{journals.book}/{each.journal.journal_id}",
                f"{each.journal.effective_date:%m/%d/%Y}",
                f"{each.journal.period:%b %Y}",
                each.journal.memo,
                each.currency,
                journals.entity,
                f"{each.line.number} {each.line.name}",
                *debit_and_credit(each.amount),
                each.line.group,
            )
            for each in lines
        ),
    )
