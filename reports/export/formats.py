"""The formats journals are written in: what each is called, and its writer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from reports.export import beancount, hledger, intacct, netsuite, quickbooks, xero
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


def text_of(journals: Journals, form: str) -> str:
    """The file of a format as text: equal journals give equal bytes."""
    return "".join(f"{line}\n" for line in WRITERS[form](journals))
