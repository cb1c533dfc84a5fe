"""Two programs nobody here wrote: whether they accept exported journals, and their balances.

Both are asked for the balance of every account at the end of every month, as (account, currency,
first day of the month) -> amount, zeros left out: what `balances` gives of the trial balance.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from beancount import loader
from beancount.core.data import Balance, Transaction
from beancount.parser import printer

Balances = dict[tuple[str, str, date], Decimal]

FORMATS = ("hledger", "beancount")
COMMAND = Path(sys.executable).with_name("creditbooks")
DAY = timedelta(days=1)
IN_CI = "CREDITBOOKS_CI"
"""Set by .ci/run, which installs both programs: there nothing is skipped."""


def is_missing(form: str) -> bool:
    """Whether the program of a format is not installed. beancount comes with the packages."""
    return form == "hledger" and shutil.which("hledger") is None


def need(form: str) -> None:
    """Skip the test where its program is missing, except in CI."""
    if is_missing(form):
        missing = "hledger is not installed: .ci/tools installs it (a Debian package)"
        if os.environ.get(IN_CI):
            pytest.fail(missing)
        pytest.skip(missing)


def export(database: Path, form: str, out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The journals of a database, by the real command."""
    words = ["export", "journals", "--format", form, "--db", str(database), "--out", str(out)]
    return _run(str(COMMAND), *words, *options)


def refusal(form: str, path: Path) -> str:
    """What the program has against a file; empty when it accepts it."""
    if form == "hledger":
        done = _run("hledger", "-f", str(path), "check", "--strict", "ordereddates")
    else:
        done = _run(str(Path(sys.executable).with_name("bean-check")), "--no-cache", str(path))
    return "" if done.returncode == 0 else done.stderr or f"ended with {done.returncode}"


def computed(form: str, path: Path) -> Balances:
    """The balances the program works out from the entries of a file."""
    return _of_hledger(path) if form == "hledger" else _of_beancount(path)


def _of_hledger(path: Path) -> Balances:
    words = "bal --monthly --historical --flat --no-total --output-format csv --layout tidy"
    done = _run("hledger", "-f", str(path), *words.split())
    assert done.returncode == 0, done.stderr
    return {
        (_number(row["account"]), row["commodity"], date.fromisoformat(row["start_date"])): amount
        for row in csv.DictReader(done.stdout.splitlines())
        if (amount := Decimal(row["value"]))
    }


def _of_beancount(path: Path) -> Balances:
    entries, errors, _ = loader.load_file(str(path))
    assert not errors, printer.format_errors(errors)
    moved: defaultdict[date, defaultdict[tuple[str, str], Decimal]] = defaultdict(
        lambda: defaultdict(Decimal)
    )
    for entry in entries:
        if isinstance(entry, Transaction):
            for posting in entry.postings:
                assert posting.units is not None
                assert isinstance(posting.units.number, Decimal)
                key = _number(posting.account), posting.units.currency
                moved[entry.date.replace(day=1)][key] += posting.units.number
    running: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    found: Balances = {}
    # A month in which nothing moved has balances all the same.
    asserted = {(e.date - DAY).replace(day=1) for e in entries if isinstance(e, Balance)}
    for period in sorted(moved.keys() | asserted):
        for key, amount in moved[period].items():
            running[key] += amount
        found.update({(*key, period): amount for key, amount in running.items() if amount})
    return found


def _number(account: str) -> str:
    """The account number a name begins with: 1200 of Assets:1200-Accounts-receivable."""
    return account.partition(":")[2].partition("-")[0]


def balances(database: Path) -> Balances:
    """The trial balance: what both programs have to find."""
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            """
            select account_number, currency, booked_period, closing from marts.trial_balance
            where closing <> 0
            """
        ).fetchall()
    return {(number, currency, period): amount for number, currency, period, amount in rows}


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    return subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
