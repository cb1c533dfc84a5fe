"""A payment or a subscription: the row it was read from, the lots it bought, what came back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.numbers import count, credits_text, month, total
from reports.trace.lots import LOTS, decimals_of, lot_line, payment_step, subscription_step
from reports.trace.rows import Row, one, rows
from reports.trace.tree import Step, tie

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def payment_trace(connection: DuckDBPyConnection, payment_id: str) -> Step:
    """A payment, the lots it bought and the facts that name it.

    Args:
        connection: Open on a built database.
        payment_id: Of a payment in `raw.payments`.
    """
    head = payment_step(connection, payment_id)
    lots = rows(connection, f"{LOTS} where payment_id = ? order by lot_id", payment_id)
    related = rows(
        connection,
        "select payment_id from raw.payments where relates_to = ? order by occurred_at, payment_id",
        payment_id,
    )
    steps = [Step("comes from", steps=head.steps), *_related(connection, head)]
    taken = _taken_back(connection, payment_id)
    if taken or head.facts["kind"] == "refund":
        steps.append(_taken_step(taken))
    else:
        steps.append(_lots(lots, "bought"))
    if related:
        named = tuple(payment_step(connection, row["payment_id"]) for row in related)
        steps.append(Step("named by", steps=named, others="payments"))
    if lots and head.facts["kind"] == "payment" and lots[0]["origin"] == "payment":
        steps.append(_net_tie(head, lots))
    return Step(head.text, head.facts, tuple(steps))


def subscription_trace(connection: DuckDBPyConnection, subscription_id: str) -> Step:
    """A subscription, the lots of its periods and its payments.

    Args:
        connection: Open on a built database.
        subscription_id: Of a subscription in `raw.subscriptions`.
    """
    head = subscription_step(connection, subscription_id)
    lots = rows(
        connection,
        f"{LOTS} where subscription_id = ? order by effective_at, lot_id",
        subscription_id,
    )
    paid = rows(
        connection,
        "select payment_id from raw.payments where subscription_id = ? "
        "order by occurred_at, payment_id",
        subscription_id,
    )
    steps = [Step("comes from", steps=head.steps), _lots(lots, "granted")]
    if paid:
        named = tuple(payment_step(connection, row["payment_id"]) for row in paid)
        steps.append(Step("paid by", steps=named, others="payments"))
    return Step(head.text, head.facts, tuple(steps))


def _related(connection: DuckDBPyConnection, head: Step) -> list[Step]:
    """The payment that a refund or dispute names."""
    original = head.facts["relates_to"]
    known = original and one(
        connection, "select 1 from raw.payments where payment_id = ?", original
    )
    if not known:
        return []
    return [Step("relates to", steps=(payment_step(connection, original),))]


def _taken_back(connection: DuckDBPyConnection, payment_id: str) -> list[Row]:
    """What a refund took out of lots."""
    return rows(
        connection,
        "select lot_id, wallet, credits, amount, currency, booked_period from marts.credit_ledger "
        "where payment_id = ? and entry_type = 'void' and reason = 'refund' order by lot_id",
        payment_id,
    )


def _taken_step(taken: list[Row]) -> Step:
    """The lots a refund took credits from, a line each."""
    if not taken:
        return Step("took nothing back: no credits were left, or none were bought")
    steps = tuple(
        Step(
            f"lot {row['lot_id']}: {credits_text(-row['credits'])} {row['wallet']}, "
            f"booked in {month(row['booked_period'])}",
            row,
        )
        for row in taken
    )
    return Step(f"took back from {count(len(taken), 'lot')}", steps=steps, others="lots")


def _lots(lots: list[Row], verb: str) -> Step:
    """Lots a line each."""
    if not lots:
        return Step(f"{verb} no lot")
    steps = tuple(Step(lot_line(lot), lot) for lot in lots)
    return Step(f"{verb} {count(len(lots), 'lot')}", steps=steps, others="lots")


def _net_tie(head: Step, lots: list[Row]) -> Step:
    """Identity 7 of one payment: what its lots carry is its amount net of tax."""
    net = head.facts["amount"] - head.facts["tax"]
    carried = total(lot["consideration"] for lot in lots)
    return tie("consideration of its lots", carried, "amount less tax", net, decimals_of(lots[0]))
