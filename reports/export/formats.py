"""The formats journals are written in: what each is called, and its writer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from reports.export import ads, beancount, hledger, intacct, netsuite, quickbooks, xero
from reports.export.journal import Journals

Writer = Callable[[Journals], Iterator[str]]
"""Gives the lines of a file, without their ends."""

WRITERS: Mapping[str, Writer] = {
    "hledger": hledger.write,
    "beancount": beancount.write,
    "qbo": quickbooks.write,
    "xero": xero.write,
    "intacct": intacct.write,
    "netsuite": netsuite.write,
}
FOLDER_WRITERS: Mapping[str, Callable[[Journals], Mapping[str, Iterator[str]]]] = {
    "ads": ads.write,
}
"""Formats of several files: each gives the lines of every file by its name."""


def text_of(journals: Journals, form: str) -> str:
    """The file of a format as text: equal journals give equal bytes."""
    return _text(WRITERS[form](journals))


def texts_of(journals: Journals, form: str) -> dict[str, str]:
    """The files of a format of several, by name."""
    return {name: _text(lines) for name, lines in FOLDER_WRITERS[form](journals).items()}


def _text(lines: Iterator[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
