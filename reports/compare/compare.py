"""One comparison from its command line to its figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from reports.build import built_parameters
from reports.compare.comparison import (
    Comparison,
    read_bridges,
    read_impacts,
    read_tables,
)
from reports.compare.engine import Scope, price_scenarios, scratch_name
from reports.compare.rebuild import burn_order_tables, rebuild, rows
from reports.compare.scenarios import IN_FORCE, Scenario, read_scenarios
from reports.compare.valuation import value_usage


def compare(
    db: Path,
    book_dir: Path,
    wanted: Sequence[str],
    scope: Scope,
    staying: Sequence[str],
    rebuilds: bool,
    burn_order: str | None,
    progress_bar: Callable[[], Any],
) -> Comparison:
    """Price the same usage under every scenario and say what becomes of the ledger's money.

    Args:
        db: Built database; it is only read.
        book_dir: Folder of the book it was loaded from.
        wanted: Scenarios as typed; the first is what the others are compared with.
        scope: Months of service.
        staying: Who keeps the cards in force.
        rebuilds: Whether to burn the wallets down anew, in copies of the database.
        burn_order: Preset that all lots of the last scenario burn by; needs rebuilds.
        progress_bar: Shows how far a build is.

    Raises:
        InputError: The ledger is not reproduced, or something that was named is wrong.
    """
    from ingestion.warehouse import reading, reading_beside

    with reading(db) as connection:
        parameters = built_parameters(connection, db)
    with reading_beside(db) as connection:
        scenarios = read_scenarios(wanted, book_dir, connection)
        names = [scenario.name for scenario in scenarios]
        price_scenarios(connection, db, parameters, scenarios, scope, staying)
        scratch = scratch_name(connection)
        value_usage(connection, scratch, [*names, IN_FORCE], scope)
        tables = read_tables(connection, scratch, names)
        wallet: dict[tuple[str, str], Decimal] = {}
        burned: dict[tuple[str, str], Decimal] = {}
        if rebuilds:
            tables["rebuilt"], wallet, burned = _rebuilt(
                db, book_dir, parameters, scenarios, burn_order, tables["totals"], progress_bar
            )
        bridges = read_bridges(connection, tables, names, wallet, burned)
        [(events, groups)] = connection.execute(
            "select coalesce(sum(events), 0)::bigint, count(*) from memory.main.lines"
        ).fetchall()
        [months] = connection.execute(
            "select min(service_period), max(service_period) from memory.main.lines"
        ).fetchall()
        [(entity,)] = connection.execute("select entity from creditbooks_read.raw.book").fetchall()
    return Comparison(
        parameters.book,
        entity,
        parameters.as_of,
        tuple(names),
        tuple((each.name, each.source, each.sha256) for each in scenarios if each.source),
        events,
        groups,
        months,
        tables,
        bridges,
        read_impacts(tables, names),
        rebuilds,
        tuple(staying),
    )


def _rebuilt(
    db: Path,
    book_dir: Path,
    parameters: Any,
    scenarios: Sequence[Scenario],
    burn_order: str | None,
    totals: Sequence[dict[str, Any]],
    progress_bar: Callable[[], Any],
) -> tuple[list[dict[str, Any]], dict[tuple[str, str], Decimal], dict[tuple[str, str], Decimal]]:
    """Outcomes, and what wallets and burn order add to the bridge from the first scenario.

    The wallet step is what the change of the whole books has beyond the change of the valuation;
    the burn order step what the last scenario's books change when only the order of lots does.
    """
    asked = list(scenarios)
    if burn_order:
        order = burn_order_tables(book_dir, burn_order)
        last = scenarios[-1]
        asked.append(
            replace(last, name=_reordered(last, burn_order), tables={**last.tables, **order})
        )
    outcomes = rebuild(db, parameters, asked, progress_bar)
    valued = {(row["scenario"], row["currency"]): row["money"] for row in totals}
    first = scenarios[0].name
    wallet: dict[tuple[str, str], Decimal] = {}
    burned: dict[tuple[str, str], Decimal] = {}
    for name, currency in valued:
        usage = {each: outcomes[each].usage.get(currency, Decimal(0)) for each in outcomes}
        wallet[name, currency] = (usage[name] - usage[first]) - (
            valued[name, currency] - valued[first, currency]
        )
        if burn_order and name == scenarios[-1].name:
            burned[name, currency] = usage[_reordered(scenarios[-1], burn_order)] - usage[name]
    return rows(outcomes), wallet, burned


def _reordered(scenario: Scenario, burn_order: str) -> str:
    return f"{scenario.name}, burn order {burn_order}"
