"""A customer, or one wallet of it: the balance, how it came about, and the lots behind it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from reports.numbers import count, credits_text, money, month, total
from reports.trace.lots import LOTS, decimals_of, lot_line
from reports.trace.rows import Row, file_step, rows
from reports.trace.tree import Step, tie

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COLUMNS = ("opening", "granted", "drawn", "expired", "voided", "transferred", "closing")


def customer_step(connection: DuckDBPyConnection, customer_id: str) -> Step:
    """Every wallet of a customer.

    Args:
        connection: Open on a built database.
        customer_id: A customer that has usage, lots, or a row in the customers feed.
    """
    read = rows(
        connection,
        "select * from raw.customers where customer_id = ? order by file_no, row_no",
        customer_id,
    )
    known = {name: _last_said(read, name) for name in read[0]} if read else {}
    wallets = rows(
        connection,
        """
        select distinct wallet, rank from marts.wallet_balances
        inner join raw.wallets using (wallet) where customer_id = ? order by rank
        """,
        customer_id,
    )
    steps = [wallet_step(connection, customer_id, row["wallet"]) for row in wallets]
    if known:
        files = tuple(file_step(connection, row) for row in read)
        steps.insert(0, Step("comes from", steps=files))
        if known["parent_customer_id"]:
            parent = known["parent_customer_id"]
            steps.insert(1, Step(f"its usage is paid from the pool of {parent}", {"pool": parent}))
    if not wallets:
        steps.append(Step("holds no wallet of its own"))
    name = f", {known['name']}" if known and known["name"] else ""
    return Step(f"customer {customer_id}{name}", known, tuple(steps))


def _last_said(read: list[Row], name: str) -> object:
    """A field of a customer: rows may leave it empty, those that fill it agree."""
    return next((row[name] for row in reversed(read) if row[name] is not None), None)


def wallet_step(connection: DuckDBPyConnection, customer_id: str, wallet: str) -> Step:
    """One balance: period by period, and the open lots that make it up in burn order.

    Args:
        connection: Open on a built database.
        customer_id: Owner of the pool.
        wallet: Name of the wallet.
    """
    balances = rows(
        connection,
        "select * from marts.wallet_balances where customer_id = ? and wallet = ? "
        "order by booked_period",
        customer_id,
        wallet,
    )
    lots = rows(
        connection,
        f"""
        select lots.*, balances.closing as held, coalesce(schedule.closing, 0) as deferred
        from ({LOTS}) as lots
        inner join marts.lot_balances as balances using (lot_id)
        left join (
            select lot_id, booked_period, sum(closing) as closing
            from marts.deferred_revenue_schedule group by lot_id, booked_period
        ) as schedule
            on
                lots.lot_id = schedule.lot_id
                and balances.booked_period = schedule.booked_period
        where
            lots.pool_id = ? and lots.wallet = ? and balances.closing > 0
            and balances.booked_period = ?
        order by lots.burn_rank
        """,
        customer_id,
        wallet,
        balances[-1]["booked_period"],
    )
    closing = balances[-1]["closing"]
    held = total(lot["held"] for lot in lots)
    shown = [name for name in COLUMNS if name != "transferred" or any(b[name] for b in balances)]
    table = [("period", *shown)]
    table += [
        (month(row["booked_period"]), *(credits_text(row[name]) for name in shown))
        for row in balances
    ]
    return Step(
        f"balance {customer_id}/{wallet}: {credits_text(closing)} credits{_worth(lots)}",
        {"customer_id": customer_id, "wallet": wallet, "credits": closing},
        (
            _open_lots(lots),
            tie("held in its lots", held, "closing balance", closing, 0),
        ),
        table=tuple(table),
    )


def _worth(lots: list[Row]) -> str:
    """The money customers paid for the open lots that is not yet earned, per currency."""
    totals: dict[tuple[str, int], Decimal] = {}
    for lot in lots:
        key = (lot["currency"], decimals_of(lot))
        totals[key] = totals.get(key, Decimal(0)) + lot["deferred"]
    parts = [f"{money(sum_, d)} {currency}" for (currency, d), sum_ in sorted(totals.items())]
    return f", {' and '.join(parts)} still deferred" if parts else ""


def _open_lots(lots: list[Row]) -> Step:
    """Lots that hold credits, first to be used first."""
    steps = tuple(Step(f"{credits_text(lot['held'])} left of {lot_line(lot)}", lot) for lot in lots)
    return Step(f"held in {count(len(lots), 'lot')}, first used first", steps=steps, others="lots")
