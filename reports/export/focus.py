"""FOCUS 1.2: purchases, usage, unused credits and corrections as cost and usage rows.

The vendor's side of the FinOps Foundation's format (focus.finops.org, CC-BY-4.0): its customers
read what they bought and used in the columns of every other provider. What stands for what:
decision 46.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from rate_cards.problems import unusable

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FORMATS = ("csv", "parquet")
INSTANTS = ("BillingPeriodEnd", "BillingPeriodStart", "ChargePeriodEnd", "ChargePeriodStart")
SERVICE_CATEGORIES = (
    "AI and Machine Learning",
    "Analytics",
    "Business Applications",
    "Compute",
    "Databases",
    "Developer Tools",
    "Identity",
    "Integration",
    "Internet of Things",
    "Management and Governance",
    "Media",
    "Migration",
    "Mobile",
    "Multicloud",
    "Networking",
    "Security",
    "Storage",
    "Web",
    "Other",
)
"""What FOCUS 1.2 allows as ServiceCategory; each has a subcategory `Other (<category>)`."""


@dataclass(frozen=True)
class Totals:
    """What a FOCUS file adds up to.

    Attributes:
        rows: How many charges.
        billed: Currency -> Σ BilledCost.
        effective: Currency -> Σ EffectiveCost.
    """

    rows: int
    billed: Mapping[str, Decimal]
    effective: Mapping[str, Decimal]


def write_focus(
    connection: DuckDBPyConnection, out: Path, form: str, service_category: str = "Other"
) -> Totals:
    """Write every charge of the books as one file.

    Args:
        connection: Open on a built database.
        out: File to write, made with its folder.
        form: csv or parquet.
        service_category: One of SERVICE_CATEGORIES.

    Raises:
        EnvironmentProblem: The machine does not let us write.
    """
    totals = read_charges(connection, service_category)
    if form == "csv":
        spelled = ", ".join(
            f"strftime({name}, '%Y-%m-%dT%H:%M:%SZ') as {name}" for name in INSTANTS
        )
        options = "format csv, header true"
    else:
        spelled = ", ".join(f"{name} at time zone 'UTC' as {name}" for name in INSTANTS)
        options = "format parquet, compression zstd"
    path = str(out).replace("'", "''")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        connection.execute(
            f"copy (select * replace ({spelled}) from focus_charges) to '{path}' ({options})"
        )
    except OSError as error:
        raise unusable(out, error, "Name another file with --out.") from error
    return totals


def read_charges(connection: DuckDBPyConnection, service_category: str = "Other") -> Totals:
    """Put the charges into the temporary table focus_charges, in order, and add them up."""
    [(entity, functional, zone)] = connection.execute(
        "select entity, functional_currency, time_zone from raw.book"
    ).fetchall()
    for macro in _macros(zone):
        connection.execute(macro)
    query = files("reports.export").joinpath("focus.sql").read_text(encoding="utf-8")
    connection.execute(
        "create or replace temp table focus_charges as "
        + query.replace("{functional}", functional),
        {
            "entity": entity,
            "category": service_category,
            "subcategory": f"Other ({service_category})",
        },
    )
    rows = connection.execute(
        """
        select BillingCurrency, count(*), sum(BilledCost), sum(EffectiveCost)
        from focus_charges group by all order by all
        """
    ).fetchall()
    return Totals(
        rows=sum(row[1] for row in rows),
        billed={row[0]: row[2] for row in rows},
        effective={row[0]: row[3] for row in rows},
    )


def _macros(zone: str) -> tuple[str, ...]:
    """The few words of the query that are exact arithmetic, or the book's own clock.

    part(x, a, b) is x * a / b to nine decimals, rounded once, half up; of nothing it is nothing.
    Prices of a unit have fifteen decimals.
    """
    to_local, to_utc = (
        ("ts", "ts")
        if zone == "UTC"
        else (
            f"timezone('{zone}', timezone('UTC', ts))",
            f"timezone('UTC', timezone('{zone}', ts))",
        )
    )
    whole = "cast(cast({0} as decimal(38, 9)) * 1000000000 as hugeint)"
    x, a, b = (whole.format(name) for name in ("x", "a", "b"))
    return (
        f"""
        create or replace temp macro part(x, a, b) as case
            when b is null or b = 0 then cast(0 as decimal(28, 9))
            when a = b then cast(x as decimal(28, 9))
            else cast(
                cast((2 * {x} * {a} + {b}) // (2 * {b}) as decimal(29, 0))
                * cast(0.000000001 as decimal(9, 9)) as decimal(28, 9))
        end
        """,
        f"""
        create or replace temp macro unit_price(x, a) as case
            when a is null or x is null then null
            when a = 0 then cast(0 as decimal(38, 15))
            else cast(
                cast((2 * {x} * 1000000000000000 + {a}) // (2 * {a}) as decimal(38, 0))
                * cast(0.000000000000001 as decimal(15, 15)) as decimal(38, 15))
        end
        """,
        f"create or replace temp macro utc_to_local(ts) as {to_local}",
        f"create or replace temp macro local_to_utc(ts) as {to_utc}",
    )
