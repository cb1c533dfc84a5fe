"""Sage Intacct: general-ledger journal entries as its import reads them.

Two rows of headings; an entry's own fields stand on its first line only, lines count from 1, and a
description has 30 characters. A company's template has its own dimensions besides (location,
department): add those columns to the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from reports.export.journal import Journals
from reports.export.upload import (
    Posted,
    csv_lines,
    debit_and_credit,
    posted_lines,
    refuse_finer_than_cents,
)

COLUMNS = {
    "JOURNAL": "Journal symbol",
    "DATE": "Posting date",
    "DESCRIPTION": "Description of the entry",
    "REFERENCE_NO": "Reference number",
    "LINE_NO": "Line number",
    "ACCT_NO": "Account number",
    "DEBIT": "Debit amount",
    "CREDIT": "Credit amount",
    "CURRENCY": "Transaction currency",
    "MEMO": "Memo of the line",
}
JOURNAL = "GJ"
LONGEST_DESCRIPTION = 30


def write(journals: Journals) -> Iterator[str]:
    """The file, line by line.

    Raises:
        InputError: An amount has more than two decimals.
    """
    lines = posted_lines(journals)
    refuse_finer_than_cents("Intacct", journals, lines)
    yield from csv_lines(tuple(COLUMNS), [tuple(COLUMNS.values()), *_rows(lines)])


def _rows(lines: list[Posted]) -> Iterator[tuple[str, ...]]:
    for journal, of_journal in groupby(lines, lambda each: each.journal):
        head: tuple[str, ...] = (
            JOURNAL,
            f"{journal.effective_date:%m/%d/%Y}",
            journal.memo[:LONGEST_DESCRIPTION],
            journal.journal_id,
        )
        for position, each in enumerate(of_journal, start=1):
            yield (
                *head,
                str(position),
                each.line.number,
                *debit_and_credit(each.amount),
                each.currency,
                each.line.group,
            )
            head = ("",) * len(head)
