"""The books under another card or burn order, built whole in a copy of the database.

What wallets and lots do cannot be told from prices alone: which lot pays, what falls to the next
wallet, what expires. So this costs a build per scenario, and is only done where asked for.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from rate_cards.load import load_book
from rate_cards.tables import config_tables
from reports.build import Parameters
from reports.compare.scenarios import Scenario
from reports.dbt_runner import Progress, failures_as_error, run_dbt

if TYPE_CHECKING:
    import polars as pl
    from duckdb import DuckDBPyConnection

BURN_ORDER_TABLES = ("burn_order_keys", "kind_order")


@dataclass(frozen=True)
class Outcome:
    """What whole books come to, per currency.

    Attributes:
        usage: Revenue from usage and overage, as the ledger has it.
        breakage: Revenue from credits that ended unused.
        deferred: Liabilities at the end.
        supplier_cost: What suppliers charge for the usage.
        expired: Wallet -> credits that ended unused.
        held: Wallet -> credits left at the end.
    """

    usage: Mapping[str, Decimal]
    breakage: Mapping[str, Decimal]
    deferred: Mapping[str, Decimal]
    supplier_cost: Mapping[str, Decimal]
    expired: Mapping[str, Decimal]
    held: Mapping[str, Decimal]


def burn_order_tables(book_dir: Path, preset: str) -> dict[str, pl.DataFrame]:
    """The configuration in which every wallet burns its lots in the order of a preset."""
    from dataclasses import replace

    from rate_cards.burn_orders import PRESETS

    book = load_book(book_dir)
    wallets = {
        name: wallet.model_copy(update={"burn_order": PRESETS[preset], "kind_order": ()})
        for name, wallet in book.book.wallets.items()
    }
    file = replace(book.book_file, content=book.book.model_copy(update={"wallets": wallets}))
    tables = config_tables(replace(book, book_file=file))
    return {name: tables[name] for name in BURN_ORDER_TABLES}


def rebuild(
    db: Path,
    parameters: Parameters,
    scenarios: Sequence[Scenario],
    progress_bar: Callable[[], object],
) -> dict[str, Outcome]:
    """Build each scenario in a copy of the database, and read what it comes to.

    Args:
        db: The built database; it is copied, never written.
        parameters: What it was built with.
        scenarios: Configuration to put in the place of the loaded one; none for the books as built.
        progress_bar: Shows how far a build is.

    Raises:
        InputError: A model failed.
    """
    from ingestion.warehouse import reading, replace_table, writing

    outcomes: dict[str, Outcome] = {}
    for scenario in scenarios:
        if not scenario.tables:
            with reading(db) as connection:
                outcomes[scenario.name] = _outcome(connection)
            continue
        with tempfile.TemporaryDirectory(prefix="creditbooks-compare-", dir=db.parent) as folder:
            copy = Path(folder) / db.name
            shutil.copyfile(db, copy)
            with writing(copy) as connection:
                for name, frame in scenario.tables.items():
                    replace_table(connection, "raw", name, frame)
            with progress_bar() as progress:  # type: ignore[attr-defined]
                results = run_dbt("run", copy, parameters.variables, None, _as_progress(progress))
            if error := failures_as_error(results, copy):
                raise error
            with reading(copy) as connection:
                outcomes[scenario.name] = _outcome(connection)
    return outcomes


def _as_progress(progress: object) -> Progress:
    assert callable(progress)
    return progress


def _outcome(connection: DuckDBPyConnection) -> Outcome:
    def sums(sql: str) -> dict[str, Decimal]:
        return {name: amount for name, amount in connection.execute(sql).fetchall()}

    last = "(select max(booked_period) from {0})"
    return Outcome(
        usage=sums(
            "select currency, sum(usage) from (select currency, revenue as usage from "
            "revenue.int_usage_revenue_shares union all select currency, amount from "
            "revenue.int_overage_billed) where currency is not null group by currency"
        ),
        breakage=sums(
            "select currency, sum(breakage_revenue) from marts.revenue_by_meter group by currency"
        ),
        deferred=sums(
            "select currency, sum(closing) from marts.liability_rollforward where booked_period = "
            f"{last.format('marts.liability_rollforward')} group by currency"
        ),
        supplier_cost=sums(
            "select currency, sum(cost) from revenue.int_supplier_costs group by currency"
        ),
        expired=sums("select wallet, -sum(expired) from marts.wallet_balances group by wallet"),
        held=sums(
            "select wallet, sum(closing) from marts.wallet_balances where booked_period = "
            f"{last.format('marts.wallet_balances')} group by wallet"
        ),
    )


def rows(outcomes: Mapping[str, Outcome]) -> list[dict[str, object]]:
    """Outcomes as one table: scenario, measure, of what, amount."""
    found: list[dict[str, object]] = []
    for scenario, outcome in outcomes.items():
        for measure in ("usage", "breakage", "deferred", "supplier_cost", "expired", "held"):
            for of, amount in sorted(getattr(outcome, measure).items()):
                found.append({"scenario": scenario, "measure": measure, "of": of, "amount": amount})
        for currency, earned in sorted(outcome.usage.items()):
            if outcome.supplier_cost.get(currency):
                margin = earned - outcome.supplier_cost[currency]
                found.append(
                    {"scenario": scenario, "measure": "margin", "of": currency, "amount": margin}
                )
    return found
