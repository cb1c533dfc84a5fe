"""What other systems state, as they export it: balances and draws of Snowflake, costs of models."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli import exit_code
from tests.ingestion_company import Company

STATED = """
    select customer_id, wallet, measure, from_at::date::varchar, until_at::varchar, amount
    from raw.statements order by statement_id
"""
BALANCES = (
    "DATE,ORGANIZATION_NAME,CONTRACT_NUMBER,CURRENCY,FREE_USAGE_BALANCE,CAPACITY_BALANCE,"
    "ON_DEMAND_CONSUMPTION_BALANCE,ROLLOVER_BALANCE,MARKETPLACE_CAPACITY_DRAWDOWN_BALANCE"
)
DRAWS = (
    "ORGANIZATION_NAME,CONTRACT_NUMBER,ACCOUNT_NAME,USAGE_DATE,SERVICE_TYPE,RATING_TYPE,BILLING_TYPE,"
    "USAGE,CURRENCY,USAGE_IN_CURRENCY,BALANCE_SOURCE,IS_ADJUSTMENT"
)


def snowflake(folder: Path, view: str, wallet: str = "constants: {wallet: usd}") -> Company:
    return Company(
        folder,
        f'{{feed: statements, format: snowflake_{view}_daily, path: "stated*.csv", {wallet}}}',
    )


def draw(amount: str, source: str = "capacity", date: str = "2026-01-06") -> str:
    """A row of usage that was paid from a balance."""
    return (
        f"ORG,C-1,PROD,{date},WAREHOUSE_METERING,compute,consumption,1,USD,{amount},{source},false"
    )


def test_a_balance_at_the_end_of_a_day_is_what_all_contracts_leave_in_the_wallet(
    tmp_path: Path,
) -> None:
    made = snowflake(tmp_path, "remaining_balance")
    made.file(
        "stated.csv",
        f"\ufeff{BALANCES}",
        '2026-01-31,ORG,C-1,USD,0.00,"24,850.00",-70.00,312.40,',
        "2026-01-31,ORG,C-2,USD,10.00,100.00,,,",
    )
    [file] = made.load().files
    # What was sold on demand is in no wallet.
    assert (file.loaded, file.excluded) == (1, 1)
    assert made.rows(STATED) == [
        ("ORG", "usd", "balance", None, "2026-02-01 00:00:00", Decimal("25272.4"))
    ]


def test_balances_may_be_of_wallets_of_their_own(tmp_path: Path) -> None:
    wallet = "case _balance when 'capacity' then 'universal' else 'usd' end"
    made = snowflake(tmp_path, "remaining_balance", f'columns: {{wallet: "{wallet}"}}')
    made.file("stated.csv", BALANCES, "2026-01-31,ORG,C-1,USD,10.00,100.00,-5.00,2.50,")
    made.load()
    assert [(row[1], row[-1]) for row in made.rows(STATED)] == [
        ("universal", Decimal(100)),
        ("usd", Decimal("12.5")),
    ]


def test_what_a_day_drew_is_added_up_with_adjustments_and_without_overage(tmp_path: Path) -> None:
    made = snowflake(tmp_path, "usage_in_currency")
    made.file(
        "stated.csv",
        DRAWS,
        draw("123.75", "rollover"),
        draw('"1,025.00"'),
        draw("-2.25").replace("false", "true"),
        draw("40.00", "overage"),
        draw("-1.00", "rebate"),
        draw("7.00", date="2026-01-07"),
    )
    [file] = made.load().files
    assert (file.rows, file.loaded, file.excluded) == (4, 2, 2)
    window = ("ORG", "usd", "drawn", "2026-01-06", "2026-01-07 00:00:00")
    assert made.rows(STATED) == [
        (*window, Decimal("1146.5")),
        ("ORG", "usd", "drawn", "2026-01-07", "2026-01-08 00:00:00", Decimal(7)),
    ]
    made.file("stated.csv", DRAWS, draw("1.00", "marketplace"))
    [message] = made.messages()
    assert "BALANCE_SOURCE is none of capacity, rollover, free usage, overage, rebate" in message


def test_a_figure_that_is_stated_anew_replaces_the_one_before(tmp_path: Path) -> None:
    made = snowflake(tmp_path, "usage_in_currency")
    for number, amount in enumerate(("10.00", "12.00", "12.00")):
        made.file(
            f"stated_{number}.csv", DRAWS, draw(amount), draw("1.00", date=f"2026-01-1{number}")
        )
    files = made.load().files
    assert [(file.loaded, file.duplicates) for file in files] == [(2, 0), (2, 0), (1, 1)]
    told = """
        select amount, corrects from raw.statements
        where from_at < timestamp '2026-01-10' order by amount
    """
    key = "snowflake/ORG/usd/drawn/2026-01-06T00:00:00Z/2026-01-07T00:00:00Z"
    assert made.rows(told) == [(Decimal(10), None), (Decimal(12), key)]


def page(more: bool, *buckets: dict[str, Any]) -> str:
    return json.dumps({"object": "page", "data": buckets, "has_more": more, "next_page": None})


def openai_day(start: int, *amounts: Any, currency: str = "usd") -> dict[str, Any]:
    """A bucket of OpenAI's costs."""
    results = [
        {
            "object": "organization.costs.result",
            "amount": {"value": amount, "currency": currency},
            "line_item": f"line {number}",
            "project_id": "proj_1",
        }
        for number, amount in enumerate(amounts)
    ]
    return {"object": "bucket", "start_time": start, "end_time": start + 86400, "results": results}


def anthropic_day(day: int, *amounts: str) -> dict[str, Any]:
    """A bucket of Anthropic's cost report."""
    results = [
        {
            "amount": amount,
            "currency": "USD",
            "cost_type": "tokens",
            "workspace_id": None,
            "description": f"line {number}",
        }
        for number, amount in enumerate(amounts)
    ]
    return {
        "starting_at": f"2026-03-{day:02}T00:00:00Z",
        "ending_at": f"2026-03-{day + 1:02}T00:00:00Z",
        "results": results,
    }


def costs(folder: Path, vendor: str) -> Company:
    """One customer's organisation there, whatever its projects are."""
    return Company(
        folder,
        f"{{feed: statements, format: {vendor}_costs, path: costs.json, "
        "constants: {wallet: usd, customer_id: acme}}",
    )


def test_costs_of_openai_are_dollars_and_of_anthropic_cents(tmp_path: Path) -> None:
    openai, anthropic = (costs(tmp_path / name, name) for name in ("openai", "anthropic"))
    # Two pages; the number is taken digit by digit, not as a binary fraction.
    openai.file(
        "costs.json",
        page(True, openai_day(1772409600, 0.1, 0.2, 1.5e-7)),
        page(False, openai_day(1772496000, 3)),
    )
    anthropic.file(
        "costs.json",
        page(True, anthropic_day(2, "123.45", "0.5")),
        page(False, anthropic_day(3, "7")),
    )
    openai.load()
    anthropic.load()
    first = ("acme", "usd", "drawn", "2026-03-02", "2026-03-03 00:00:00")
    second = ("acme", "usd", "drawn", "2026-03-03", "2026-03-04 00:00:00")
    assert openai.rows(STATED) == [(*first, Decimal("0.30000015")), (*second, Decimal(3))]
    assert anthropic.rows(STATED) == [(*first, Decimal("1.2395")), (*second, Decimal("0.07"))]


@pytest.mark.parametrize(
    ("vendor", "bucket", "says"),
    [
        ("openai", anthropic_day(2, "1"), "it has no start_time, end_time"),
        ("anthropic", openai_day(1772409600, 1), "it has no starting_at, ending_at"),
        (
            "openai",
            openai_day(1772409600, 1, currency="eur"),
            "is not an object with a value in usd",
        ),
        ("openai", openai_day(1772409600000, 1), "start_time is not a time in epoch seconds"),
        ("anthropic", anthropic_day(2, "$1.00"), "amount is not a plain decimal number"),
    ],
    ids=["the-others", "the-others-too", "euros", "milliseconds", "a-sign"],
)
def test_costs_that_are_something_else_are_refused(
    tmp_path: Path, vendor: str, bucket: dict[str, Any], says: str
) -> None:
    company = costs(tmp_path, vendor)
    company.file("costs.json", page(False, bucket))
    assert says in " ".join(company.messages())


@pytest.mark.slow
def test_stated_draws_are_compared_with_the_books(tmp_path: Path) -> None:
    made = Company(
        tmp_path,
        '{feed: usage, format: csv, path: "usage*.csv"}',
        '{feed: grants, format: csv, path: "grants*.csv"}',
        '{feed: statements, format: snowflake_usage_in_currency_daily, path: "stated*.csv", '
        "constants: {wallet: usd, customer_id: acme}}",
    )
    made.file(
        "grants.csv",
        "grant_id,customer_id,wallet,credits,kind,effective_at,consideration,currency",
        "g1,acme,usd,100,paid,2026-01-01T00:00:00Z,100,USD",
    )
    model = '"{""model"": ""gpt-4o"", ""direction"": ""output""}"'
    made.file(
        "usage.csv",
        "event_id,occurred_at,customer_id,meter,quantity,properties",
        f"e1,2026-01-06T12:00:00Z,acme,llm_tokens,1000000,{model}",
    )
    made.file("stated_1.csv", DRAWS, draw("4.00"), draw("5.00", "rollover"))
    made.file("stated_2.csv", DRAWS, draw("5.00"), draw("6.00", "free usage"))
    places = ("--book", str(tmp_path / "book"), "--data", str(made.data), "--db", str(made.db))
    assert exit_code("run", "--as-of", "2026-02-15T00:00:00Z", *places) == 0
    compared = made.rows("select theirs, ours, difference from marts.reconciliation")
    # Nine was replaced by eleven.
    assert [row[0] for row in compared] == [Decimal(11)]
    assert all(row[2] == row[0] - row[1] for row in compared)
