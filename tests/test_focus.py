"""The FOCUS export: the four worked examples of the specification, and what a file adds up to.

The examples are read in place from ../shared/data/focus: what was bought and used is fed through
the public feeds, and every figure of the export is compared with the file's own.
"""

from __future__ import annotations

import csv
import re
import subprocess
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest
import yaml

from tests.error_cases import run
from tests.lot_books import Rows, query, run_book

EXAMPLES = Path(__file__).resolve().parents[2] / "shared/data/focus"
needs_shared = pytest.mark.skipif(not EXAMPLES.exists(), reason=f"{EXAMPLES} is not there")
Row = dict[str, str]
MONEY = re.compile(r"^-?[\d,.$ ]+$")
DAY = re.compile(r"^\d+/\d+/\d+$")
OF_THE_READER = {
    "ChargeDescription",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceName",
    "SkuId",
    "SkuPriceId",
}
"""Words of the examples that stand for no figure: names we give otherwise, unknown resources."""


def value_of(cell: str | None) -> object:
    """A cell as what it means: a decimal, an instant or a word; nothing for an empty one."""
    text = (cell or "").strip()
    if DAY.match(text):
        return datetime.strptime(text, "%m/%d/%y").replace(tzinfo=UTC)
    if text.endswith("Z") and "T" in text:
        return datetime.fromisoformat(text)
    if text and MONEY.match(text):
        return Decimal(text.translate(str.maketrans("", "", "$, "))).normalize()
    return text or None


def example(name: str) -> list[Row]:
    with (EXAMPLES / f"virtual_currency_pricing_model_{name}.csv").open(
        encoding="utf-8-sig", newline=""
    ) as file:
        return list(csv.DictReader(file))


def exported(database: Path, folder: Path, *more: str) -> list[Row]:
    out = folder / "focus.csv"
    done = run("export", "focus", "--db", str(database), "--out", str(out), *more)
    assert done.exit_code == 0, done.stdout + done.stderr
    with out.open(newline="") as file:
        return list(csv.DictReader(file))


def book_of(purchase: Row, usage: list[Row]) -> dict[str, str]:
    """A book whose card says the list price of tokens, and the tokens a unit takes."""
    offer = (
        "  - id: tokens\n"
        f"    price: {{amount: {value_of(purchase['ListCost']):f}, currency: USD}}\n"
        f"    grants:\n      - {{wallet: Token, credits: {purchase['PricingQuantity']}, "
        "kind: paid, expires: 12 months}\n"
    )
    rates = "".join(
        f"  - {{id: s-{row['SkuId']}, meter: m-{row['SkuId']}, "
        f"price: [{{wallet: Token, credits: {row['PricingCurrencyContractedUnitPrice']}}}]}}\n"
        for row in usage
    )
    meters = "".join(f"  m-{row['SkuId']}: {{unit: {row['PricingUnit']}}}\n" for row in usage)
    return {
        "book.yml": (
            "book: focus\nentity: ACMECORP\nfunctional_currency: USD\ntime_zone: UTC\n"
            "first_period: 2025-04\nframework: ASC606\nwallets:\n  Token: {unit: token}\n"
            f"meters:\n{meters}policies:\n  - effective_from: 2025-04-01\n"
            "    approved: {by: controller, on: 2025-03-20, reference: MEMO-1}\n"
            "    progress: {default: consumption}\n"
            "sources:\n  - {feed: usage, format: csv, path: usage.csv}\n"
            "  - {feed: payments, format: csv, path: payments.csv}\n"
            "  - {feed: customers, format: csv, path: customers.csv}\n"
        ),
        "cards/2025-04-01.yml": (
            'version: "2025-04-01"\neffective_from: 2025-04-01T00:00:00Z\n'
            "published_at: 2025-03-15T00:00:00Z\n"
            "approved: {by: pricing, on: 2025-03-14, reference: PC-1}\n"
            f"rates:\n{rates}offers:\n{offer}"
        ),
    }


@needs_shared
@pytest.mark.parametrize("model", ["a", "b"])
def test_the_worked_examples_of_the_specification_reproduce(model: str, tmp_path: Path) -> None:
    [purchase], usage = example(f"{model}1"), example(f"{model}2")
    customers: Rows = [
        {"customer_id": purchase["BillingAccountId"], "name": purchase["BillingAccountName"]}
    ]
    payments: Rows = [
        {
            "payment_id": "p1",
            "occurred_at": "2025-04-01T00:00:00Z",
            "customer_id": purchase["BillingAccountId"],
            "kind": "payment",
            "amount": purchase["BilledCost"].strip(),
            "currency": purchase["BillingCurrency"],
            "offer": "tokens",
        }
    ]
    events: Rows = [
        {
            "event_id": f"e{row['SkuId']}",
            "occurred_at": "2025-04-01T09:00:00Z",
            "customer_id": row["BillingAccountId"],
            "meter": f"m-{row['SkuId']}",
            "quantity": row["ConsumedQuantity"],
        }
        for row in usage
    ]
    database, done = run_book(
        tmp_path,
        book_of(purchase, usage),
        "2025-05-01T00:00:00Z",
        usage=events,
        payments=payments,
        customers=customers,
    )
    assert done.exit_code == 0, done.stdout + done.stderr
    found = {row["SkuId"]: row for row in exported(database, tmp_path)}
    assert len(found) == 4
    for row in [purchase, *usage]:
        ours = found["tokens" if row is purchase else f"s-{row['SkuId']}"]
        for column in row.keys() - OF_THE_READER:
            assert value_of(ours[column]) == value_of(row[column]), column


def test_billed_less_effective_cost_is_what_is_owed(lite_db: Path, tmp_path: Path) -> None:
    rows = exported(lite_db, tmp_path)
    left = sum(Decimal(row["BilledCost"]) - Decimal(row["EffectiveCost"]) for row in rows)
    [(owed, earned, sold, used)] = query(
        lite_db,
        """
        select
            (select sum(closing) from marts.liability_rollforward
             where booked_period = (select max(booked_period) from marts.liability_rollforward)),
            (select sum(usage_revenue + prior_period_revenue + overage_revenue)
             from marts.revenue_by_meter where meter is not null),
            (select sum(additions) from marts.liability_rollforward),
            (select count(distinct event_id) from marts.rated_usage where cost > 0)
        """,
    )
    assert used
    assert sold
    assert left == owed
    by_category = {
        category: (
            sum(Decimal(row["BilledCost"]) for row in rows if row["ChargeCategory"] == category),
            sum(Decimal(row["EffectiveCost"]) for row in rows if row["ChargeCategory"] == category),
        )
        for category in ("Usage", "Purchase")
    }
    assert by_category["Usage"][1] == earned
    bought = [row for row in rows if row["ChargeCategory"] == "Purchase" and not row["ChargeClass"]]
    assert sum(Decimal(row["BilledCost"]) for row in bought) == sold
    assert all(Decimal(row["EffectiveCost"]) == 0 for row in bought)


def test_parquet_holds_the_same_exact_decimals_as_csv(lite_db: Path, tmp_path: Path) -> None:
    rows = exported(lite_db, tmp_path)
    out = tmp_path / "focus.parquet"
    done = run(
        "export", "focus", "--db", str(lite_db), "--format", "parquet", "--out", str(out), "--json"
    )
    assert done.exit_code == 0, done.stderr
    frame = pl.read_parquet(out)
    assert frame.columns == list(rows[0])
    assert not {dtype for dtype in frame.dtypes if dtype.is_float()}
    assert list(frame["EffectiveCost"]) == [Decimal(row["EffectiveCost"]) for row in rows]
    assert frame.schema["ChargePeriodStart"] == pl.Datetime("us", "UTC")


@needs_shared
def test_every_mandatory_column_of_the_specification_is_there(
    lite_db: Path, tmp_path: Path
) -> None:
    with (EXAMPLES / "focus_columns.csv").open(newline="", encoding="utf-8") as file:
        columns = [row for row in csv.DictReader(file) if row["focus_version"] == "1.2"]
    rows = exported(lite_db, tmp_path, "--service-category", "AI and Machine Learning")
    known = {row["column"]: row for row in columns}
    ours = set(rows[0])
    assert ours - set(known) == {"x_LotId"}
    assert {name for name, row in known.items() if row["feature_level"] == "Mandatory"} <= ours
    for name in ours & set(known):
        cells = {row[name] for row in rows}
        if known[name]["feature_level"] == "Mandatory" and known[name]["nullable"] == "False":
            assert "" not in cells, name
        if known[name]["allowed_values"]:
            assert cells - {""} <= set(known[name]["allowed_values"].split("|")), name
    for row in rows:
        if row["ChargeCategory"] in ("Usage", "Purchase") and not row["ChargeClass"]:
            priced = ("SkuId", "SkuPriceId", "ListUnitPrice", "ContractedUnitPrice", "PricingUnit")
            assert all(row[name] for name in priced), row
            quantity = Decimal(row["PricingQuantity"])
            for cost, price in (
                ("ListCost", "ListUnitPrice"),
                ("ContractedCost", "ContractedUnitPrice"),
            ):
                # Prices have fifteen decimals, costs nine.
                off = abs(Decimal(row[cost]) - quantity * Decimal(row[price]))
                assert off <= Decimal("0.000000001") + quantity * Decimal("1e-15")
        assert bool(row["ConsumedQuantity"]) == (row["ChargeCategory"] == "Usage")


def test_an_apostrophe_in_the_name_of_a_file_is_no_end_of_it(lite_db: Path, tmp_path: Path) -> None:
    out = tmp_path / "it's" / "focus.csv"
    assert run("export", "focus", "--db", str(lite_db), "--out", str(out)).exit_code == 0
    assert duckdb.sql(f"select count(*) from read_csv('{str(out).replace(chr(39), chr(39) * 2)}')")


VALIDATOR = Path(__file__).resolve().parents[1] / "out/focus-validator/bin/focus-validator"
REVIEWED = Path(__file__).parent / "focus_reviewed.yml"


@pytest.mark.skipif(
    not VALIDATOR.exists(),
    reason="the official validator needs Python 3.12: .ci/focus-validator installs it where it can",
)
def test_the_official_validator_finds_nothing_that_was_not_reviewed(
    lite_db: Path, tmp_path: Path
) -> None:
    exported(lite_db, tmp_path)
    reviewed = yaml.safe_load(REVIEWED.read_text(encoding="utf-8"))
    # It looks for its own lists relative to the folder it is started in, and exits 0 on failure.
    [packages] = VALIDATOR.parents[1].glob("lib/python3.*/site-packages")
    done = subprocess.run(
        [
            VALIDATOR,
            *("--data-file", tmp_path / "focus.csv", "--validate-version", "1.2"),
            *("--block-download", "--applicability-criteria", ",".join(reviewed["applies"])),
        ],
        capture_output=True,
        text=True,
        cwd=packages,
        check=False,
    )
    totals = re.search(r"Total: (\d+) \| Pass: (\d+) \| Fail: (\d+)", done.stdout)
    assert totals, done.stdout + done.stderr
    failed = set(re.findall(r"^❌ (\S+): FAIL", done.stdout, re.MULTILINE))
    assert len(failed) == int(totals[3])
    assert int(totals[2]) > 200
    assert failed <= set(reviewed["rules"]), done.stdout
