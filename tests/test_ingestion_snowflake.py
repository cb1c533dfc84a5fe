"""Snowflake's views as they are exported: metering, restated until it is final, and contracts."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from rate_cards.settings import BUNDLED_BOOKS
from tests.cli import exit_code
from tests.ingestion_company import USAGE_CONTENT, Company
from tests.lot_books import query

HOURS_BEFORE = (
    "SERVICE_TYPE,START_TIME,END_TIME,ENTITY_ID,NAME,CREDITS_USED_COMPUTE,"
    "CREDITS_USED_CLOUD_SERVICES,CREDITS_USED,BYTES,ROWS,FILES,BUDGET_ID"
)
HOURS_SINCE = (
    "SERVICE_TYPE,START_TIME,END_TIME,ENTITY_ID,ENTITY_TYPE,NAME,DATABASE_ID,DATABASE_NAME,SCHEMA_ID,"
    "SCHEMA_NAME,CREDITS_USED_COMPUTE,CREDITS_USED_CLOUD_SERVICES,CREDITS_USED,BYTES,ROWS,FILES"
)
DAYS = (
    "SERVICE_TYPE,ORGANIZATION_NAME,ACCOUNT_NAME,USAGE_DATE,CREDITS_USED_COMPUTE,"
    "CREDITS_USED_CLOUD_SERVICES,CREDITS_USED,CREDITS_ADJUSTMENT_CLOUD_SERVICES,CREDITS_BILLED,REGION,"
    "ACCOUNT_LOCATOR"
)
DAYS_OF_ONE_ACCOUNT = (
    "SERVICE_TYPE,USAGE_DATE,CREDITS_USED_COMPUTE,CREDITS_USED_CLOUD_SERVICES,CREDITS_USED,"
    "CREDITS_ADJUSTMENT_CLOUD_SERVICES,CREDITS_BILLED"
)
SAID = """
    select event_id, quantity, corrects from raw.usage where occurred_at < timestamp '2026-02-01'
    order by event_id
"""
COUNTED = """
    select quantity from raw.usage
    where
        occurred_at < timestamp '2026-02-01'
        and event_id not in (select corrects from raw.usage where corrects is not null)
"""


def company(folder: Path, view: str, constants: str = "", *columns: str) -> Company:
    """The lite book with a meter of credits and one source of a metering view."""
    listed = ", ".join(columns)
    made = Company(
        folder,
        f'{{feed: usage, format: snowflake_metering_{view}, path: "metering*.csv", '
        f"constants: {{meter: credits{constants}}}, columns: {{{listed}}}}}",
    )
    made.edit_book("meters:\n", "meters:\n  credits: {unit: credit, properties: [service_type]}\n")
    return made


def of_acme(folder: Path) -> Company:
    """A company whose one account is acme's: the view of an account does not name it."""
    return company(folder, "history", ", customer_id: acme")


def hour(start: str, credits: str = "1.25", entity: str = "12,WH_1") -> str:
    """A row as it was before the columns changed."""
    compute = str(Decimal(credits) - Decimal("0.05"))
    return f"WAREHOUSE_METERING,{start},{start},{entity},{compute},0.05,{credits},,,,"


def day(
    billed: str, date: str = "2026-01-06", account: str = "ORG,PROD", locator: str = "A"
) -> str:
    """A row of the organization's view: what is rebated was used by cloud services."""
    used = str(Decimal(billed) + Decimal("0.5"))
    return (
        f"WAREHOUSE_METERING,{account},{date},{billed},0.5,{used},-0.5,{billed},"
        f"AWS_US_WEST_2,{locator}"
    )


def test_an_hour_in_the_sessions_zone_is_an_instant_before_and_after_the_columns_changed(
    tmp_path: Path,
) -> None:
    made = of_acme(tmp_path)
    made.file("metering_1.csv", HOURS_BEFORE, hour("2026-03-02 01:00:00.000 -0800"))
    made.file(
        "metering_2.csv",
        f"\ufeff{HOURS_SINCE}",
        # The same hour seen from another zone, and one the clock was put forward in.
        "WAREHOUSE_METERING,2026-03-02 09:00:00.000 Z,2026-03-02 10:00:00.000 Z,12,WAREHOUSE,WH_1,"
        ",,,,1.20,0.05,1.25,,,",
        "PIPE,2026-03-08 03:00:00.000 -0700,2026-03-08 04:00:00.000 -0700,77,PIPE,P_1,"
        '5,DB,6,S,"1,200.30",0.00,"1,200.30",1024,10,1',
    )
    first, second = made.load().files
    assert (first.loaded, second.loaded, second.duplicates) == (1, 1, 1)
    assert made.rows(USAGE_CONTENT.replace("select event_id", "select event_id as id")) == [
        (
            f"{service}/{entity}/{at}Z",
            *made.rows(f"select timestamp '{at}'")[0],
            None,
            "acme",
            "credits",
            f'{{"service_type":"{service}"}}',
            Decimal(credits),
            None,
            None,
            None,
        )
        for service, entity, at, credits in (
            ("PIPE", "77", "2026-03-08T10:00:00", "1200.3"),
            ("WAREHOUSE_METERING", "12", "2026-03-02T09:00:00", "1.25"),
        )
    ]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (hour("2026-03-02 01:00:00.000"), "START_TIME is not a date and time with the offset"),
        (hour("1772442000"), "START_TIME is not a date and time with the offset"),
        (hour("2026-03-02 01:00:00.000 -0800").replace("1.25", "1.3"), "CREDITS_USED that is not"),
        (hour("2026-03-02 01:00:00 -0800").replace("0.05", "5e-2"), "is not an amount with a deci"),
    ],
    ids=["no-zone", "epoch", "not-the-sum", "scientific"],
)
def test_an_hour_that_cannot_be_read_is_refused(tmp_path: Path, row: str, says: str) -> None:
    made = of_acme(tmp_path)
    made.file("metering.csv", HOURS_BEFORE, row)
    assert says in " ".join(made.messages())


def test_a_day_that_is_not_the_sum_of_its_parts_is_set_aside_with_its_parts(tmp_path: Path) -> None:
    made = company(tmp_path, "daily")
    made.file("metering.csv", DAYS, day("10"), day("7", locator="B").replace("-0.5,7", "-0.5,8"))
    [message] = made.messages()
    assert message == (
        "quantity has a CREDITS_BILLED that is not CREDITS_USED_COMPUTE + "
        "CREDITS_USED_CLOUD_SERVICES + CREDITS_ADJUSTMENT_CLOUD_SERVICES in 1 of 2 rows"
    )
    [file] = made.load(quarantine=True).files
    assert (file.loaded, file.rejected) == (1, 1)
    [(problem,)] = made.rows("select problem from raw.rejected_rows")
    assert problem.endswith(": 8, not 7 + 0.5 + -0.5")


def test_days_of_two_accounts_are_two_events_of_one_customer(tmp_path: Path) -> None:
    made = company(tmp_path, "daily")
    made.file("metering.csv", DAYS, day("10"), day("10", account="ORG,DEV", locator="B"))
    made.load()
    assert made.rows(SAID) == [
        (f"ORG/AWS_US_WEST_2.{locator}/WAREHOUSE_METERING/2026-01-06", Decimal(10), None)
        for locator in "AB"
    ]
    assert made.rows("select customer_id from raw.usage_customers") == [("ORG",)]


def test_days_as_a_spreadsheet_saves_them(tmp_path: Path) -> None:
    made = company(tmp_path, "daily", ", customer_id: acme")
    made.file(
        "metering.csv",
        f"\ufeff{DAYS_OF_ONE_ACCOUNT.lower()}",
        'AI_SERVICES,2026-01-06,"1,200.50",0,"1,200.50",,"1,200.50"',
    )
    made.load()
    assert made.rows(SAID) == [("AI_SERVICES/2026-01-06", Decimal("1200.5"), None)]
    made.file("metering_2.csv", DAYS_OF_ONE_ACCOUNT, "AI_SERVICES,06/01/2026,1,0,1,0,1")
    [message] = made.messages()
    assert "USAGE_DATE is not a date written like 2026-01-31 in 1 row" in message


FACT = "ORG/AWS_US_WEST_2.A/WAREHOUSE_METERING/2026-01-06"


def exported(made: Company, *amounts: str) -> None:
    """Exports of a day, one after another, with what was known then, and another day beside it."""
    for number, billed in enumerate(amounts, start=1):
        made.file(f"metering_{number}.csv", DAYS, day(billed), day("1", f"2026-02-0{number}"))


def test_a_day_that_is_restated_corrects_what_was_said_before(tmp_path: Path) -> None:
    made = company(tmp_path, "daily")
    exported(made, "10", "12", "12", "10")
    files = made.load().files
    assert [(file.loaded, file.duplicates) for file in files] == [(2, 0), (2, 0), (1, 1), (2, 0)]
    # That it went back to ten is a third version, not the first one again.
    assert made.rows(SAID) == [
        (FACT, Decimal(10), None),
        (f"{FACT}#2", Decimal(12), FACT),
        (f"{FACT}#3", Decimal(10), f"{FACT}#2"),
    ]
    assert made.rows(COUNTED) == [(Decimal(10),)]


def test_restatements_come_out_the_same_whether_loaded_at_once_or_one_by_one(
    tmp_path: Path,
) -> None:
    at_once = company(tmp_path / "at_once", "daily")
    exported(at_once, "10", "12", "11", "11")
    at_once.load()
    one_by_one = company(tmp_path / "one_by_one", "daily")
    amounts = ("10", "12", "11", "11")
    for number in range(1, 5):
        exported(one_by_one, *amounts[:number])
        one_by_one.load()
    assert one_by_one.rows(SAID) == at_once.rows(SAID)
    again = one_by_one.load()
    assert not any(file.is_new for file in again.files)
    assert one_by_one.rows(COUNTED) == [(Decimal(11),)]


RECEIVED = "received_at: \"replace(substr(_file, 10, 10), '_', '-') || 'T00:00:00Z'\""


def test_exports_that_say_when_they_were_made_are_put_in_that_order(tmp_path: Path) -> None:
    made = company(tmp_path, "daily", "", RECEIVED)
    # By name the last one comes first.
    made.file("metering_2026_01_09_final.csv", DAYS, day("12"))
    made.file("metering_2026_01_08.csv", DAYS, day("11"))
    made.file("metering_2026_01_07.csv", DAYS, day("10"))
    made.load()
    received = (
        "select quantity, received_at::date::varchar, corrects is null from raw.usage order by 2"
    )
    wanted = [
        (Decimal(10), "2026-01-07", True),
        (Decimal(11), "2026-01-08", False),
        (Decimal(12), "2026-01-09", False),
    ]
    assert made.rows(received) == wanted
    # The same day told once more changes nothing, whenever it was exported.
    made.file("metering_2026_01_10.csv", DAYS, day("12"), day("3", "2026-01-07"))
    made.file("metering_2026_01_06.csv", DAYS, day("11"), day("3", "2026-01-05"))
    files = {file.path: file for file in made.load().files}
    assert [files[f"metering_2026_01_{n}.csv"].duplicates for n in ("10", "06")] == [1, 1]
    assert len(made.rows(received)) == 5
    # What nobody said in its time cannot be put before what is loaded.
    made.file("metering_2026_01_05.csv", DAYS, day("9"))
    [message] = made.messages()
    assert "event_id came before with other content in 1 of 1 rows" in message


def what_counts(files: list[dict[str, int]]) -> dict[str, list[int]]:
    """Day -> every quantity it had, in order, of files in the order they were exported."""
    told: dict[str, list[int]] = {}
    for file in files:
        for date, billed in file.items():
            if told.setdefault(date, [billed])[-1] != billed:
                told[date].append(billed)
    return told


@pytest.mark.parametrize("seed", range(6))
def test_any_run_of_exports_is_told_version_by_version(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    files = [
        {f"2026-01-{n:02}": random.randint(1, 3) for n in range(1, 6) if random.random() < 0.8}
        for _ in range(7)
    ]
    made = company(tmp_path, "daily")
    for number, file in enumerate(files):
        # A day of its own tells the bytes of each file from the others'.
        rows = [day("1", f"2026-02-{number + 1:02}")]
        rows += [
            day(str(billed), date) for date, billed in random.sample([*file.items()], len(file))
        ]
        made.file(f"metering_{number}.csv", DAYS, *rows)
        if random.random() < 0.5:
            made.load()
    made.load()
    key = FACT.removesuffix("2026-01-06")
    wanted = [
        (
            f"{key}{date}" + (f"#{version}" if version > 1 else ""),
            Decimal(billed),
            {1: None, 2: f"{key}{date}"}.get(version, f"{key}{date}#{version - 1}"),
        )
        for date, told in what_counts(files).items()
        for version, billed in enumerate(told, start=1)
    ]
    assert made.rows(SAID) == sorted(wanted)


def test_a_restatement_changes_a_quantity_and_nothing_else(tmp_path: Path) -> None:
    made = company(tmp_path, "daily", ", customer_id: acme")
    made.file("metering_1.csv", DAYS_OF_ONE_ACCOUNT, "PIPE,2026-01-06,1,0,1,0,1")
    made.load()
    # The account of another customer looks the same in this view.
    made.edit_book("customer_id: acme", "customer_id: beta")
    made.file("metering_1.csv", DAYS_OF_ONE_ACCOUNT, "PIPE,2026-01-06,2,0,2,0,2")
    [message] = made.messages()
    assert "event_id came before with other content" in message
    made.file("metering_1.csv", DAYS_OF_ONE_ACCOUNT, *["PIPE,2026-01-06,3,0,3,0,3"] * 2)
    made.edit_book("customer_id: beta", "customer_id: acme")
    [file] = made.load().files
    assert (file.loaded, file.duplicates) == (1, 1)
    made.file(
        "metering_1.csv",
        DAYS_OF_ONE_ACCOUNT,
        "PIPE,2026-01-06,4,0,4,0,4",
        *("PIPE,2026-01-06,5,0,5,0,5",),
    )
    [message] = made.messages()
    assert "event_id came before with other content in 1 of 2 rows" in message


def test_rows_set_aside_can_be_tried_again_beside_restatements(tmp_path: Path) -> None:
    made = company(tmp_path, "daily")
    other = day("5", account="ORG,DEV", locator="B").replace("WAREHOUSE", "HOUSE")
    made.file("metering_1.csv", DAYS, day("10"))
    made.file("metering_2.csv", DAYS, day("12"), other)
    made.edit_book("properties: [service_type]", "properties: []")
    made.edit_book(
        "columns: {}", "columns: {properties.model: \"nullif(SERVICE_TYPE, 'WAREHOUSE_METERING')\"}"
    )
    made.load(quarantine=True)
    made.file("metering_3.csv", DAYS, day("10"), day("2", "2026-02-01"))
    made.load(quarantine=True)
    before = made.rows(SAID)
    assert [row[1] for row in before] == [Decimal(10), Decimal(12), Decimal(10)]
    made.edit_book("properties: []", "properties: [model]")
    second = made.load(quarantine=True).files[1]
    assert (second.loaded, second.rejected) == (2, 0)
    assert [row for row in made.rows(SAID) if row[0].startswith(FACT)] == before


ITEMS = (
    "ORGANIZATION_NAME,CONTRACT_NUMBER,START_DATE,END_DATE,EXPIRATION_DATE,CONTRACT_ITEM,CURRENCY,AMOUNT,"
    "CONTRACT_MODIFIED_DATE"
)
CONTRACT = (
    'ORG,C-1,2026-08-01,2027-08-01,2027-08-31,Capacity,USD,"1,000.00",2026-07-20',
    "ORG,C-1,2026-09-01,2027-08-01,2027-08-31,Additional Capacity,USD,250.00,2026-07-20",
    "ORG,C-1,2026-08-01,2026-10-01,2027-08-31,Free Usage,USD,100.00,2026-07-20",
)
GRANTS = """
    select grant_id, kind, credits, consideration, effective_at::date::varchar,
        expires_at::date::varchar
    from raw.grants order by grant_id
"""


def test_items_of_a_contract_are_paid_and_free_lots_until_their_end(tmp_path: Path) -> None:
    source = (
        "{feed: grants, format: snowflake_contract_items, path: contract.csv, "
        "constants: {wallet: usd}}"
    )
    made = Company(tmp_path, source)
    made.file("contract.csv", f"\ufeff{ITEMS}", *CONTRACT)
    made.load()
    thousand, hundred = Decimal(1000), Decimal(100)
    assert made.rows(GRANTS) == [
        (
            "ORG/C-1/additional capacity/2026-09-01",
            "paid",
            *[Decimal(250)] * 2,
            "2026-09-01",
            "2027-08-01",
        ),
        ("ORG/C-1/capacity/2026-08-01", "paid", *[thousand] * 2, "2026-08-01", "2027-08-01"),
        ("ORG/C-1/free usage/2026-08-01", "promo", hundred, None, "2026-08-01", "2026-10-01"),
    ]
    made.file("contract.csv", ITEMS, CONTRACT[0].replace("Capacity", "Rollover"))
    [message] = made.messages()
    assert "CONTRACT_ITEM is none of capacity, additional capacity, free usage" in message
    made.file("contract.csv", ITEMS, CONTRACT[0].replace("2027-08-01", "2026-08-01"))
    assert "expires_at is not after effective_at in 1 of 1 rows" in made.messages()


@pytest.mark.slow
def test_the_views_load_into_the_book_with_a_line_each(tmp_path: Path) -> None:
    shutil.copytree(BUNDLED_BOOKS / "snowflake", tmp_path / "book")
    book = tmp_path / "book/book.yml"
    words = (BUNDLED_BOOKS / "snowflake/README.md").read_text()
    lines = [line for line in words.splitlines() if line.startswith("  - {feed: ")]
    assert len(lines) == 4
    terms = book.read_text().partition("sources:\n")[0]
    book.write_text("\n".join([f"{terms}sources:", *lines, ""]))
    data = tmp_path / "data"
    for name, rows in {
        "contract.csv": (ITEMS, *CONTRACT[::2]),
        "balance.csv": (
            "DATE,ORGANIZATION_NAME,CURRENCY,CAPACITY_BALANCE,FREE_USAGE_BALANCE",
            "2026-08-05,ORG,USD,980.00,0.00",
            "2026-08-06,ORG,USD,919.00,0.00",
        ),
        "drawn.csv": (
            "ORGANIZATION_NAME,USAGE_DATE,CURRENCY,USAGE_IN_CURRENCY,BALANCE_SOURCE",
            "ORG,2026-08-05,USD,100.00,free usage",
            "ORG,2026-08-05,USD,20.00,capacity",
            "ORG,2026-08-05,USD,20.00,overage",
        ),
        "metering_1.csv": (DAYS, day("40", "2026-08-05"), day("10", "2026-08-06")),
        # The sixth is restated, and AI credits have their own price.
        "metering_2.csv": (
            DAYS,
            day("20", "2026-08-06"),
            day("9", "2026-08-06").replace("WAREHOUSE_METERING", "AI_SERVICES"),
        ),
    }.items():
        data.mkdir(exist_ok=True)
        (data / name).write_text("\n".join([*rows, ""]))
    database = tmp_path / "books.duckdb"
    places = ("--book", str(tmp_path / "book"), "--data", str(data), "--db", str(database))
    assert exit_code("run", "--as-of", "2026-09-01T00:00:00Z", *places) == 0
    rated = "select event_id, cost from marts.rated_usage order by event_id"
    key = "ORG/AWS_US_WEST_2.A/WAREHOUSE_METERING/2026-08-0"
    # Three dollars a credit in that edition.
    assert query(database, rated) == [(f"{key}5", Decimal(120)), (f"{key}6#2", Decimal(60))]
    # 180 dollars, of which the free hundred pay first.
    lots = "select lot_id, -drawn from marts.lot_balances where drawn <> 0 order by lot_id"
    assert query(database, lots) == [
        ("ORG/C-1/capacity/2026-08-01", Decimal(80)),
        ("ORG/C-1/free usage/2026-08-01", Decimal(100)),
    ]
    compared = "select measure, theirs, ours from marts.reconciliation order by statement_id"
    # 1,000 and 100, less 120 of the fifth and 60 of the sixth; their last balance is off by one.
    assert query(database, compared) == [
        ("balance", Decimal(980), Decimal(980)),
        ("balance", Decimal(919), Decimal(920)),
        ("drawn", Decimal(120), Decimal(120)),
    ]
