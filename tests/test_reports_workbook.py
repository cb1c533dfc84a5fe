"""The workbook of a month: it ties to the marts, foots by its own formulas, never changes."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import duckdb
import pytest
from openpyxl import load_workbook
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from tests.error_cases import run
from tests.lot_books import query

SHEETS = [
    "Cover",
    "Roll-forward",
    "Waterfall",
    "Remaining obligations",
    "Journals",
    "Trial balance",
    "Open lots by age",
    "Revenue by meter",
    "Corrections",
    "Reconciliation",
    "Breakage study",
    "Exceptions",
]


def reported(db: Path, out: Path, *words: str) -> Path:
    done = run("report", "--db", str(db), "--out", str(out), *words)
    assert done.exit_code == 0, done.stderr
    [workbook] = out.glob("*.xlsx")
    return workbook


@pytest.fixture(scope="module")
def folder(lite_db: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("handed")
    reported(lite_db, out, "--period", "2026-01")
    return out


@pytest.fixture(scope="module")
def values(folder: Path) -> Workbook:
    """As a reader that does not compute sees it."""
    return load_workbook(folder / "northwind-lite-2026-01.xlsx", data_only=True)


@pytest.fixture(scope="module")
def formulas(folder: Path) -> Workbook:
    return load_workbook(folder / "northwind-lite-2026-01.xlsx")


def rows_of(sheet: Worksheet) -> Iterator[dict[str, object]]:
    """Rows of the first table, totals included, by the titles of its columns."""
    held = str(sheet.freeze_panes)
    header = int(re.sub(r"\D", "", held)) - 1
    titles = [str(cell.value) for cell in sheet[header]]
    for row in sheet.iter_rows(min_row=header + 1, values_only=True):
        if all(value is None for value in row):
            return
        yield dict(zip(titles, row, strict=True))


def money(value: object) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.01"))


def total(sheet: Worksheet, column: str) -> Decimal:
    """The total of a column of money, as written below its rows."""
    [found] = [
        row[column] for row in rows_of(sheet) if "Total" in row.values() and row[column] is not None
    ]
    return money(found)


def test_it_has_its_sheets_in_order(values: Workbook) -> None:
    assert values.sheetnames == SHEETS


@pytest.mark.parametrize(
    ("sheet", "column", "sql"),
    [
        (
            "Roll-forward",
            "Closing",
            "select sum(closing) from marts.liability_rollforward",
        ),
        (
            "Open lots by age",
            "Carrying amount",
            "select sum(closing) from marts.deferred_revenue_schedule",
        ),
        ("Journals", "Debit", "select sum(debit) from marts.journal_lines"),
        (
            "Remaining obligations",
            "Remaining",
            "select sum(amount) from marts.remaining_obligations",
        ),
    ],
)
def test_totals_are_those_of_the_marts(
    lite_db: Path, values: Workbook, sheet: str, column: str, sql: str
) -> None:
    [(expected,)] = query(lite_db, f"{sql} where booked_period = date '2026-01-01'")
    assert expected
    assert total(values[sheet], column) == money(expected)


def test_totals_are_formulas_over_the_rows_above(formulas: Workbook, values: Workbook) -> None:
    """Each is added up here again from the cells it names."""
    seen = 0
    for sheet in formulas.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                found = re.fullmatch(
                    r"=SUM\(\$([A-Z]+)\$(\d+):\$[A-Z]+\$(\d+)\)"
                    r"|=SUMIF\(\$([A-Z]+)\$(\d+):\$[A-Z]+\$(\d+),([A-Z]+\d+),\$([A-Z]+)\$\d+:.*\)",
                    str(cell.value),
                )
                if not found:
                    continue
                shown = values[sheet.title]
                column, first, last, by, by_first, by_last, wanted, of = found.groups()
                rows = range(int(first or by_first), int(last or by_last) + 1)
                added = sum(
                    Decimal(str(shown[f"{column or of}{n}"].value or 0))
                    for n in rows
                    if not by or shown[f"{by}{n}"].value == shown[wanted].value
                )
                assert abs(added - Decimal(str(shown[cell.coordinate].value))) < Decimal("1e-6")
                seen += 1
    assert seen > 30


def test_the_cover_shows_both_numbers_of_every_tie_out(values: Workbook) -> None:
    cover = list(values["Cover"].iter_rows(values_only=True))
    ties = [row for row in cover if row[0] == "yes"]
    assert len(ties) == 7
    assert all(row[4] == row[6] for row in ties)
    assert not [row for row in cover if row[0] == "NO"]


def test_every_sheet_prints_on_pages_one_wide(formulas: Workbook) -> None:
    for sheet in formulas.worksheets:
        assert sheet.page_setup.orientation == "landscape"
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert "Page &P of &N" in str(sheet.oddFooter.right.text)


def test_text_is_never_a_formula(lite_db: Path, tmp_path: Path) -> None:
    database = tmp_path / "marked.duckdb"
    shutil.copy(lite_db, database)
    with duckdb.connect(str(database)) as connection:
        connection.execute("update marts.journal_lines set memo = '=1+1'")
        connection.execute("update raw.book set entity = '@SUM(A1)'")
    book = load_workbook(reported(database, tmp_path / "out", "--period", "2026-01"))
    memos = {row["Memo"] for row in rows_of(book["Journals"])}
    assert "=1+1" in memos
    cells = [cell for row in book["Journals"].iter_rows() for cell in row]
    assert {cell.data_type for cell in cells if cell.value == "=1+1"} == {"s"}


def test_the_same_books_give_the_same_bytes(lite_db: Path, folder: Path, tmp_path: Path) -> None:
    again = reported(lite_db, tmp_path, "--period", "2026-01")
    assert again.read_bytes() == (folder / again.name).read_bytes()
    for manifest in tmp_path.glob("*.manifest.json"):
        assert manifest.read_bytes() == (folder / manifest.name).read_bytes()


def test_each_file_has_a_manifest_that_describes_it(lite_db: Path, folder: Path) -> None:
    files = [path for path in folder.iterdir() if not path.name.endswith(".json")]
    assert len(files) == 2
    for path in files:
        said = json.loads(path.with_name(f"{path.name}.manifest.json").read_text("utf-8"))
        assert said["output_sha256"] == sha256(path.read_bytes()).hexdigest()
        assert said["tie_out_status"] == "passed"
        assert {each["name"]: each["rows"] for each in said["input_files"]} == dict(
            query(lite_db, "select path, rows from marts.load_audit")
        )
    workbook = json.loads((folder / "northwind-lite-2026-01.xlsx.manifest.json").read_text())
    [(lines, closing)] = query(
        lite_db,
        "select (select count(*) from marts.journal_lines where booked_period = '2026-01-01'), "
        "(select sum(closing) from marts.liability_rollforward "
        "where booked_period = '2026-01-01' and currency = 'USD')",
    )
    assert workbook["rows"]["Journals"] == lines
    assert money(workbook["control_totals"]["USD"]) == money(closing)


def test_a_month_that_is_not_there_is_named_with_those_that_are(
    lite_db: Path, tmp_path: Path
) -> None:
    done = run("report", "--period", "2031-05", "--db", str(lite_db), "--out", str(tmp_path))
    assert done.exit_code == 1
    assert "2031-05" in done.stderr
    assert "2026-01" in done.stderr
    assert not list(tmp_path.iterdir())
