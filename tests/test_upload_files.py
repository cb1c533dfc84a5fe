"""Journals as imports of general ledgers read them: layouts, limits, entries that balance."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from rate_cards.problems import InputError
from reports.export import intacct, quickbooks, xero
from reports.export.formats import FOLDER_WRITERS, WRITERS, text_of, texts_of
from reports.export.journal import Journals
from tests.error_cases import run
from tests.test_export import BOOKS

D = Decimal
UPLOADS = ("qbo", "xero", "intacct", "netsuite")
DOLLARS = replace(
    BOOKS,
    journals=tuple(
        journal for journal in BOOKS.journals if not journal.journal_id.endswith("/KWD")
    ),
)
"""The books without their Kuwaiti dinars, which have three decimals."""


def table(form: str, journals: Journals = DOLLARS) -> list[dict[str, str]]:
    return list(csv.DictReader(text_of(journals, form).splitlines()))


def by_entry(
    rows: Iterable[dict[str, str]], entry: str, debit: str, credit: str | None = None
) -> dict[str, D]:
    """Entry -> what its debits are above its credits."""
    sums: defaultdict[str, D] = defaultdict(D)
    for row in rows:
        sums[row[entry]] += D(row[debit] or 0) - (D(row[credit] or 0) if credit else 0)
    return dict(sums)


def test_quickbooks_has_the_columns_its_import_knows() -> None:
    first = text_of(DOLLARS, "qbo").splitlines()[0]
    assert first == (
        "*JournalNo,*JournalDate,*AccountName,*Debits,*Credits,Description,Name,Currency,"
        "Location,Class"
    )
    rows = table("qbo")
    assert [(row["*JournalNo"], row["*JournalDate"], row["*Debits"]) for row in rows] == [
        ("202507-001", "07/31/2025", "49.00"),
        ("202507-001", "07/31/2025", ""),
        ("202508-001", "08/31/2025", "28.58"),
        ("202508-001", "08/31/2025", ""),
    ]
    assert set(by_entry(rows, "*JournalNo", "*Debits", "*Credits").values()) == {D(0)}


def test_quickbooks_is_given_a_name_where_it_asks_for_one() -> None:
    [first, *rest] = DOLLARS.journals
    [top, *others] = first.lines
    receivable = replace(top, role="accounts_receivable", number="1200", name="Receivables")
    owed = replace(DOLLARS, journals=(replace(first, lines=(receivable, *others)), *rest))
    assert [row["Name"] for row in table("qbo", owed)] == [quickbooks.CUSTOMERS, "", "", ""]


def test_xero_is_given_signed_amounts_in_the_currency_of_the_books() -> None:
    # The dinars of July are worth 4.02 dollars.
    rows = table("xero", BOOKS)
    july = [(row["*Date"], row["*AccountCode"], row["*Amount"]) for row in rows[:2]]
    assert july == [("31/07/2025", "1050", "4.02"), ("31/07/2025", "2400", "-4.02")]
    assert set(by_entry(rows, "*Narration", "*Amount").values()) == {D(0)}
    assert len({row["*Narration"] for row in rows}) == 3
    assert {row["*TaxRate"] for row in rows} == {xero.NO_TAX}


def test_xero_takes_no_more_than_its_lines_a_file() -> None:
    [first, *_] = DOLLARS.journals
    [top, *_] = first.lines
    full = replace(first, lines=(top,) * xero.MOST_LINES)
    assert len(table("xero", replace(DOLLARS, journals=(full,)))) == 300
    over = replace(first, lines=(top,) * (xero.MOST_LINES + 1))
    with pytest.raises(InputError, match="Xero takes 300 lines a file, and there are 301"):
        text_of(replace(DOLLARS, journals=(over,)), "xero")


def test_intacct_says_what_is_of_the_entry_on_its_first_line_only() -> None:
    titles, *rows = table("intacct")
    assert titles["ACCT_NO"] == "Account number"
    assert [(row["JOURNAL"], row["DATE"], row["LINE_NO"]) for row in rows] == [
        ("GJ", "07/31/2025", "1"),
        ("", "", "2"),
        ("GJ", "08/31/2025", "1"),
        ("", "", "2"),
    ]
    long = replace(DOLLARS.journals[0], memo="m" * 31)
    described = table("intacct", replace(DOLLARS, journals=(long,)))[1]["DESCRIPTION"]
    assert described == "m" * intacct.LONGEST_DESCRIPTION


def test_netsuite_knows_an_entry_again_by_its_external_id() -> None:
    rows = table("netsuite")
    assert {row["External ID"] for row in rows} == {
        "lite/2025-07/top-ups/USD",
        "lite/2025-08/usage/USD",
    }
    assert rows[0]["Account"] == "1050 Cash in transit"
    assert rows[0]["Posting Period"] == "Jul 2025"
    assert set(by_entry(rows, "External ID", "Debit", "Credit").values()) == {D(0)}


def test_netsuite_takes_ten_digits() -> None:
    [first, *_] = DOLLARS.journals
    lines = tuple(replace(line, amount=line.amount * 10**9) for line in first.lines)
    with pytest.raises(InputError, match="ten digits before the decimal point"):
        text_of(replace(DOLLARS, journals=(replace(first, lines=lines),)), "netsuite")


@pytest.mark.parametrize("form", ["qbo", "intacct", "netsuite"])
def test_a_third_decimal_is_refused_and_not_rounded(form: str) -> None:
    with pytest.raises(InputError, match="2 lines have three") as refused:
        text_of(BOOKS, form)
    assert "2025-07/top-ups/KWD/1: 1.234 KWD" in str(refused.value)


@pytest.mark.parametrize("form", UPLOADS)
def test_what_only_moves_in_functional_currency_is_posted_in_it(form: str) -> None:
    [first, *_] = DOLLARS.journals
    lines = tuple(
        replace(line, currency="EUR", amount=D(0), functional_amount=D(sign) * D("1.50"))
        for line, sign in zip(first.lines, (1, -1), strict=True)
    )
    text = text_of(replace(DOLLARS, journals=(replace(first, lines=lines),)), form)
    assert "1.50" in text
    assert "EUR" not in text


@pytest.mark.slow
@pytest.mark.parametrize("form", UPLOADS)
def test_the_demo_month_can_be_handed_on(form: str, lite_db: Path, tmp_path: Path) -> None:
    out = tmp_path / "journals.csv"
    arguments = ("--format", form, "--period", "2026-01", "--out", str(out))
    done = run("export", "journals", *arguments, "--db", str(lite_db))
    assert done.exit_code == 0, done.stderr
    assert len(out.read_text("utf-8").splitlines()) > 2


def test_every_format_is_tried_here_or_by_the_program_it_is_for() -> None:
    assert set(WRITERS) == {*UPLOADS, "hledger", "beancount"}
    assert set(FOLDER_WRITERS) == {"ads"}


def audit_data(journals: Journals) -> dict[str, list[dict[str, str]]]:
    """The files of the audit data standards, by what they are."""
    return {
        name.removesuffix("_20250701_20250831.csv"): list(csv.DictReader(text.splitlines()))
        for name, text in texts_of(journals, "ads").items()
    }


def test_auditors_get_every_line_with_its_side_and_who_approved_it() -> None:
    lines = audit_data(BOOKS)["GL_Detail"]
    assert [
        (
            *tuple(row.values())[:2],
            row["Amount"],
            row["Amount_Credit_Debit_Indicator"],
            row["Amount_Currency"],
        )
        for row in lines
    ] == [
        ("2025-07/top-ups/KWD", "1", "1.234", "D", "KWD"),
        ("2025-07/top-ups/KWD", "2", "1.234", "C", "KWD"),
        ("2025-07/top-ups/USD", "1", "49.00", "D", "USD"),
        ("2025-07/top-ups/USD", "2", "49.00", "C", "USD"),
        ("2025-08/usage/USD", "1", "28.58", "D", "USD"),
        ("2025-08/usage/USD", "2", "28.58", "C", "USD"),
    ]
    assert [(row["Local_Amount"], row["Local_Amount_Currency"]) for row in lines[:3]] == [
        ("4.02", "USD"),
        ("4.02", "USD"),
        ("49.00", "USD"),
    ]
    assert {(row["Period"], row["Approved_By"], row["Approved_Date"]) for row in lines} == {
        ("07", "ann", "2025-08-05"),
        ("08", "", ""),
    }
    assert {row["Effective_Date"] for row in lines} == {"2025-07-31", "2025-08-31"}


def test_the_auditors_detail_adds_up_to_the_auditors_trial_balance() -> None:
    files = audit_data(BOOKS)
    moved: defaultdict[tuple[str, ...], D] = defaultdict(D)
    for row in files["GL_Detail"]:
        sign = 1 if row["Amount_Credit_Debit_Indicator"] == "D" else -1
        place = (row["GL_Account_Number"], row["Amount_Currency"], row["Period"])
        moved[place] += sign * D(row["Amount"])
    for row in files["Trial_Balance"]:
        place = (row["GL_Account_Number"], row["Amount_Currency"], row["Period"])
        assert D(row["Amount_Ending"]) - D(row["Amount_Beginning"]) == moved.pop(place, D(0))
    assert not moved
    assert {row["GL_Account_Number"] for row in files["Trial_Balance"]} == {
        row["GL_Account_Number"] for row in files["Chart_Of_Accounts"]
    }
    assert [row["FS_Caption"] for row in files["Chart_Of_Accounts"]] == [
        "Assets",
        "Liabilities",
        "Revenue",
    ]


def test_several_files_go_into_a_folder(lite_db: Path, tmp_path: Path) -> None:
    refused = run("export", "journals", "--format", "ads", "--db", str(lite_db))
    assert refused.exit_code == 2
    assert "ads is several files: name a folder with --out." in refused.stderr
    arguments = ("--format", "ads", "--period", "2026-01", "--out", str(tmp_path / "ads"))
    done = run("export", "journals", *arguments, "--db", str(lite_db))
    assert done.exit_code == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "ads").iterdir()) == [
        "Chart_Of_Accounts_20260101_20260131.csv",
        "GL_Detail_20260101_20260131.csv",
        "Trial_Balance_20260101_20260131.csv",
    ]
    assert len(done.stdout.splitlines()) == 3
