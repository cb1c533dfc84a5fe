"""A finished comparison: plain figures, read once, for the text, page and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from reports.compare.scenarios import IN_FORCE

if TYPE_CHECKING:
    import polars as pl
    from duckdb import DuckDBPyConnection

PERCENTILES = (5, 25, 50, 75, 95)

BREAKDOWNS = {
    "by_meter": ("meter", "sets.meter"),
    "by_model": ("model", "sets.meter || ' ' || sets.properties"),
    "by_customer": ("customer", "customers.customer_id"),
    "by_segment": ("segment", "coalesce(customers.segment, '(none)')"),
    "by_cohort": ("joined", "coalesce(strftime(customers.joined_at, '%Y-%m'), '(unknown)')"),
    "by_wallet": ("wallet", "valued.slot"),
}
"""Table -> (what its rows are, the expression they are grouped by)."""

EFFECT_NAMES = {
    "price": "Price: the same rate, at another price",
    "volume": "Volume: usage that only one of them prices",
    "mix": "Mix: usage that falls to another rate",
    "wallet": "Wallet: other wallets and lots pay",
    "burn_order": "Burn order: lots pay in another order",
    "rounding": "Rounding to the minor unit",
}


@dataclass(frozen=True)
class Bridge:
    """From the first scenario to another one in one currency; the steps sum to the change."""

    scenario: str
    currency: str
    decimals: int
    before: Decimal
    steps: tuple[tuple[str, Decimal], ...]
    after: Decimal


@dataclass(frozen=True)
class Impact:
    """Who pays more and who pays less, in one currency.

    Attributes:
        scenario: Compared with the first.
        currency: Of the money.
        decimals: Of its minor unit.
        up: Customers that pay more.
        down: Customers that pay less.
        same: Customers whose money does not change.
        bands: Percentile -> change in per cent of the customer there, of those that paid.
        exposed: (customer, before, after), by the size of the change.
    """

    scenario: str
    currency: str
    decimals: int
    up: int
    down: int
    same: int
    bands: tuple[tuple[int, Decimal], ...]
    exposed: tuple[tuple[str, Decimal, Decimal], ...]


@dataclass(frozen=True)
class Comparison:
    """Everything that is shown of a comparison.

    Attributes:
        book: Name of the book.
        entity: Whose it is.
        as_of: What the books know.
        names: Scenarios in the order asked for; the first is what the others are compared with.
        sources: (scenario, file, digest of the file).
        events: Events of the usage.
        groups: What was priced once.
        months: First and last month of service.
        tables: Name -> rows of dictionaries, money exact.
        bridges: One per scenario but the first and currency.
        impacts: The same.
        rebuilt: Whether wallets were burned down anew.
        staying: Who keeps the cards in force.
    """

    book: str
    entity: str
    as_of: datetime
    names: tuple[str, ...]
    sources: tuple[tuple[str, str, str], ...]
    events: int
    groups: int
    months: tuple[date | None, date | None]
    tables: dict[str, list[dict[str, Any]]]
    bridges: tuple[Bridge, ...]
    impacts: tuple[Impact, ...]
    rebuilt: bool
    staying: tuple[str, ...]


def read_tables(
    connection: DuckDBPyConnection, scratch: str, names: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    """Every table of a comparison, from what the valuation left."""
    unique = list(dict.fromkeys(names))
    tables = {"totals": _totals(connection, unique), "credits": _credits(connection, unique)}
    for table, (what, expression) in BREAKDOWNS.items():
        tables[table] = _broken_down(connection, scratch, unique, what, expression)
    tables["unpriced"] = _rows(
        connection,
        """
        select wanted.scenario, sum(lines.events) as events, sum(lines.quantity) as quantity,
            sets.meter, sets.properties
        from (select unnest(?) as scenario) as wanted
        cross join memory.main.lines as lines
        left join (
            select distinct scenario, line_no from memory.main.priced where is_first
        ) as priced on wanted.scenario = priced.scenario and lines.line_no = priced.line_no
        left join creditbooks_read.raw.property_sets as sets
            on lines.property_set_no = sets.property_set_no
        where priced.line_no is null
        group by all order by wanted.scenario, sets.meter, sets.properties
        """,
        [unique],
    )
    tables["balances"] = _balances(connection, unique)
    return tables


def _rows(connection: DuckDBPyConnection, sql: str, given: Sequence[Any]) -> list[dict[str, Any]]:
    found = connection.execute(sql, list(given))
    columns = [column[0] for column in found.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]


def _money(column: str, minor_units: str = "minor_units") -> str:
    """Minor units as an amount: one multiplication, no division."""
    return (
        f"cast({column} * case {minor_units} when 0 then 1000 when 3 then 1 else 10 end "
        "as decimal(38, 0)) * cast(0.001 as decimal(3, 3))"
    )


def _totals(connection: DuckDBPyConnection, names: Sequence[str]) -> list[dict[str, Any]]:
    return _rows(
        connection,
        f"""
        select scenario, currency, minor_units, {_money("sum(money)")} as money
        from memory.main.valued where list_contains(?, scenario)
        group by scenario, currency, minor_units
        order by currency, list_position(?, scenario)
        """,
        [names, names],
    )


def _credits(connection: DuckDBPyConnection, names: Sequence[str]) -> list[dict[str, Any]]:
    """What the usage costs in the first wallet of its chain."""
    return _rows(
        connection,
        """
        select slot as wallet, scenario, sum(cost) as asked
        from memory.main.priced where is_first and list_contains(?, scenario)
        group by slot, scenario order by slot, list_position(?, scenario)
        """,
        [names, names],
    )


def _broken_down(
    connection: DuckDBPyConnection, scratch: str, names: Sequence[str], what: str, expression: str
) -> list[dict[str, Any]]:
    """One row per member and currency, a column per scenario."""
    columns = ", ".join(
        _money(f"coalesce(sum(money) filter (scenario = '{_quoted(name)}'), 0)")
        + f' as "{_identifier(name)}"'
        for name in names
    )
    return _rows(
        connection,
        f"""
        select {expression} as {what}, currency, minor_units, {columns}
        from memory.main.valued as valued
        inner join {scratch}.staging.stg_customers as customers
            on valued.customer_no = customers.customer_no
        inner join creditbooks_read.raw.property_sets as sets
            on valued.property_set_no = sets.property_set_no
        group by 1, 2, 3 order by 1, 2
        """,
        [],
    )


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _identifier(text: str) -> str:
    return text.replace('"', '""')


def _balances(connection: DuckDBPyConnection, names: Sequence[str]) -> list[dict[str, Any]]:
    """How long the credits held last at the pace of the compared months, and what is deferred.

    Deferred is the balance at the end less what more usage would have earned of it by then, never
    below nothing.
    """
    return _rows(
        connection,
        f"""
        with held as (
            select wallet, sum(closing) as held
            from creditbooks_read.marts.wallet_balances
            where booked_period = (
                select max(booked_period) from creditbooks_read.marts.wallet_balances
            )
            group by wallet
        ),
        deferred as (
            select wallet, currency, sum(closing) as deferred
            from creditbooks_read.marts.liability_rollforward
            where booked_period = (
                select max(booked_period) from creditbooks_read.marts.liability_rollforward
            )
            group by all
        ),
        days as (
            select date_diff('day', min(service_period), max(service_period) + interval 1 month)
                as days
            from memory.main.lines
        ),
        drawn as (
            select scenario, slot as wallet, currency, minor_units, sum(credits_drawn) as drawn,
                sum(money) as money
            from memory.main.valued
            where slot not like 'overage %'
            group by all
        )
        select
            drawn.wallet, drawn.scenario, drawn.currency, drawn.minor_units, held.held, drawn.drawn,
            days.days,
            case when drawn.drawn > 0
                then cast(cast(held.held * 1000000000 as hugeint) * days.days
                    // cast(drawn.drawn * 1000000000 as hugeint) as bigint)
            end as days_left,
            greatest(0, deferred.deferred
                - ({_money("(drawn.money - first.money)", "drawn.minor_units")}))
                as deferred
        from drawn
        cross join days
        left join held on drawn.wallet = held.wallet
        left join deferred
            on drawn.wallet = deferred.wallet and drawn.currency = deferred.currency
        left join drawn as first
            on drawn.wallet = first.wallet and drawn.currency = first.currency
            and first.scenario = '{IN_FORCE}'
        where list_contains(?, drawn.scenario)
        order by drawn.wallet, drawn.currency, list_position(?, drawn.scenario)
        """,
        [names, names],
    )


def read_bridges(
    connection: DuckDBPyConnection,
    tables: dict[str, list[dict[str, Any]]],
    names: Sequence[str],
    wallet: dict[tuple[str, str], Decimal],
    burn_order: dict[tuple[str, str], Decimal],
) -> tuple[Bridge, ...]:
    """From the first scenario to each other one, per currency.

    Args:
        connection: Where the effects are.
        tables: Of `read_tables`.
        names: Scenarios.
        wallet: (scenario, currency) -> what a rebuild says beyond the valuation.
        burn_order: (scenario, currency) -> what the order of lots changes.
    """
    money = {(row["scenario"], row["currency"]): row for row in tables["totals"]}
    found = _rows(
        connection,
        f"""
        select scenario, currency, effect, {_money("sum(money)")} as money
        from memory.main.effects group by scenario, currency, minor_units, effect
        """,
        [],
    )
    effects = {(row["scenario"], row["currency"], row["effect"]): row["money"] for row in found}
    bridges = []
    for name in names[1:]:
        for currency in sorted({currency for _, currency in money}):
            before, after = money[names[0], currency], money[name, currency]
            given = {
                "wallet": wallet.get((name, currency), Decimal(0)),
                "burn_order": burn_order.get((name, currency), Decimal(0)),
            }
            steps = tuple(
                (
                    effect,
                    given[effect]
                    if effect in given
                    else effects.get((name, currency, effect), Decimal(0)),
                )
                for effect in EFFECT_NAMES
            )
            beyond = given["wallet"] + given["burn_order"]
            bridges.append(
                Bridge(
                    name,
                    currency,
                    before["minor_units"],
                    before["money"],
                    steps,
                    after["money"] + beyond,
                )
            )
    return tuple(bridges)


def read_impacts(
    tables: dict[str, list[dict[str, Any]]], names: Sequence[str], exposed: int = 10
) -> tuple[Impact, ...]:
    """Winners and losers of each scenario against the first, per currency."""
    impacts = []
    rows = tables["by_customer"]
    for name in names[1:]:
        for currency in sorted({row["currency"] for row in rows}):
            found = [
                (row["customer"], row[names[0]], row[name])
                for row in rows
                if row["currency"] == currency
            ]
            decimals = next(row["minor_units"] for row in rows if row["currency"] == currency)
            moved = sorted(found, key=lambda each: (-abs(each[2] - each[1]), each[0]))
            impacts.append(
                Impact(
                    name,
                    currency,
                    decimals,
                    sum(after > before for _, before, after in found),
                    sum(after < before for _, before, after in found),
                    sum(after == before for _, before, after in found),
                    percentile_bands([(before, after) for _, before, after in found]),
                    tuple(each for each in moved[:exposed] if each[1] != each[2]),
                )
            )
    return tuple(impacts)


def percentile_bands(
    pairs: Sequence[tuple[Decimal, Decimal]],
) -> tuple[tuple[int, Decimal], ...]:
    """The change in per cent at each percentile, by nearest rank, to two decimals.

    Args:
        pairs: (before, after) of each customer; who paid nothing before has no per cent.
    """
    changes = sorted(
        round((after - before) * 100 / before, 2) for before, after in pairs if before > 0
    )
    if not changes:
        return ()
    return tuple(
        (rank, changes[max(-(-rank * len(changes) // 100), 1) - 1]) for rank in PERCENTILES
    )


def frames(comparison: Comparison) -> dict[str, pl.DataFrame]:
    """The tables as files keep them, bridges and impacts among them."""
    import polars as pl

    tables: dict[str, list[dict[str, Any]]] = {
        **comparison.tables,
        "bridge": [
            {"scenario": bridge.scenario, "currency": bridge.currency, "step": step, "money": money}
            for bridge in comparison.bridges
            for step, money in (
                (comparison.names[0], bridge.before),
                *bridge.steps,
                (bridge.scenario, bridge.after),
            )
        ],
        "percentiles": [
            {
                "scenario": each.scenario,
                "currency": each.currency,
                "percentile": rank,
                "change_percent": change,
            }
            for each in comparison.impacts
            for rank, change in each.bands
        ],
    }
    return {name: pl.DataFrame(rows, infer_schema_length=None) for name, rows in tables.items()}
