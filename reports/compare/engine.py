"""Prices the usage of a built database anew: a scan that groups it, an aggregation a scenario.

The rules are the queries of the pricing models themselves, run over groups of usage in the place of
events. Where a price gives whole quanta for whole units, a group costs exactly what its events
cost; where it rounds, events of one quantity are priced once; only tiers look at single events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rate_cards.problems import InputError, Problem
from reports.build import Parameters, models_digest
from reports.compare.scenarios import IN_FORCE, Scenario
from reports.dbt_runner import compiled_models, kept_queries

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_VIEWS = ("stg_periods", "stg_open_windows")
_SMALL = (
    "stg_customers",
    "int_card_windows",
    "int_rate_matches",
    "int_rate_chain",
    "int_rate_steps",
)
_PER_EVENT = ("int_tiered_costs", "int_events_rated")
MODELS = (*_VIEWS, *_SMALL, *_PER_EVENT)
_SCHEMAS = {name: "staging" for name in (*_VIEWS, "stg_customers", "stg_usage")}


@dataclass(frozen=True)
class Scope:
    """Which usage is compared: whole calendar months of service, since tiers count by the month."""

    first: date | None = None
    last: date | None = None

    @property
    def condition(self) -> str:
        """As a condition on service_period."""
        parts = ["true"]
        if self.first:
            parts.append(f"service_period >= date '{self.first}'")
        if self.last:
            parts.append(f"service_period <= date '{self.last}'")
        return " and ".join(parts)


def price_scenarios(
    connection: DuckDBPyConnection,
    db: Path,
    parameters: Parameters,
    scenarios: Sequence[Scenario],
    scope: Scope,
    staying: Sequence[str],
) -> None:
    """Fill table `priced`: what each group of usage costs, in each wallet, under each scenario.

    Args:
        connection: Of `ingestion.warehouse.reading_beside`.
        db: The database it reads.
        parameters: What the database was built with.
        scenarios: What is compared; the cards in force are always priced beside them.
        scope: Months of service.
        staying: Who keeps the cards in force: a customer who pays, `segment:NAME`, or `pinned`.

    Raises:
        InputError: The ledger is not reproduced under the cards in force, or nobody is called so.
    """
    queries = _queries(db, parameters)
    in_force = Scenario(IN_FORCE, "", "", {})
    # One that is asked for twice, to see that it differs in nothing from itself, is priced once.
    by_name = {scenario.name: scenario for scenario in scenarios if scenario.name != IN_FORCE}
    named = list(by_name.values())
    _make_groups(connection, scope)
    needs: set[int] = set()
    for scenario in (in_force, *named):
        _make_config(connection, queries, scenario)
        needs |= _needs_detail(connection)
    _make_lines(connection, sorted(needs), scope)
    connection.execute(
        "create table memory.main.priced (scenario varchar, line_no bigint, slot varchar, "
        "is_first boolean, rate_id varchar, cost decimal(38, 9))"
    )
    _make_config(connection, queries, in_force)
    _make_stayers(connection, staying)
    _price(connection, queries, IN_FORCE)
    _require_the_ledger(connection)
    for scenario in named:
        _make_config(connection, queries, scenario)
        _price(connection, queries, scenario.name)


def _queries(db: Path, parameters: Parameters) -> dict[str, str]:
    """The queries of the pricing models: those the build left by the database, if still its own.

    Starting dbt takes longer than pricing a million events. What it left is of this build if
    the models are those the database records and the queries know the same instant.
    """
    kept = kept_queries(MODELS, db)
    as_of = str(parameters.variables["as_of"])
    if (
        len(kept) == len(MODELS)
        and as_of in kept["int_card_windows"]
        and models_digest() == parameters.models_sha256
    ):
        return kept
    return compiled_models(MODELS, db, parameters.variables)


def _make_groups(connection: DuckDBPyConnection, scope: Scope) -> None:
    """The one scan: usage by customer, properties and the rate in force.

    An instant stands for a group: all its events have one rate in force, so any of them finds it.
    What is booked later than used is kept apart, since its two instants differ.
    """
    connection.execute(
        f"""
        create table memory.main.groups as
        select
            customer_no,
            property_set_no,
            rate_no,
            service_period,
            booked_period,
            min(event_no) as line_no,
            min_by(booked_at, event_no) as booked_at,
            count(*) as events,
            sum(quantity) as quantity,
            sum(cost) as cost,
            bool_and(quantity = trunc(quantity)) as is_whole
        from creditbooks_read.pricing.int_events_rated
        where {scope.condition}
        group by all
        """
    )


def _make_config(
    connection: DuckDBPyConnection, queries: dict[str, str], scenario: Scenario
) -> None:
    """The configuration of one scenario, and the small models made of it."""
    for schema in ("raw", "staging", "pricing"):
        connection.execute(f"create schema if not exists {scratch_name(connection)}.{schema}")
    tables = connection.execute(
        "select table_name from duckdb_tables() "
        "where database_name = 'creditbooks_read' and schema_name = 'raw'"
    ).fetchall()
    for (name,) in tables:
        connection.execute(
            f"create or replace view {scratch_name(connection)}.raw.{name} as "
            f"select * from creditbooks_read.raw.{name}"
        )
    for name, frame in scenario.tables.items():
        _load(connection, f"memory.main.scenario_{name}", frame)
        connection.execute(
            f"create or replace view {scratch_name(connection)}.raw.{name} as "
            f"select * from memory.main.scenario_{name}"
        )
    for name in _VIEWS:
        connection.execute(f"create or replace view {_place(connection, name)} as {queries[name]}")
    for name in _SMALL:
        connection.execute(f"create or replace table {_place(connection, name)} as {queries[name]}")


def _needs_detail(connection: DuckDBPyConnection) -> set[int]:
    """Property sets whose groups this configuration cannot price as one.

    A price gives whole quanta for whole units where its fraction has denominator 1, and for any
    quantity of nine decimals where a billionth of the numerator still does.
    """
    found = connection.execute(
        f"""
        with sets as (
            select property_set_no, bool_and(is_whole) as is_whole
            from memory.main.groups group by property_set_no
        )
        select distinct matches.property_set_no
        from {_place(connection, "int_rate_matches")} as matches
        inner join {_place(connection, "int_rate_chain")} as chain
            on matches.rate_no = chain.rate_no
        inner join sets on matches.property_set_no = sets.property_set_no
        where
            chain.is_tiered
            or not (
                (sets.is_whole and chain.denominator = 1)
                or chain.numerator % (1000000000 * chain.denominator) = 0
            )
            or not coalesce(
                (sets.is_whole and chain.overage_denominator = 1)
                or chain.overage_numerator % (1000000000 * chain.overage_denominator) = 0,
                true
            )
        """
    ).fetchall()
    tiered = connection.execute(
        f"""
        select distinct matches.property_set_no
        from {_place(connection, "int_rate_matches")} as matches
        inner join {_place(connection, "int_rate_steps")} as steps
            on matches.rate_no = steps.rate_no
        """
    ).fetchall()
    connection.execute("create table if not exists memory.main.tiered_sets (property_set_no int)")
    if tiered:
        connection.executemany("insert into memory.main.tiered_sets values (?)", tiered)
    return {number for (number,) in found}


def _make_lines(connection: DuckDBPyConnection, detailed: Sequence[int], scope: Scope) -> None:
    """Table `lines`: what is priced once. weight is how many events of one quantity."""
    numbers = ", ".join(str(number) for number in detailed) or "null"
    connection.execute(
        f"""
        create table memory.main.grouped_lines as
        select
            customer_no, property_set_no, rate_no, service_period, booked_period, line_no,
            booked_at, events, quantity, quantity as priced_quantity,
            cast(1 as bigint) as weight, cost
        from memory.main.groups
        where property_set_no {_not_in(detailed)}
        union all
        select
            customer_no, property_set_no, rate_no, service_period, booked_period, min(event_no),
            min_by(booked_at, event_no), count(*), sum(quantity), quantity, count(*), sum(cost)
        from creditbooks_read.pricing.int_events_rated
        where
            {scope.condition}
            and property_set_no in ({numbers})
            and property_set_no not in (
                select property_set_no from memory.main.tiered_sets
            )
        group by
            customer_no, property_set_no, rate_no, service_period, booked_period, quantity
        union all
        select
            customer_no, property_set_no, rate_no, service_period, booked_period, event_no,
            booked_at, 1, quantity, quantity, 1, cost
        from creditbooks_read.pricing.int_events_rated
        where
            {scope.condition}
            and property_set_no in (
                select property_set_no from memory.main.tiered_sets
            )
        """
    )
    connection.execute(
        """
        create table memory.main.lines as
        select
            lines.*,
            case
                when lines.service_period = lines.booked_period then lines.booked_at
                else usage.occurred_at
            end as occurred_at
        from memory.main.grouped_lines as lines
        left join creditbooks_read.raw.usage as usage
            on case when lines.service_period <> lines.booked_period then lines.line_no end
                = usage.event_no
        """
    )


def _not_in(numbers: Sequence[int]) -> str:
    return f"not in ({', '.join(map(str, numbers))})" if numbers else "is not null"


def _make_stayers(connection: DuckDBPyConnection, staying: Sequence[str]) -> None:
    """Table `stayers`: customers that keep the cards in force, with all whom they pay for."""
    customers = _place(connection, "stg_customers")
    connection.execute("create table memory.main.stayers (customer_no bigint)")
    unknown = []
    for who in staying:
        kind, _, name = who.partition(":")
        condition, given = "pool_id = ?", [who]
        if who == "pinned":
            condition, given = "pinned_version <> ''", []
        elif kind == "segment" and name:
            condition, given = "segment = ?", [name]
        found = connection.execute(
            f"select customer_no from {customers} where customer_no is not null and pool_id in "
            f"(select pool_id from {customers} where {condition})",
            given,
        ).fetchall()
        if not found and who != "pinned":
            unknown.append(who)
        if found:
            connection.executemany("insert into memory.main.stayers values (?)", found)
    if unknown:
        raise InputError(
            [
                Problem(
                    f"--stay {who}",
                    "no customer with usage is called so",
                    "Name a customer, segment:NAME or pinned.",
                )
                for who in unknown
            ],
            "Nothing was compared.",
        )


def _price(connection: DuckDBPyConnection, queries: dict[str, str], scenario: str) -> None:
    """Price every line in each wallet of its chain, and as overage, by the configuration."""
    scratch_chain = _place(connection, "int_rate_chain")
    connection.execute(
        f"create or replace table {_place(connection, 'stg_usage')} as select line_no as event_no, "
        "customer_no, property_set_no, priced_quantity as quantity, occurred_at, booked_at, "
        "service_period from memory.main.lines"
    )
    connection.execute(
        f"create or replace table memory.main.chain as select * from {scratch_chain}"
    )
    tiered = _place(connection, "int_tiered_costs")
    connection.execute(f"create or replace table {tiered} as {queries['int_tiered_costs']}")
    connection.execute(f"create or replace table memory.main.tiered as select * from {tiered}")
    [(positions,)] = connection.execute(
        "select coalesce(max(position), 0) from memory.main.chain"
    ).fetchall()
    for position in range(1, positions + 1):
        # The query prices in the first wallet: each place of the chain becomes the first in turn.
        for name, held in ((scratch_chain, "chain"), (tiered, "tiered")):
            connection.execute(
                f"create or replace table {name} as select * replace (cast(1 as int) as position) "
                f"from memory.main.{held} where position = {position}"
            )
        slot = "coalesce(chain.wallet, 'overage ' || chain.overage_currency)"
        _add_prices(connection, queries, scenario, slot, is_first=position == 1)
    connection.execute(
        f"""
        create or replace table {scratch_chain} as
        select * replace (
            overage_whole_quanta as whole_quanta,
            overage_quanta_per_unit as quanta_per_unit,
            overage_numerator as numerator,
            overage_denominator as denominator,
            'half_up' as rounding,
            cast(0.000000001 as decimal(10, 9)) as quantum,
            false as is_tiered
        )
        from memory.main.chain
        where position = 1 and wallet is not null and overage_currency is not null
        """
    )
    _add_prices(connection, queries, scenario, "'overage ' || chain.overage_currency", False)
    if scenario != IN_FORCE:
        connection.execute(
            "insert into memory.main.priced select ?, priced.* exclude (scenario) "
            "from memory.main.priced as priced inner join memory.main.lines using (line_no) "
            f"inner join memory.main.stayers using (customer_no) where scenario = '{IN_FORCE}'",
            [scenario],
        )


def _add_prices(
    connection: DuckDBPyConnection,
    queries: dict[str, str],
    scenario: str,
    slot: str,
    is_first: bool,
) -> None:
    """Price every line in the one place of the chain that is made, but those of who stays."""
    connection.execute(
        f"""
        insert into memory.main.priced
        select ?, lines.line_no, {slot}, ?, rates.counts_as, rated.cost * lines.weight
        from ({queries["int_events_rated"]}) as rated
        inner join memory.main.lines as lines on rated.event_no = lines.line_no
        inner join {scratch_name(connection)}.raw.rates as rates on rated.rate_no = rates.rate_no
        inner join {_place(connection, "int_rate_chain")} as chain on rated.rate_no = chain.rate_no
        left join memory.main.stayers as stayers on lines.customer_no = stayers.customer_no
        where rated.cost is not null and (stayers.customer_no is null or ? = '{IN_FORCE}')
        """,
        [scenario, is_first, scenario],
    )


def _require_the_ledger(connection: DuckDBPyConnection) -> None:
    """Refuse unless every line costs what the ledger says, to the last decimal."""
    differing = connection.execute(
        f"""
        select customers.customer_id, sets.meter, sets.properties, lines.cost, priced.cost
        from memory.main.lines as lines
        left join memory.main.priced as priced
            on lines.line_no = priced.line_no
            and priced.scenario = '{IN_FORCE}' and priced.is_first
        left join {_place(connection, "stg_customers")} as customers
            on lines.customer_no = customers.customer_no
        left join creditbooks_read.raw.property_sets as sets
            on lines.property_set_no = sets.property_set_no
        where lines.cost is distinct from priced.cost
        order by abs(coalesce(lines.cost, 0) - coalesce(priced.cost, 0)) desc, lines.line_no
        """
    ).fetchall()
    if differing:
        shown = "\n".join(
            f"  {customer}  {meter} {properties}: ledger {theirs}, priced anew {ours}"
            for customer, meter, properties, theirs, ours in differing[:5]
        )
        raise InputError(
            [
                Problem(
                    "the cards in force",
                    f"do not reproduce the ledger in {len(differing):,} groups of usage",
                    "Prices that cannot tell what was charged cannot tell what would have been. "
                    "Run creditbooks build and check.",
                    excerpt=shown,
                )
            ],
            "Nothing was compared.",
        )


def scratch_name(connection: DuckDBPyConnection) -> str:
    """The empty database that the models' queries name."""
    [(name,)] = connection.execute(
        "select database_name from duckdb_databases() "
        "where not internal and database_name not in ('creditbooks_read', 'memory')"
    ).fetchall()
    return f'"{name}"'


def _place(connection: DuckDBPyConnection, model: str) -> str:
    return f"{scratch_name(connection)}.{_SCHEMAS.get(model, 'pricing')}.{model}"


def _load(connection: DuckDBPyConnection, table: str, frame: Any) -> None:
    """Store a small frame of configuration."""
    from ingestion.warehouse import store_frame

    store_frame(connection, table, frame)
