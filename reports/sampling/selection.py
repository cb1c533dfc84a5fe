"""Choosing items by random number, by monetary unit, or around the end of a month.

Nothing is drawn from a generator: every choice follows from the seed, the ids and the amounts by
SHA-256 and whole numbers, so that an auditor gets the same items with a spreadsheet.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from rate_cards.problems import InputError, Problem
from reports.numbers import count, month
from reports.sampling.population import Population

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

METHODS = {
    "random": "the items whose sha256 of '<seed>/<id>' come first in alphabetical order",
    "monetary_unit": "items in order of id, one for each unit of money numbered "
    "start + k x interval; an item larger than the interval is hit more than once",
    "cut_off": "the items that happened last before the end of the month and first after it, "
    "half of the size on either side, whenever they were booked",
}
"""Method -> how it chooses, for whoever wants to do it again."""


@dataclass(frozen=True)
class Item:
    """One item of a sample.

    Attributes:
        sample_no: Its place in the sample, from 1.
        id: Of a lot, payment or event.
        customer_id: Whose it is.
        happened_at: When it was granted, paid or used, UTC.
        booked_period: The month it is booked in.
        amount: In functional currency; None where items have none of their own.
        why: What chose it: units of money hit, or the side of the end of the month.
    """

    sample_no: int
    id: str
    customer_id: str
    happened_at: datetime
    booked_period: date
    amount: Decimal | None
    why: str


@dataclass(frozen=True)
class Sample:
    """Items, and the population they stand for.

    Attributes:
        population: What was sampled.
        method: How.
        seed: What the choice followed from.
        rows: Items of the population.
        total: Their amounts together; None where items have none.
        left_out: Items that no unit of money can hit, since their amount is below zero.
        interval: Units of money between two hits, exactly; None for the other methods.
        items: In order of choice.
    """

    population: Population
    method: str
    seed: str
    rows: int
    total: Decimal | None
    left_out: int
    interval: str | None
    items: tuple[Item, ...]


def draw(
    connection: DuckDBPyConnection,
    population: Population,
    method: str,
    period: date,
    size: int,
    seed: str,
) -> Sample:
    """Take a sample of a month.

    Args:
        connection: Open on a built database.
        population: Of what.
        method: One of METHODS.
        period: The month, as its first day.
        size: How many items; a monetary-unit sample may hit one more than once.
        seed: Any text.

    Raises:
        InputError: The month is none of these books', or nothing is there to choose from.
    """
    ends_at = _end_of(connection, period)
    of_month = f"(select * from ({population.rows}) where booked_period = $period)"
    [(rows, total, left_out)] = connection.execute(
        f"select count(*), sum(amount), count(*) filter (where amount < 0) from {of_month}",
        {"period": period},
    ).fetchall()
    interval = None
    if method == "random":
        sql = f"""
            select *, '' as why from {of_month}
            order by sha256($seed || '/' || id), id limit $size
        """
        chosen = _rows(connection, sql, period=period, seed=seed, size=size)
    elif method == "monetary_unit":
        chosen, interval = _by_money(connection, of_month, period, size, seed)
    else:
        chosen = _around(connection, population.rows, ends_at, size)
    if not chosen:
        raise InputError(
            [
                Problem(
                    f"sample of {month(period)}",
                    f"there is nothing to choose from: {count(rows, 'item')} in the month",
                    f"The population is {population.title}. Choose another month or population.",
                )
            ]
        )
    return Sample(
        population=population,
        method=method,
        seed=seed,
        rows=rows,
        total=total,
        left_out=left_out if method == "monetary_unit" else 0,
        interval=interval,
        items=tuple(
            Item(sample_no=position, **item) for position, item in enumerate(chosen, start=1)
        ),
    )


def _end_of(connection: DuckDBPyConnection, period: date) -> datetime:
    """First instant after a month of the books, UTC."""
    periods = dict(connection.execute("select period, ends_at from staging.stg_periods").fetchall())
    if period not in periods:
        raise InputError(
            [
                Problem(
                    f"sample of {month(period)}",
                    "it is no month of these books",
                    f"They go from {month(min(periods))} to {month(max(periods))}.",
                )
            ]
        )
    ends_at: datetime = periods[period]
    return ends_at


def _by_money(
    connection: DuckDBPyConnection, of_month: str, period: date, size: int, seed: str
) -> tuple[list[dict[str, Any]], str | None]:
    """Items that hold the units of money numbered start + k x interval, and the interval.

    Units are thousandths. Units and start are multiplied by the size, so that the interval is the
    total itself, a whole number: exactly `size` units are hit.
    """
    [(units,)] = connection.execute(
        f"select coalesce(sum(cast(amount * 1000 as hugeint)), 0) from {of_month} where amount > 0",
        {"period": period},
    ).fetchall()
    if not units:
        return [], None
    total = int(units)
    start = 1 + int(sha256(seed.encode()).hexdigest(), 16) % total
    sql = f"""
        with running as (
            select
                *,
                cast(amount * 1000 as hugeint) as units,
                sum(cast(amount * 1000 as hugeint)) over (order by id) as units_to
            from {of_month} where amount > 0
        ),
        hits as (
            select
                *,
                ($size * units_to - $start + $total) // $total
                - ($size * (units_to - units) - $start + $total) // $total as hits
            from running
        )
        select
            id, customer_id, amount, happened_at, booked_period,
            hits || case when hits = 1 then ' unit hit' else ' units hit' end as why
        from hits where hits > 0 order by id
    """
    chosen = _rows(connection, sql, period=period, size=size, start=start, total=total)
    return chosen, f"{total} / {size} thousandths, from {start} / {size}"


def _around(
    connection: DuckDBPyConnection, rows: str, ends_at: datetime, size: int
) -> list[dict[str, Any]]:
    """The last items before an instant and the first ones from it on, in order of time."""
    sides = " union all ".join(
        f"(select *, '{why}' as why from ({rows}) where happened_at {holds} $ends_at "
        f"order by happened_at {order}, id {order} limit {most})"
        for why, holds, order, most in (
            ("before the end of the month", "<", "desc", "$size - $size // 2"),
            ("after the end of the month", ">=", "asc", "$size // 2"),
        )
    )
    return _rows(connection, f"from ({sides}) order by happened_at, id", ends_at=ends_at, size=size)


def _rows(connection: DuckDBPyConnection, sql: str, **values: object) -> list[dict[str, Any]]:
    """Rows of a query, by column name."""
    found = connection.execute(sql, values)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
