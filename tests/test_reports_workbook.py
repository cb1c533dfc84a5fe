"""The workbook of a book in dollars and yen that has what usually goes wrong, and its manifest."""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from reports.hand_over import hand_over
from reports.workbook import sheets
from tests.error_cases import run
from tests.lot_books import query, run_book, use

SHEETS = [
    "Cover", "Roll-forward", "Waterfall", "Remaining obligations", "Obligations by month",
    "Journals", "Trial balance",
    "Open lots by age", "Revenue by meter", "Corrections", "Reconciliation", "Breakage study",
    "Exceptions",
]  # fmt: skip

BOOK = """\
book: hand-over
entity: "=Ada & Söhne"
functional_currency: USD
time_zone: UTC
first_period: 2025-07
framework: ASC606
wallets:
  universal: {unit: credit}
meters:
  calls: {unit: call}
sources:
  - {feed: usage, format: csv, path: usage.csv}
  - {feed: payments, format: csv, path: payments.csv}
  - {feed: customers, format: csv, path: customers.csv}
  - {feed: fx_rates, format: csv, path: fx_rates.csv}
  - {feed: period_closes, format: csv, path: period_closes.csv}
"""
CARD = """\
version: "2025-07-01"
effective_from: 2025-07-01T00:00:00Z
published_at: 2025-06-15T00:00:00Z
approved: {by: tester, on: 2025-06-15, reference: T-1}
rates:
  - id: calls
    meter: calls
    price: [{wallet: universal, credits: 1}]
offers:
  - id: pack
    price: {amount: 10.00, currency: USD}
    grants: [{wallet: universal, credits: 120, kind: paid, expires: 2 months}]
  - id: pack_jp
    price: {amount: 1000, currency: JPY}
    grants: [{wallet: universal, credits: 120, kind: paid, expires: 12 months}]
"""
PAID = ("payment_id", "occurred_at", "customer_id", "kind", "amount", "currency", "offer")
PAYMENTS = [
    dict(zip(PAID, row.split(), strict=True))
    for row in (
        "p1 2025-07-02T12:00:00Z =1+1 payment 10.00 USD pack",
        "p2 2025-08-02T12:00:00Z acme payment 10.00 USD pack",
        # Looks like p2, an hour later.
        "p3 2025-08-02T13:00:00Z acme payment 10.00 USD pack",
        "p4 2025-08-03T12:00:00Z tokyo payment 1000 JPY pack_jp",
    )
]
USAGE = [
    *use("=1+1", ("2025-07-10", 30), ("2025-08-10", 7)),
    *use("acme", ("2025-08-11", 50)),
    *use("tokyo", ("2025-08-12", 17)),
    # Without credits: nobody pays.
    *use("late", ("2025-08-13", 5)),
    # Known after July was closed: a correction in August.
    {**use("=1+1", ("2025-07-20", 3))[0], "received_at": "2025-08-20T00:00:00Z"},
]


class Books(NamedTuple):
    """A database, and what report wrote of its last month."""

    database: Path
    workbook: Path
    values: Workbook
    formulas: Workbook
    manifest: dict[str, Any]


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    folder = tmp_path_factory.mktemp("hand_over")
    closes = {"close_id": "c1", "period": "2025-07", "closed_at": "2025-08-05T00:00:00Z"}
    database, done = run_book(
        folder,
        {"book.yml": BOOK, "cards/2025-07-01.yml": CARD},
        "2025-08",
        usage=USAGE,
        payments=PAYMENTS,
        customers=[
            {"customer_id": "=1+1", "name": '=HYPERLINK("x")'},
            {"customer_id": "acme", "name": "+Acme"},
            {"customer_id": "tokyo", "name": "@Tokyo"},
        ],
        fx_rates=[
            {"date": f"2025-{month}-01", "currency": "JPY", "rate": "0.01"}
            for month in ("07", "08")
        ],
        period_closes=[{**closes, "action": "close", "reason": "", "closed_by": "controller"}],
    )
    assert done.exit_code == 0, done.stdout + done.stderr
    path = hand_over(database, folder / "out").workbook.path
    return Books(
        database,
        path,
        load_workbook(path, data_only=True),
        load_workbook(path),
        json.loads(path.with_name(f"{path.name}.manifest.json").read_text("utf-8")),
    )


def header_of(sheet: Worksheet) -> int:
    """The row of the first table's header: the last one that stays in sight."""
    return int(str(sheet.freeze_panes)[1:]) - 1


def place(sheet: Worksheet, title: str) -> int:
    titles = [cell.value for cell in sheet[header_of(sheet)]]
    return titles.index(title) + 1


def total_row(sheet: Worksheet, key_title: str, key: str) -> int:
    """The row of totals of a currency or wallet, below the first table."""
    column = place(sheet, key_title)
    for row in range(header_of(sheet) + 1, sheet.max_row + 1):
        is_total = "Total" in [cell.value for cell in sheet[row]]
        if is_total and sheet.cell(row, column).value == key:
            return row
    raise AssertionError(f"{sheet.title} has no total of {key}")


def total_of(books: Books, name: str, title: str, currency: str) -> Decimal:
    """A total as a viewer without recalculation shows it; that it is a live sum is asserted."""
    sheet = books.values[name]
    row, column = total_row(sheet, "Currency", currency), place(sheet, title)
    formula = str(books.formulas[name].cell(row, column).value)
    assert formula.startswith("=SUMIF("), formula
    assert summed(sheet, row, column, currency) == decimal(sheet.cell(row, column).value)
    return decimal(sheet.cell(row, column).value)


def summed(sheet: Worksheet, end: int, column: int, currency: str) -> Decimal:
    """The cells that the formula adds up, added up by hand."""
    key = place(sheet, "Currency")
    found = (
        decimal(sheet.cell(row, column).value or 0)
        for row in range(header_of(sheet) + 1, end)
        if sheet.cell(row, key).value == currency
        and "Total" not in [cell.value for cell in sheet[row]]
    )
    return sum(found, Decimal(0))


def decimal(value: Any) -> Decimal:
    return Decimal(str(value))


def amounts(books: Books, sql: str) -> dict[str, Decimal]:
    return dict(query(books.database, sql))


def test_sheets_stand_in_the_order_of_the_close(books: Books) -> None:
    assert books.values.sheetnames == SHEETS
    listed = [cell.value for cell in books.values["Cover"]["A"]]
    assert [name for name in listed if name in SHEETS] == SHEETS[1:]


@pytest.mark.parametrize(
    ("name", "title", "sql"),
    [
        ("Roll-forward", "Additions", "sum(additions) from marts.liability_rollforward"),
        ("Roll-forward", "Usage revenue", "-sum(usage_revenue) from marts.liability_rollforward"),
        ("Roll-forward", "Closing", "sum(closing) from marts.liability_rollforward"),
        ("Roll-forward", "GL balance", "sum(gl_balance) from marts.liability_rollforward"),
        ("Remaining obligations", "Remaining", "sum(amount) from marts.remaining_obligations"),
        ("Journals", "Debit", "sum(debit) from marts.journal_lines"),
        ("Journals", "Credit", "sum(credit) from marts.journal_lines"),
        ("Trial balance", "Debits", "sum(debits) from marts.trial_balance"),
        (
            "Open lots by age",
            "Carrying amount",
            "sum(closing) from marts.deferred_revenue_schedule",
        ),
        (
            "Revenue by meter",
            "Revenue",
            "sum(usage_revenue + prior_period_revenue + breakage_revenue + overage_revenue) "
            "from marts.revenue_by_meter",
        ),
    ],
)
def test_total_is_the_sum_of_the_mart(books: Books, name: str, title: str, sql: str) -> None:
    expected = amounts(
        books, f"select currency, {sql} where booked_period = '2025-08-01' group by currency"
    )
    assert set(expected) == {"JPY", "USD"}
    for currency, amount in expected.items():
        assert total_of(books, name, title, currency) == amount


@pytest.mark.parametrize("currency", ["JPY", "USD"])
def test_liability_is_the_same_on_every_sheet(books: Books, currency: str) -> None:
    closing = total_of(books, "Roll-forward", "Closing", currency)
    assert closing > 0
    assert closing == total_of(books, "Trial balance", "Of which customers' credits", currency)
    assert closing == total_of(books, "Open lots by age", "Carrying amount", currency)
    assert closing == total_of(books, "Waterfall", "Remaining", currency)
    assert closing == Decimal(books.manifest["control_totals"][currency])


def test_cover_takes_both_numbers_of_a_tie_out_from_their_sheets(books: Books) -> None:
    cover, live = books.values["Cover"], books.formulas["Cover"]
    rows = [cell.row for cell in cover["A"] if cell.value in ("yes", "NO")]
    # Seven tie-outs in two currencies.
    assert len(rows) == 14
    for row in rows:
        assert cover.cell(row, 1).value == "yes"
        assert cover.cell(row, 5).value == cover.cell(row, 7).value
        assert str(live.cell(row, 5).value).startswith("='")
        assert str(live.cell(row, 8).value).startswith("=ROUND(")


def test_wallet_is_shown_in_functional_money_where_a_currency_is_foreign(books: Books) -> None:
    cells = [cell.value for row in books.values["Roll-forward"].rows for cell in row]
    assert "The month in USD, the functional currency" in cells


def test_yen_have_no_decimals(books: Books) -> None:
    sheet = books.values["Roll-forward"]
    formats = {
        sheet.cell(row, place(sheet, "Currency")).value: sheet.cell(
            row, place(sheet, "Closing")
        ).number_format
        for row in range(header_of(sheet) + 1, header_of(sheet) + 3)
    }
    assert formats["JPY"].startswith("#,##0_)")
    assert formats["USD"].startswith("#,##0.00_)")


def test_redemption_is_a_ratio_by_formula(books: Books) -> None:
    sheet, live = books.values["Breakage study"], books.formulas["Breakage study"]
    row, column = header_of(sheet) + 1, place(sheet, "Redemption")
    # Bought in July: 120, of which 30 and 7 and the late 3 are used.
    assert sheet.cell(row, column).value == pytest.approx(40 / 120)
    assert str(live.cell(row, column).value).startswith("=IF(")


def test_text_that_looks_like_a_formula_stays_text(books: Books) -> None:
    texts = {"=1+1", '=HYPERLINK("x")', "+Acme", "@Tokyo"}
    found = {
        cell.value: cell.data_type
        for row in books.formulas["Open lots by age"].rows
        for cell in row
        if cell.value in texts
    }
    assert found == dict.fromkeys(texts, "s")
    entity = str(books.formulas["Roll-forward"]["A2"].value)
    assert entity.startswith("=Ada & Söhne")
    assert books.formulas["Roll-forward"]["A2"].data_type == "s"


def test_every_sheet_prints_on_one_page_across(books: Books) -> None:
    for sheet in books.formulas.worksheets:
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        # One page across is what a file that does not say means.
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert "Page &P of &N" in str(sheet.oddFooter.right.text)
        assert books.manifest["version"]["logic_sha256"][:12] in str(sheet.oddFooter.left.text)
        if sheet.title != "Cover":
            assert sheet.freeze_panes
            assert sheet.print_title_rows
        if sheet.title not in ("Cover", "Exceptions", "Reconciliation"):
            assert sheet.auto_filter.ref


def test_exceptions_list_what_a_person_should_look_at(books: Books) -> None:
    sheet = books.values["Exceptions"]
    rows = [[cell.value for cell in row] for row in sheet.rows]
    lines = [row[0] for row in rows]
    assert "1 in: Usage that nobody pays." in lines
    assert "1 in: Payments like another of the same customer within a day." in lines
    assert any(row[0] == "p3" and "p2" in row for row in rows)


def test_correction_names_both_months(books: Books) -> None:
    sheet = books.values["Corrections"]
    first = [cell.value for cell in sheet[header_of(sheet) + 1]]
    assert first[0] == "late usage, USD"
    # 3 of 120 credits bought for 10.00.
    amount = sheet.cell(header_of(sheet) + 1, place(sheet, "Amount")).value
    assert amount == pytest.approx(0.25)


def test_same_database_gives_the_same_bytes(books: Books, tmp_path: Path) -> None:
    written = hand_over(books.database, tmp_path)
    again = written.workbook.path
    assert again.read_bytes() == books.workbook.read_bytes()
    for name in (again.name, written.page.path.name):
        manifest = f"{name}.manifest.json"
        assert (tmp_path / manifest).read_bytes() == (books.workbook.parent / manifest).read_bytes()


def test_manifest_gives_the_digests_and_rows_of_what_it_describes(books: Books) -> None:
    digest = hashlib.sha256(books.workbook.read_bytes()).hexdigest()
    assert books.manifest["output_sha256"] == digest
    inputs = {each["name"]: each for each in books.manifest["input_files"]}
    for name, each in inputs.items():
        data = books.database.parent / "data" / name
        assert each["sha256"] == hashlib.sha256(data.read_bytes()).hexdigest()
    assert inputs["usage.csv"]["rows"] == len(USAGE)
    lines = query(
        books.database,
        "select count(*) from marts.journal_lines where booked_period = '2025-08-01'",
    )
    assert books.manifest["rows"]["Journals"] == lines[0][0]
    assert books.manifest["params"]["period"] == "2025-08"
    assert books.manifest["tie_out_status"] == "passed"
    assert books.manifest["ledger_head"] is None


def test_manifest_of_the_page_describes_the_page(books: Books) -> None:
    page = books.workbook.with_name("rollforward.html")
    manifest = json.loads(page.with_name("rollforward.html.manifest.json").read_text("utf-8"))
    assert manifest["output_sha256"] == hashlib.sha256(page.read_bytes()).hexdigest()
    assert list(manifest) == list(books.manifest)
    assert manifest["control_totals"] == books.manifest["control_totals"]


def test_manifest_names_the_head_of_the_closed_months(books: Books, tmp_path: Path) -> None:
    database = tmp_path / "books.duckdb"
    shutil.copy(books.database, database)
    done = run("close", "2025-07", "--by", "Ann Lee", "--db", str(database))
    assert done.exit_code == 0, done.stderr
    written = hand_over(database, tmp_path / "out")
    head = (tmp_path / "books.duckdb.closed" / "HEAD").read_text("ascii").strip()
    manifest = json.loads(written.workbook.manifest.read_text("utf-8"))
    assert manifest["ledger_head"] == head


def test_workbook_of_an_earlier_month_has_its_figures(books: Books, tmp_path: Path) -> None:
    done = run("report", "--db", str(books.database), "--period", "2025-07", "--out", str(tmp_path))
    assert done.exit_code == 0, done.stderr
    july = load_workbook(tmp_path / "hand-over-2025-07.xlsx", data_only=True)["Roll-forward"]
    row = total_row(july, "Currency", "USD")
    # 10.00 less 30 of 120 credits.
    assert july.cell(row, place(july, "Closing")).value == 7.5


def test_month_that_the_books_do_not_have_is_refused(books: Books, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run("report", "--db", str(books.database), "--period", "2025-09", "--out", str(out))
    assert done.exit_code == 1
    assert "2025-09: is no period of hand-over\nIt has 2025-07, 2025-08." in done.stderr
    assert not out.exists()


def test_table_that_does_not_fit_is_cut_and_keeps_its_totals(
    books: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "SHEET_ROWS", sheets.KEPT_FREE + 2)
    path = hand_over(books.database, tmp_path).workbook.path
    cut = Books(books.database, path, load_workbook(path, data_only=True), load_workbook(path), {})
    notes = [str(cell.value) for cell in cut.values["Journals"]["A"]]
    assert any("of which the first 2 are shown" in note for note in notes)
    assert any("Whole: marts.journal_lines." in note for note in notes)
    for currency in ("JPY", "USD"):
        whole = total_of(books, "Journals", "Debit", currency)
        assert total_of(cut, "Journals", "Debit", currency) == whole
    manifest = json.loads(path.with_name(f"{path.name}.manifest.json").read_text("utf-8"))
    rows = books.manifest["rows"]["Journals"]
    assert manifest["rows"]["Journals"] == rows
    assert manifest["rows_left_out"]["Journals"] == rows - 2


def test_amount_too_long_for_a_double_is_text_to_the_last_digit(
    lite_db: Path, tmp_path: Path
) -> None:
    database, long = tmp_path / "long.duckdb", "12,345,678,901,234,567.89"
    shutil.copy(lite_db, database)
    with duckdb.connect(str(database)) as connection:
        for side in ("debit", "credit"):
            connection.execute(
                f"update marts.journal_lines set {side} = {long.replace(',', '')} where {side} > 0 "
                "and (journal_id, line_no) in (select (journal_id, min(line_no)) "
                f"from marts.journal_lines where {side} > 0 and booked_period = '2026-01-01' "
                "group by journal_id order by journal_id limit 1)"
            )
    hand_over(database, tmp_path / "out", date(2026, 1, 1))
    [path] = (tmp_path / "out").glob("*.xlsx")
    book = load_workbook(path)
    values = [cell.value for row in book["Journals"].iter_rows() for cell in row]
    assert long in values
    [tie] = [
        row for row in book["Cover"].iter_rows(values_only=True) if row[1] == "Debits equal credits"
    ]
    assert tie[4] == tie[6]
    assert str(tie[4]).startswith("12,345,678,901,234,5")
    assert tie[7] == 0
