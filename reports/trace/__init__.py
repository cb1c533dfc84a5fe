"""Walk a figure both ways: back to the rows, lines and digests it rests on, on to its postings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rate_cards.problems import InputError, Problem
from reports.trace.balances import customer_step, wallet_step
from reports.trace.events import event_step
from reports.trace.journals import journal_step, line_step
from reports.trace.lots import lot_step
from reports.trace.payments import payment_trace, subscription_trace
from reports.trace.rows import one, rows
from reports.trace.tree import Step

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Walk = Callable[["DuckDBPyConnection", str], Step]

KINDS: dict[str, tuple[str, str, Walk]] = {
    "lot": ("marts.credit_lots", "lot_id", lot_step),
    "payment": ("raw.payments", "payment_id", payment_trace),
    "subscription": ("raw.subscriptions", "subscription_id", subscription_trace),
    "event": ("raw.usage", "event_id", event_step),
    "journal": ("marts.journal_lines", "journal_id", journal_step),
    "customer": ("marts.wallet_balances", "customer_id", customer_step),
    "customer without lots": ("raw.usage_customers", "customer_id", customer_step),
    "customer on file": ("raw.customers", "customer_id", customer_step),
}
"""What an id may be -> where it is looked up and how it is walked; the first that knows it wins."""

SUGGESTIONS = 5
CLOSE_ENOUGH = 0.8


def trace(connection: DuckDBPyConnection, wanted: str) -> Step:
    """Find out what an id is, and walk it.

    Args:
        connection: Open on a built database.
        wanted: A lot, payment, subscription, event, journal or customer; a ledger entry
            (`event/lot`, `lot/grant`), a journal line (`journal/2`) or a balance
            (`customer/wallet`).

    Raises:
        InputError: Nothing has this id; the closest ones are named.
    """
    for table, column, walk in KINDS.values():
        if one(connection, f"select 1 from {table} where {column} = ? limit 1", wanted):
            return walk(connection, wanted)
    compound = _compound(connection, wanted)
    if compound is None:
        raise _unknown(connection, wanted)
    return compound


def _compound(connection: DuckDBPyConnection, wanted: str) -> Step | None:
    """An id made of two, split at any of its slashes, since ids themselves may hold some."""
    for position, letter in enumerate(wanted):
        if letter != "/":
            continue
        left, right = wanted[:position], wanted[position + 1 :]
        if _exists(connection, "marts.wallet_balances", customer_id=left, wallet=right):
            return wallet_step(connection, left, right)
        if right.isdigit() and _exists(
            connection, "marts.journal_lines", journal_id=left, line_no=int(right)
        ):
            return line_step(connection, left, int(right))
        # A ledger entry is part of the story of its event or, where it has none, of its lot.
        if _exists(connection, "raw.usage", event_id=left) and _exists(
            connection, "marts.credit_ledger", event_id=left, entry_id=wanted
        ):
            return event_step(connection, left)
        if _exists(connection, "marts.credit_lots", lot_id=left) and _exists(
            connection, "marts.credit_ledger", lot_id=left, entry_id=wanted
        ):
            return lot_step(connection, left)
    return None


def _exists(connection: DuckDBPyConnection, table: str, **values: object) -> bool:
    """Whether a table has a row with these values."""
    where = " and ".join(f"{column} = ?" for column in values)
    found = one(connection, f"select 1 from {table} where {where} limit 1", *values.values())
    return found is not None


def _unknown(connection: DuckDBPyConnection, wanted: str) -> InputError:
    """The error of an id nobody knows, with the ids closest to it."""
    known = " union ".join(
        f"select cast({column} as varchar) as id, '{kind.split()[0]}' as kind from {table}"
        for kind, (table, column, _) in KINDS.items()
    )
    closest = rows(
        connection,
        f"""
        select id, kind, jaro_winkler_similarity(id, ?) as closeness
        from ({known}) as known
        where closeness >= {CLOSE_ENOUGH}
        order by closeness desc, id limit {SUGGESTIONS}
        """,
        wanted,
    )
    return InputError(
        [
            Problem(
                f"trace {wanted}",
                "no lot, event, payment, subscription, ledger entry, journal or customer has "
                "this id",
                "Ids are as the files give them; a balance is customer/wallet, a lot of a payment "
                "is payment:1.",
                excerpt="\n".join(f"  {row['kind']} {row['id']}" for row in closest),
            )
        ]
    )
