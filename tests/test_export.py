"""Journals for other programs: the bytes, and what hledger and beancount make of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from beancount import loader
from beancount.core.data import Transaction

from rate_cards.problems import InputError
from reports.export.formats import text_of
from reports.export.journal import Account, Balance, Close, Journal, Journals, Line
from reports.export.plain_text import account_names
from tests.error_cases import run
from tests.other_programs import FORMATS, balances, computed, export, need, refusal

D = Decimal
JUNE, JULY, AUGUST = date(2025, 6, 1), date(2025, 7, 1), date(2025, 8, 1)
JULY_END, AUGUST_END = date(2025, 7, 31), date(2025, 8, 31)

AWKWARD = 'Ada, "Söhne" [2025-01-01] a\\b 100% (x); y'


def line(line_no: int, role: str, number: str, name: str, amount: str, **changes: object) -> Line:
    found = Line(line_no, role, number, name, D(amount), "USD", D(amount), None, None, "top-ups")
    return replace(found, **changes)  # type: ignore[arg-type]


# July: 49.00 USD for credits; 1.234 KWD of it in Kuwait, worth 4.02 USD. August: 28.58 USD used.
BOOKS = Journals(
    book="lite",
    entity='Ada "&" Söhne',
    functional_currency="USD",
    as_of=datetime(2025, 9, 1, tzinfo=UTC),
    models_sha256="ab" * 32,
    first=JULY,
    last=AUGUST,
    accounts=(
        Account("1050", "Cash in transit", "asset", ("KWD", "USD")),
        Account("2400", "Deferred revenue", "liability", ("KWD", "USD")),
        Account("4000", "Umsatz, Söhne", "revenue", ("USD",)),
    ),
    journals=(
        Journal(
            "2025-07/top-ups/KWD",
            JULY,
            JULY_END,
            "top-ups, 2025-07",
            tuple(
                line(n, role, number, name, amount, currency="KWD", functional_amount=D(worth))
                for n, role, number, name, amount, worth in (
                    (1, "cash_in_transit", "1050", "Cash in transit", "1.234", "4.02"),
                    (2, "contract_liability", "2400", "Deferred revenue", "-1.234", "-4.02"),
                )
            ),
        ),
        Journal(
            "2025-07/top-ups/USD",
            JULY,
            JULY_END,
            "top-ups, 2025-07",
            (
                line(1, "cash_in_transit", "1050", "Cash in transit", "49.000"),
                line(
                    2, "contract_liability", "2400", "Deferred revenue", "-49.000", wallet="images"
                ),
            ),
        ),
        Journal(
            "2025-08/usage/USD",
            AUGUST,
            AUGUST_END,
            "usage; 2025-08",
            (
                line(1, "contract_liability", "2400", "Deferred revenue", "28.580"),
                line(2, "usage_revenue", "4000", AWKWARD, "-28.580", customer_id=AWKWARD),
            ),
        ),
    ),
    balances=(
        Balance("1050", "KWD", JULY, JULY_END, D("0"), D("1.234"), D("0"), D("4.02")),
        Balance("1050", "USD", JULY, JULY_END, D("0"), D("49.000"), D("0"), D("49.000")),
        Balance("2400", "KWD", JULY, JULY_END, D("0"), D("-1.234"), D("0"), D("-4.02")),
        Balance("2400", "USD", JULY, JULY_END, D("0"), D("-49.000"), D("0"), D("-49.000")),
        Balance("1050", "KWD", AUGUST, AUGUST_END, D("1.234"), D("1.234"), D("4.02"), D("4.02")),
        Balance(
            "1050", "USD", AUGUST, AUGUST_END, D("49.000"), D("49.000"), D("49.000"), D("49.000")
        ),
        Balance(
            "2400", "KWD", AUGUST, AUGUST_END, D("-1.234"), D("-1.234"), D("-4.02"), D("-4.02")
        ),
        # -49.00 + 28.58 = -20.42
        Balance(
            "2400",
            "USD",
            AUGUST,
            AUGUST_END,
            D("-49.000"),
            D("-20.420"),
            D("-49.000"),
            D("-20.420"),
        ),
        Balance("4000", "USD", AUGUST, AUGUST_END, D("0"), D("-28.580"), D("0"), D("-28.580")),
    ),
    closes={JULY: Close("ann", datetime(2025, 8, 5, tzinfo=UTC))},
)

HLEDGER = """\
; Ada "&" Söhne: journals of book lite, 2025-07 to 2025-08.
; Written by creditbooks export journals --format hledger: 3 journals, 6 lines.
; Known as of 2025-09-01 00:00:00 UTC; models sha256 DIGEST.
; Amounts have three decimals in every currency, so that nothing is off by a thousandth.

decimal-mark .
commodity 1000.000 KWD
commodity 1000.000 USD

account Assets:1050-Cash-in-transit  ; type: A
account Liabilities:2400-Deferred-revenue  ; type: L
account Income:4000-Umsatz-Söhne  ; type: R

2025-07-31 * (2025-07/top-ups/KWD) top-ups, 2025-07
    Assets:1050-Cash-in-transit  1.234 KWD
    ; line: 1, role: cash_in_transit, number: 1050, name: Cash in transit, group: top-ups\
, functional: 4.020 USD
    Liabilities:2400-Deferred-revenue  -1.234 KWD
    ; line: 2, role: contract_liability, number: 2400, name: Deferred revenue, group: top-ups\
, functional: -4.020 USD

2025-07-31 * (2025-07/top-ups/USD) top-ups, 2025-07
    Assets:1050-Cash-in-transit  49.000 USD
    ; line: 1, role: cash_in_transit, number: 1050, name: Cash in transit, group: top-ups
    Liabilities:2400-Deferred-revenue  -49.000 USD
    ; line: 2, role: contract_liability, number: 2400, name: Deferred revenue, group: top-ups\
, wallet: images

2025-07-31 * balances at the end of 2025-07
    Assets:1050-Cash-in-transit  0.000 KWD = 1.234 KWD
    Assets:1050-Cash-in-transit  0.000 USD = 49.000 USD
    Liabilities:2400-Deferred-revenue  0.000 KWD = -1.234 KWD
    Liabilities:2400-Deferred-revenue  0.000 USD = -49.000 USD

2025-08-31 * (2025-08/usage/USD) usage%3B 2025-08
    Liabilities:2400-Deferred-revenue  28.580 USD
    ; line: 1, role: contract_liability, number: 2400, name: Deferred revenue, group: top-ups
    Income:4000-Umsatz-Söhne  -28.580 USD
    ; line: 2, role: usage_revenue, number: 4000, name: AWKWARD, group: top-ups, customer: AWKWARD

2025-08-31 * balances at the end of 2025-08
    Assets:1050-Cash-in-transit  0.000 KWD = 1.234 KWD
    Assets:1050-Cash-in-transit  0.000 USD = 49.000 USD
    Liabilities:2400-Deferred-revenue  0.000 KWD = -1.234 KWD
    Liabilities:2400-Deferred-revenue  0.000 USD = -20.420 USD
    Income:4000-Umsatz-Söhne  0.000 USD = -28.580 USD
""".replace("DIGEST", "ab" * 32).replace(
    "AWKWARD", 'Ada%2C "Söhne" %5B2025-01-01%5D a\\b 100%25 (x); y'
)

BEANCOUNT = """\
;; Ada "&" Söhne: journals of book lite, 2025-08 to 2025-08.
;; Written by creditbooks export journals --format beancount: 1 journal, 2 lines.
;; Known as of 2025-09-01 00:00:00 UTC; models sha256 DIGEST.
;; Amounts have three decimals in every currency, so that nothing is off by a thousandth.

option "title" "Ada \\"&\\" Söhne"
option "operating_currency" "USD"
option "tolerance_multiplier" "0"

2025-07-31 open Assets:1050-Cash-in-transit KWD,USD
  number: "1050"
  name: "Cash in transit"
2025-07-31 open Liabilities:2400-Deferred-revenue KWD,USD
  number: "2400"
  name: "Deferred revenue"
2025-07-31 open Income:4000-Umsatz-Söhne USD
  number: "4000"
  name: "Umsatz, Söhne"

2025-07-31 * "balances before 2025-08"
  Assets:1050-Cash-in-transit  1.234 KWD
  Assets:1050-Cash-in-transit  49.000 USD
  Liabilities:2400-Deferred-revenue  -1.234 KWD
  Liabilities:2400-Deferred-revenue  -49.000 USD

2025-08-31 * "usage; 2025-08"
  journal: "2025-08/usage/USD"
  Liabilities:2400-Deferred-revenue  28.580 USD
    line: 1
    role: "contract_liability"
    number: "2400"
    name: "Deferred revenue"
    group: "top-ups"
  Income:4000-Umsatz-Söhne  -28.580 USD
    line: 2
    role: "usage_revenue"
    number: "4000"
    name: "AWKWARD"
    group: "top-ups"
    customer: "AWKWARD"

;; balances at the end of 2025-08
2025-09-01 balance Assets:1050-Cash-in-transit  1.234 KWD
2025-09-01 balance Assets:1050-Cash-in-transit  49.000 USD
2025-09-01 balance Liabilities:2400-Deferred-revenue  -1.234 KWD
2025-09-01 balance Liabilities:2400-Deferred-revenue  -20.420 USD
2025-09-01 balance Income:4000-Umsatz-Söhne  -28.580 USD
""".replace("DIGEST", "ab" * 32).replace(
    "AWKWARD", 'Ada, \\"Söhne\\" [2025-01-01] a\\\\b 100% (x); y'
)

AUGUST_ALONE = replace(
    BOOKS,
    first=AUGUST,
    journals=BOOKS.journals[2:],
    balances=tuple(balance for balance in BOOKS.balances if balance.period == AUGUST),
)


def test_hledger_journal_of_all_months_is_these_bytes() -> None:
    assert text_of(BOOKS, "hledger") == HLEDGER


def test_beancount_ledger_of_a_later_month_begins_with_what_accounts_held() -> None:
    assert text_of(AUGUST_ALONE, "beancount") == BEANCOUNT


@pytest.mark.parametrize("books", [BOOKS, AUGUST_ALONE], ids=["all", "august"])
@pytest.mark.parametrize("form", FORMATS)
def test_each_program_accepts_its_file(form: str, books: Journals, tmp_path: Path) -> None:
    need(form)
    path = tmp_path / "books.txt"
    path.write_text(text_of(books, form), encoding="utf-8")
    assert refusal(form, path) == ""
    assert computed(form, path)["2400", "USD", AUGUST] == D("-20.42")


def test_beancount_reads_back_every_text_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "books.beancount"
    path.write_text(text_of(BOOKS, "beancount"), encoding="utf-8")
    entries, _, options = loader.load_file(str(path))
    last = [entry for entry in entries if isinstance(entry, Transaction)][-1]
    meta = last.postings[-1].meta
    assert meta is not None
    assert (meta["name"], meta["customer"]) == (AWKWARD, AWKWARD)
    assert options["title"] == 'Ada "&" Söhne'


@pytest.mark.parametrize(
    ("what", "change"),
    [
        # One side of an entry.
        ("a line", lambda text: text.replace("  28.580 USD", "  28.590 USD", 1)),
        # Both sides: the entry still balances, the balances it leads to do not.
        ("an entry", lambda text: text.replace("28.580 USD", "28.590 USD")),
        ("a balance", lambda text: text.replace("-20.420 USD", "-20.430 USD")),
        ("a thousandth", lambda text: text.replace("-20.420 USD", "-20.421 USD")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("form", FORMATS)
def test_each_program_finds_what_is_off_by_a_cent_or_less(
    form: str, what: str, change: Callable[[str], str], tmp_path: Path
) -> None:
    need(form)
    text = text_of(BOOKS, form)
    assert change(text) != text
    path = tmp_path / "books.txt"
    path.write_text(change(text), encoding="utf-8")
    assert "balance" in refusal(form, path).lower(), what


@pytest.mark.parametrize(
    ("account", "name"),
    [
        (Account("1200", "Accounts receivable", "asset", ()), "Assets:1200-Accounts-receivable"),
        (Account("4900", "Refunds", "contra_revenue", ()), "Income:4900-Refunds"),
        (Account("3900", "A/B: (c) -- d", "equity", ()), "Equity:3900-A-B-c-d"),
        (Account("ar.1", "Forderungen ü", "asset", ()), "Assets:Ar-1-Forderungen-ü"),
        (Account("現金", "x²", "expense", ()), "Expenses:N現金-x"),
    ],
)
def test_account_is_named_as_both_programs_take_it(account: Account, name: str) -> None:
    assert account_names((account,)) == {account.number: name}


def test_accounts_that_differ_by_signs_only_are_refused() -> None:
    both = (Account("10.5", "Cash", "asset", ()), Account("10-5", "Cash", "asset", ()))
    with pytest.raises(InputError, match=r"accounts 10\.5 and 10-5: both would be written"):
        account_names(both)


@pytest.mark.parametrize("form", FORMATS)
def test_each_program_finds_the_trial_balance_of_a_small_book(
    form: str, lite_db: Path, tmp_path: Path
) -> None:
    need(form)
    path = tmp_path / "books" / f"lite.{form}"
    done = export(lite_db, form, path)
    assert done.returncode == 0, done.stderr
    # Two sales of 10.00, 1.33 used in January, 0.07 in February: see test_reports_chain.py.
    assert ": 4 journals, 8 lines, 21.40 USD, sha256 " in done.stdout
    assert refusal(form, path) == ""
    assert computed(form, path) == balances(lite_db)


def test_export_is_the_same_bytes_on_stdout_and_in_a_file(lite_db: Path, tmp_path: Path) -> None:
    path = tmp_path / "lite.journal"
    words = ("export", "journals", "--format", "hledger", "--db", str(lite_db))
    shown = run(*words)
    assert run(*words, "--out", str(path)).exit_code == 0
    assert shown.exit_code == 0
    assert shown.stdout == path.read_text("utf-8")
    assert shown.stdout == run(*words, "--from", "2026-01", "--to", "2026-02").stdout


def test_export_of_a_month_as_json(lite_db: Path, tmp_path: Path) -> None:
    path = tmp_path / "feb.beancount"
    words = ("export", "journals", "--format", "beancount", "--db", str(lite_db), "--json")
    done = run(*words, "--period", "2026-02", "--out", str(path))
    assert done.exit_code == 0
    described = json.loads(done.stdout)
    assert (described["from"], described["to"]) == ("2026-02", "2026-02")
    assert described["debits"] == {"USD": "10.070"}
    assert refusal("beancount", path) == ""


@pytest.mark.parametrize(
    ("words", "exit_code", "complaint"),
    [
        ((), 2, "Missing option '--format'"),
        (("--format", "sap"), 2, "'sap' is not one of 'hledger', 'beancount'"),
        (("--format", "hledger", "--period", "2026"), 2, "2026 is not a month such as 2025-07"),
        (("--format", "hledger", "--period", "2026-01", "--to", "2026-02"), 2, "by itself"),
        (("--format", "hledger", "--from", "2026-02", "--to", "2026-01"), 2, "before --from"),
        (("--format", "hledger", "--json"), 2, "name it with --out"),
        (("--format", "hledger", "--period", "2031-01"), 1, "The books hold 2026-01 to 2026-02."),
        (("--format", "hledger", "--out", "."), 2, "is a directory"),
        (("--format", "hledger", "--out", "/dev/null/x"), 3, "Name another file with --out."),
    ],
)
def test_export_says_what_it_cannot_do(
    words: tuple[str, ...], exit_code: int, complaint: str, lite_db: Path
) -> None:
    shown = run("export", "journals", *words, "--db", str(lite_db))
    assert shown.exit_code == exit_code
    assert complaint in shown.stderr
    assert shown.stdout == ""


def test_journals_of_books_that_were_not_checked_are_not_written(
    lite_db: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "lite.duckdb"
    shutil.copy(lite_db, copy)
    with duckdb.connect(str(copy)) as connection:
        connection.execute("drop table marts.check_results")
    shown = run("export", "journals", "--format", "hledger", "--db", str(copy))
    assert shown.exit_code == 1
    assert "the books are built but not checked" in shown.stderr
    assert shown.stdout == ""


def test_journals_of_books_whose_checks_fail_come_with_a_warning(
    lite_db: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "lite.duckdb"
    shutil.copy(lite_db, copy)
    with duckdb.connect(str(copy)) as connection:
        connection.execute(
            "update marts.check_results set is_ok = false where name = 'assert_journals_balance'"
        )
    shown = run("export", "journals", "--format", "hledger", "--db", str(copy))
    assert shown.exit_code == 1
    assert shown.stderr == "1 of the books' checks FAILED; do not rely on these journals.\n"


@pytest.fixture(scope="module")
def demo_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo book, as `creditbooks demo` leaves it."""
    out = tmp_path_factory.mktemp("demo")
    done = run("demo", "--out", str(out))
    assert done.exit_code == 0, done.stderr
    return out / "northwind.duckdb"


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
def test_each_program_finds_the_trial_balance_of_the_demo_book(
    form: str, demo_db: Path, tmp_path: Path
) -> None:
    need(form)
    found = balances(demo_db)
    assert len(found) > 50
    path = tmp_path / "demo.txt"
    assert export(demo_db, form, path).returncode == 0
    assert refusal(form, path) == ""
    assert computed(form, path) == found

    # A quarter by itself begins with what was there before, and comes to the same balances.
    assert export(demo_db, form, path, "--from", "2025-10").returncode == 0
    assert refusal(form, path) == ""
    quarter = {key: amount for key, amount in computed(form, path).items() if key[2].month >= 10}
    assert quarter == {key: amount for key, amount in found.items() if key[2].month >= 10}
