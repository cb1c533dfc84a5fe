"""What the ledger's money for usage becomes under each scenario, and why: the bridge.

Every part of the usage stays with the wallet that paid for it, and keeps the value its credits had:
the money of a customer's usage of one kind follows what that usage costs in the paying wallet. What
nobody paid for still earns nothing. So the cards in force give the ledger's money itself, and a
change of price gives its proportion; that other wallets would have paid is known only to a rebuild.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reports.compare.engine import Scope
from reports.compare.scenarios import IN_FORCE

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

EFFECTS = ("price", "volume", "mix", "rounding")
"""Why money changes, where wallets pay as they did."""


def value_usage(
    connection: DuckDBPyConnection, scratch: str, names: Sequence[str], scope: Scope
) -> None:
    """Fill `valued`, by scenario, customer, property set, slot and currency; and `effects`.

    A slot is a wallet of the chain, or the overage. Money is in minor units: whole numbers.

    Args:
        connection: In which `reports.compare.engine.price_scenarios` has run.
        scratch: Its empty database, quoted.
        names: Scenarios; the first is what the others are compared with.
        scope: Months of service.
    """
    _read_ledger(connection, scratch, scope)
    connection.execute(
        f"""
        create table memory.main.in_force as
        select line_no, slot, rate_id, cost from memory.main.priced where scenario = '{IN_FORCE}'
        """
    )
    connection.execute(
        "create table memory.main.valued (scenario varchar, customer_no bigint, "
        "property_set_no int, slot varchar, currency varchar, minor_units int, money hugeint, "
        "credits_drawn decimal(38, 9))"
    )
    connection.execute(
        "create table memory.main.effects (scenario varchar, effect varchar, customer_no bigint, "
        "property_set_no int, slot varchar, currency varchar, minor_units int, money hugeint)"
    )
    for name in dict.fromkeys(names):
        _make_standing(connection, name, "standing")
        connection.execute(
            f"""
            insert into memory.main.valued
            with cells as (
                select
                    lines.customer_no, lines.property_set_no, standing.slot,
                    sum(standing.cost_in_force) as base, sum(standing.cost) as cost
                from memory.main.standing as standing
                inner join memory.main.lines as lines on standing.line_no = lines.line_no
                group by all
            )
            select
                ?,
                ledger.customer_no,
                ledger.property_set_no,
                ledger.slot,
                ledger.currency,
                ledger.minor_units,
                case
                    when coalesce(cells.base, 0) = 0 then ledger.money
                    else {_share("ledger.money", "cells.cost", "cells.base")}
                end,
                case
                    when coalesce(cells.base, 0) = 0 then ledger.credits
                    else cast({_share(_whole("ledger.credits"), "cells.cost", "cells.base")}
                        as decimal(38, 0)) * cast(0.000000001 as decimal(9, 9))
                end
            from memory.main.ledger as ledger
            left join cells
                on ledger.customer_no = cells.customer_no
                and ledger.property_set_no = cells.property_set_no
                and ledger.slot = cells.slot
            """,
            [name],
        )
    _make_standing(connection, names[0], "standing_before")
    for name in dict.fromkeys(names[1:]):
        _make_standing(connection, name, "standing")
        _add_effects(connection, name, names[0])


def _read_ledger(connection: DuckDBPyConnection, scratch: str, scope: Scope) -> None:
    """What usage of these months earned, by who used what and which wallet paid, in the books."""
    connection.execute(
        f"""
        create table memory.main.ledger as
        with parts as (
            select customer_id, property_set_no, wallet as slot, currency, revenue as money, credits
            from creditbooks_read.revenue.int_usage_revenue_shares
            where {scope.condition}
            union all
            select
                customer_id, property_set_no, 'overage ' || currency, currency, amount,
                cast(0 as decimal(28, 9))
            from creditbooks_read.revenue.int_overage_billed
            where {scope.condition}
        )
        select
            customers.customer_no,
            parts.property_set_no,
            parts.slot,
            parts.currency,
            coalesce(currencies.minor_units, 2) as minor_units,
            cast(sum(parts.money * case coalesce(currencies.minor_units, 2)
                when 0 then 1 when 3 then 1000 else 100 end) as hugeint) as money,
            sum(parts.credits) as credits
        from parts
        inner join {scratch}.staging.stg_customers as customers
            on parts.customer_id = customers.customer_id
        left join creditbooks_read.raw.currencies as currencies
            on parts.currency = currencies.currency
        where parts.currency is not null
        group by all
        """
    )


def _make_standing(connection: DuckDBPyConnection, scenario: str, table: str) -> None:
    """What each line costs in each slot that could pay for it in force, under a scenario.

    Usage that the scenario has no rate for costs nothing there; where it has one, but no price in
    that wallet, the cost in force stands and is_kept says so.
    """
    connection.execute(
        f"""
        create or replace table memory.main.{table} as
        with now as (
            select line_no, slot, rate_id, cost from memory.main.priced where scenario = ?
        ),
        rates as (
            select line_no, min(rate_id) as rate_id from now group by line_no
        )
        select
            in_force.line_no,
            in_force.slot,
            in_force.cost as cost_in_force,
            rates.rate_id,
            case
                when rates.rate_id is null then cast(0 as decimal(38, 9))
                else coalesce(now.cost, in_force.cost)
            end as cost,
            rates.rate_id is not null and now.cost is null as is_kept
        from memory.main.in_force as in_force
        left join rates on in_force.line_no = rates.line_no
        left join now on in_force.line_no = now.line_no and in_force.slot = now.slot
        """,
        [scenario],
    )


def _add_effects(connection: DuckDBPyConnection, name: str, first: str) -> None:
    """Why money differs from the first scenario's. Rounding is what the others leave of the change.

    Usage that both price by the same rate changes by price, by another rate by mix; usage that only
    one of them prices by volume.
    """
    connection.execute(
        f"""
        create or replace table memory.main.moved as
        with pairs as (
            select
                lines.customer_no,
                lines.property_set_no,
                standing.slot,
                case
                    when before.rate_id = standing.rate_id then 'price'
                    when before.rate_id is null or standing.rate_id is null then 'volume'
                    else 'mix'
                end as effect,
                standing.cost_in_force as base,
                standing.cost - before.cost as change
            from memory.main.standing as standing
            inner join memory.main.standing_before as before
                on standing.line_no = before.line_no and standing.slot = before.slot
            inner join memory.main.lines as lines on standing.line_no = lines.line_no
        ),
        by_effect as (
            select
                customer_no, property_set_no, slot, effect,
                sum(change) as change, sum(base) as base
            from pairs
            group by customer_no, property_set_no, slot, effect
        ),
        cells as (
            select
                * exclude (base),
                sum(base) over (partition by customer_no, property_set_no, slot) as base
            from by_effect
        )
        select
            cells.effect, ledger.customer_no, ledger.property_set_no, ledger.slot, ledger.currency,
            ledger.minor_units,
            sign(cells.change)::hugeint
            * {_share("ledger.money", "abs(cells.change)", "cells.base")} as money
        from cells
        inner join memory.main.ledger as ledger
            on ledger.customer_no = cells.customer_no
            and ledger.property_set_no = cells.property_set_no
            and ledger.slot = cells.slot
        where cells.base <> 0 and cells.change <> 0
        """
    )
    connection.execute(
        """
        insert into memory.main.effects
        select ?, * from memory.main.moved
        union all
        select
            ?, 'rounding', customer_no, property_set_no, slot, currency, min(minor_units),
            cast(sum(money) as hugeint)
        from (
            select customer_no, property_set_no, slot, currency, minor_units,
                case scenario when ? then money else -money end as money
            from memory.main.valued
            where scenario in (?, ?) and ? <> ?
            union all
            select customer_no, property_set_no, slot, currency, minor_units, -money
            from memory.main.moved
        ) as parts
        group by customer_no, property_set_no, slot, currency
        having sum(money) <> 0
        """,
        [name, name, name, name, first, name, first],
    )


def _share(money: str, part: str, whole: str) -> str:
    """Money * part / whole as whole numbers, rounded once, half away from zero; part >= 0.

    Costs count in billionths. The money of one customer's usage of one kind may be negative.
    """
    part, whole = _whole(part), _whole(whole)
    return f"(sign({money})::hugeint * ((2 * abs({money}) * {part} + {whole}) // (2 * {whole})))"


def _whole(decimal: str) -> str:
    """A value of nine decimals as a whole number of billionths."""
    return f"cast(({decimal}) * 1000000000 as hugeint)"
