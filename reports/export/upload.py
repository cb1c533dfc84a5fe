"""What the journal imports of general ledgers have in common: rows of a CSV, and their limits."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rate_cards.problems import InputError, Problem
from reports.export.journal import Journal, Journals, Line
from reports.numbers import count

CENTS = Decimal("0.01")


@dataclass(frozen=True)
class Posted:
    """A line as a ledger is given it.

    Attributes:
        journal: The entry it belongs to.
        line: The line.
        amount: Debits positive.
        currency: Of the amount.
    """

    journal: Journal
    line: Line
    amount: Decimal
    currency: str


def posted_lines(journals: Journals) -> list[Posted]:
    """Every line in the currency it was made in; what only the functional one has, in that."""
    return [
        Posted(journal, line, line.amount, line.currency)
        if line.amount
        else Posted(journal, line, line.functional_amount, journals.functional_currency)
        for journal in journals.journals
        for line in journal.lines
        if line.amount or line.functional_amount
    ]


def functional_lines(journals: Journals) -> list[Posted]:
    """Every line in the functional currency."""
    return [
        Posted(journal, line, line.functional_amount, journals.functional_currency)
        for journal in journals.journals
        for line in journal.lines
        if line.functional_amount
    ]


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a CSV, header first; cells are quoted where they must be."""
    for row in [header, *rows]:
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow(row)
        yield text.getvalue()


def entry_numbers(journals: Journals) -> dict[str, str]:
    """Journal -> a short number for ledgers whose numbers are short: 202507-003.

    The third journal of July by its id. A closed month has the journals it had, so it is the same
    number in every export, by which a ledger recognises an entry it has already.
    """
    numbers: dict[str, str] = {}
    in_month: Counter[str] = Counter()
    for journal in journals.journals:
        month = f"{journal.period:%Y%m}"
        in_month[month] += 1
        numbers[journal.journal_id] = f"{month}-{in_month[month]:03}"
    return numbers


def in_cents(amount: Decimal) -> str:
    """An amount with two decimals, without a sign."""
    return f"{abs(amount):.2f}"


def debit_and_credit(amount: Decimal) -> tuple[str, str]:
    """An amount in its column; the other one is blank."""
    text = in_cents(amount)
    return (text, "") if amount > 0 else ("", text)


def refuse_finer_than_cents(program: str, journals: Journals, posted: Sequence[Posted]) -> None:
    """Refuse amounts that the ledger would round.

    Raises:
        InputError: An amount has a third decimal.
    """
    finer = [
        f"  {each.journal.journal_id}/{each.line.line_no}: {each.amount} {each.currency}"
        for each in posted
        if each.amount != each.amount.quantize(CENTS)
    ]
    if finer:
        raise over_limit(
            journals,
            f"{program} keeps two decimals, and {count(len(finer), 'line')} have three",
            "Keep these currencies in a ledger that has three, or export the months without them.",
            finer,
        )


def over_limit(
    journals: Journals, message: str, remedy: str, rows: Sequence[str] = ()
) -> InputError:
    """The error that journals do not fit a ledger's import."""
    excerpt = "\n".join([*rows[:5], *([f"  … {len(rows) - 5:,} more"] if len(rows) > 5 else [])])
    problem = Problem(f"book {journals.book}", message, remedy, excerpt=excerpt)
    return InputError([problem], "Nothing was written.")
