"""Xero: manual journals as its import reads them.

Rows with one narration and date are one journal. Xero's manual journals are in the organisation's
own currency, so amounts are the functional ones; debits are positive. A file holds 300 lines. Xero
posts no manual journal to bank accounts and to its own receivables and payables: map those roles to
clearing accounts.
"""

from __future__ import annotations

from collections.abc import Iterator

from reports.export.journal import Journals
from reports.export.upload import (
    csv_lines,
    functional_lines,
    in_cents,
    over_limit,
    refuse_finer_than_cents,
)

HEADER = (
    "*Narration",
    "*Date",
    "Description",
    "*AccountCode",
    "*TaxRate",
    "*Amount",
    "TrackingName1",
    "TrackingOption1",
    "TrackingName2",
    "TrackingOption2",
)
MOST_LINES = 300
NO_TAX = "Tax Exempt"


def write(journals: Journals) -> Iterator[str]:
    """The file, line by line.

    Raises:
        InputError: More lines than a file may have, or an amount with more than two decimals.
    """
    lines = functional_lines(journals)
    if len(lines) > MOST_LINES:
        raise over_limit(
            journals,
            f"Xero takes {MOST_LINES} lines a file, and there are {len(lines):,}",
            "Export fewer months: --period 2025-07.",
        )
    refuse_finer_than_cents("Xero", journals, lines)
    yield from csv_lines(
        HEADER,
        (
            (
                f"{each.journal.memo} {each.journal.journal_id}",
                f"{each.journal.effective_date:%d/%m/%Y}",
                each.line.group,
                each.line.number,
                NO_TAX,
                ("-" if each.amount < 0 else "") + in_cents(each.amount),
                "",
                "",
                "",
                "",
            )
            for each in lines
        ),
    )
