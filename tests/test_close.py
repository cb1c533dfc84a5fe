"""Closing periods: what must hold first, what is frozen, and that nobody can change it unseen."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest

from reports.close import verify
from reports.close.close import evidence_folder, registered_close
from tests.error_cases import Outcome, run
from tests.test_reports_chain import own_db  # noqa: F401

ALICE = ("--by", "alice")
KILLS = 50


def close(db: Path, period: str, *more: str) -> Outcome:
    return run("close", period, "--db", str(db), *ALICE, *more)


def change(db: Path, statement: str) -> None:
    with duckdb.connect(str(db)) as connection:
        connection.execute(statement)


@pytest.fixture
def closed_db(own_db: Path) -> Path:  # noqa: F811
    """The small book with January and February closed."""
    for period in ("2026-01", "2026-02"):
        done = close(own_db, period)
        assert done.exit_code == 0, done.stderr
    return own_db


@pytest.fixture
def evidence(closed_db: Path) -> Path:
    return evidence_folder(closed_db)


def contents(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def test_periods_close_one_after_another(own_db: Path) -> None:  # noqa: F811
    refused = close(own_db, "2026-02")
    assert refused.exit_code == 1
    assert "2026-01 is still open" in refused.stderr
    assert close(own_db, "2026-01").exit_code == 0
    assert close(own_db, "2026-02").exit_code == 0
    after = close(own_db, "2026-03")
    assert "is no period of these books" in after.stderr
    with duckdb.connect(str(own_db), read_only=True) as connection:
        register = connection.execute(
            "select strftime(period, '%Y-%m'), action, closed_by from raw.period_closes order by 1"
        ).fetchall()
    assert register == [("2026-01", "close", "alice"), ("2026-02", "close", "alice")]


def test_a_period_is_closed_only_when_it_is_over(own_db: Path) -> None:  # noqa: F811
    shortened = "update marts.build_parameters set as_of = timestamp '2026-01-31 00:00:00'"
    change(own_db, shortened)
    refused = close(own_db, "2026-01")
    assert "the period ends at 2026-02-01 00:00:00 UTC" in refused.stderr


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("drop table marts.check_results", "were not checked since they were built"),
        (
            "update marts.check_results set is_ok = false, failures = 3 "
            "where name = 'assert_lots_conserve_money'",
            "does not hold:",
        ),
        (
            "update raw.config_files set sha256 = '0' where kind = 'book'",
            "files or configuration were loaded after the books were built",
        ),
        ("drop table marts.build_parameters", "nothing is built"),
    ],
    ids=["unchecked", "failing", "loaded-since", "unbuilt"],
)
def test_what_must_hold_cannot_be_skipped(
    own_db: Path,  # noqa: F811
    statement: str,
    says: str,
) -> None:
    change(own_db, statement)
    refused = close(own_db, "2026-01")
    assert refused.exit_code == 1
    assert says in refused.stderr
    assert "Nothing was closed." in refused.stderr
    assert verify.entries(evidence_folder(own_db)) == []


def test_rejected_rows_need_an_explanation(own_db: Path) -> None:  # noqa: F811
    change(own_db, "insert into raw.rejected_rows (file_no, row_no) values (1, 9)")
    refused = close(own_db, "2026-01")
    assert "rejected and not in the books: 1 row" in refused.stderr
    assert close(own_db, "2026-01", "--explain", "a test event of our own").exit_code == 0
    [entry] = verify.entries(evidence_folder(own_db))
    manifest = verify.read_manifest(entry)
    assert manifest is not None
    assert manifest["closed"]["explained"] == "a test event of our own"


def test_what_is_frozen_is_every_row_of_the_period_with_its_control_totals(
    closed_db: Path, evidence: Path
) -> None:
    january = verify.entries(evidence)[0]
    manifest = verify.read_manifest(january)
    assert manifest is not None
    [ledger] = [each for each in manifest["files"] if each["name"] == "credit_ledger.parquet"]
    with duckdb.connect(str(closed_db), read_only=True) as connection:
        of_period = "from marts.credit_ledger where booked_period = date '2026-01-01'"
        frozen = f"read_parquet('{january.folder / 'credit_ledger.parquet'}')"
        [(rows, total)] = connection.execute(
            f"select count(*), cast(sum(credits) as varchar) {of_period}"
        ).fetchall()
        [(differing,)] = connection.execute(
            f"select count(*) from ((select * {of_period}) except all (select * from {frozen}))"
        ).fetchall()
    assert (ledger["rows"], ledger["control_totals"]["credits"], differing) == (rows, total, 0)
    assert rows > 0


def test_equal_books_freeze_to_equal_bytes(lite_db: Path, tmp_path: Path) -> None:
    frozen = []
    for name in ("one", "two"):
        db = tmp_path / name / "lite.duckdb"
        db.parent.mkdir()
        shutil.copy(lite_db, db)
        assert close(db, "2026-01").exit_code == 0
        frozen.append(contents(evidence_folder(db)))
    assert frozen[0] == frozen[1]


def test_closing_again_changes_nothing(closed_db: Path, evidence: Path) -> None:
    before = contents(evidence)
    assert close(closed_db, "2026-01").exit_code == 0
    assert contents(evidence) == before


def test_evidence_is_verified_by_the_program_beside_it_with_nothing_installed(
    evidence: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(evidence / "verify.py")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "Verified; entries: 2, closed: 2026-01, 2026-02." in done.stdout


def test_any_flipped_byte_is_found_and_its_file_named(evidence: Path) -> None:
    chance = random.Random(11)
    assert verify.verify(evidence) == []
    for name, content in contents(evidence).items():
        places = {0, len(content) - 1, *(chance.randrange(len(content)) for _ in range(4))}
        for place in places:
            changed = bytearray(content)
            changed[place] ^= 1 << chance.randrange(8)
            (evidence / name).write_bytes(changed)
            assert any(name in problem for problem in verify.verify(evidence)), (name, place)
        (evidence / name).write_bytes(content)
    assert verify.verify(evidence) == []


def test_a_missing_or_added_file_is_named(evidence: Path) -> None:
    name = "0001-close-2026-01/journal_lines.parquet"
    kept = (evidence / name).read_bytes()
    (evidence / name).unlink()
    assert verify.verify(evidence) == [f"{name}: is missing"]
    (evidence / name).write_bytes(kept)
    (evidence / "0002-close-2026-02/more.parquet").write_bytes(kept)
    (evidence / "notes.txt").write_text("x")
    assert verify.verify(evidence) == [
        "notes.txt: does not belong to the evidence",
        "0002-close-2026-02/more.parquet: was not frozen",
    ]


def test_periods_cannot_be_removed_reordered_or_inserted(evidence: Path, tmp_path: Path) -> None:
    def after(*renames: tuple[str, str], gone: str = "") -> str:
        root = tmp_path / f"copy{len(list(tmp_path.iterdir()))}"
        shutil.copytree(evidence, root)
        if gone:
            shutil.rmtree(root / gone)
        for old, new in renames:
            shutil.copytree(evidence / old, root / new, dirs_exist_ok=True)
        return "\n".join(verify.verify(root))

    first, second = "0001-close-2026-01", "0002-close-2026-02"
    assert "HEAD: does not name 0001-close-2026-01" in after(gone=second)
    assert "entry 0001 should stand here" in after(gone=first)
    swapped = after((first, "0002-close-2026-01"), (second, "0001-close-2026-02"), gone=first)
    assert "belongs to another entry" in swapped
    assert "belongs to another entry" in after((second, "0003-close-2026-03"))


def test_a_reopened_period_is_closed_anew_and_the_old_evidence_kept(
    closed_db: Path, evidence: Path
) -> None:
    refused = run("reopen", "2026-03", "--db", str(closed_db), *ALICE, "--reason", "x")
    assert "the period is not closed here" in refused.stderr
    done = run("reopen", "2026-01", "--db", str(closed_db), *ALICE, "--reason", "keyed twice")
    assert done.exit_code == 0, done.stderr
    chain = verify.entries(evidence)
    assert [entry.folder.name for entry in chain][2:] == ["0003-reopen-2026-01"]
    assert verify.in_force(chain) == {}
    assert close(closed_db, "2026-01").exit_code == 0
    chain = verify.entries(evidence)
    assert {period: entry.no for period, entry in verify.in_force(chain).items()} == {"2026-01": 4}
    assert verify.verify(evidence) == []
    with duckdb.connect(str(closed_db), read_only=True) as connection:
        reasons = connection.execute(
            "select reason from raw.period_closes where action = 'reopen'"
        ).fetchall()
        assert reasons == [("keyed twice",)]
        # The register says what the chain says: January is closed again, February open.
        assert registered_close(connection, date(2026, 1, 1)) is not None
        assert registered_close(connection, date(2026, 2, 1)) is None


def test_a_month_that_a_later_close_covers_is_not_registered_again(own_db: Path) -> None:  # noqa: F811
    change(
        own_db,
        "insert into raw.period_closes (close_id, period, closed_at, action) "
        "values ('feb', date '2026-02-01', timestamp '2026-03-01 00:00:00', 'close')",
    )
    assert close(own_db, "2026-01").exit_code == 0
    with duckdb.connect(str(own_db), read_only=True) as connection:
        assert connection.execute("select close_id from raw.period_closes").fetchall() == [("feb",)]
        assert registered_close(connection, date(2026, 2, 1)) is not None
    [entry] = verify.entries(evidence_folder(own_db))
    assert (verify.read_manifest(entry) or {})["closed"]["at"] == "2026-03-01T00:00:00+00:00"


def test_books_that_do_not_know_all_until_the_registered_close_are_not_frozen(
    own_db: Path,  # noqa: F811
) -> None:
    change(
        own_db,
        "insert into raw.period_closes (close_id, period, closed_at, action) "
        "values ('jan', date '2026-01-01', timestamp '2026-03-05 00:00:00', 'close')",
    )
    refused = close(own_db, "2026-01")
    assert "the register closes it at 2026-03-05 00:00:00 UTC" in refused.stderr


def test_nothing_is_added_to_a_broken_chain(closed_db: Path, evidence: Path) -> None:
    (evidence / "0001-close-2026-01/credit_ledger.parquet").write_bytes(b"PAR1")
    refused = run("reopen", "2026-02", "--db", str(closed_db), *ALICE, "--reason", "x")
    assert refused.exit_code == 1
    assert "credit_ledger.parquet: was changed" in refused.stderr


def test_closed_periods_are_performed_again_from_raw(closed_db: Path) -> None:
    done = run("reperform", "--db", str(closed_db))
    assert done.exit_code == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["2026-01", "2026-02"]
    assert done.stdout.count("as frozen") == 2


def test_a_moved_figure_is_listed_with_what_was_changed_since(closed_db: Path) -> None:
    with duckdb.connect(str(closed_db)) as connection:
        [(moved,)] = connection.execute(
            "update marts.revenue_by_meter set usage_revenue = usage_revenue + 0.01 "
            "where booked_period = date '2026-01-01'"
        ).fetchall()
        connection.execute("update marts.build_parameters set models_sha256 = 'of another version'")
    assert moved > 0
    done = run("reperform", "2026-01", "--db", str(closed_db))
    assert done.exit_code == 1
    rows = f"revenue_by_meter: {moved} frozen rows are not made any more, {moved} are new"
    assert rows in done.stdout
    assert f"usage_revenue +0.0{moved}" in done.stdout
    assert "since then: the models were changed" in done.stdout


def test_check_compares_closed_periods_with_what_was_frozen(closed_db: Path) -> None:
    held = run("check", "--db", str(closed_db))
    assert "Closed periods say what they said when they were closed: closed 2 = unchanged 2" in (
        held.stdout
    )
    (evidence_folder(closed_db) / "0001-close-2026-01/trial_balance.parquet").write_bytes(b"PAR1")
    moved = run("check", "--db", str(closed_db))
    assert moved.exit_code == 1
    # The page can be written of books whose evidence was changed, and says so.
    page = run("report", "--db", str(closed_db), "--out", str(closed_db.parent))
    assert page.exit_code == 0, page.stderr
    assert "FAIL  The evidence of closed periods is as it was frozen" in moved.stdout


@pytest.mark.slow
def test_a_close_that_is_killed_anywhere_ends_as_an_undisturbed_one(
    lite_db: Path, tmp_path: Path
) -> None:
    calm = tmp_path / "calm" / "lite.duckdb"
    calm.parent.mkdir()
    shutil.copy(lite_db, calm)
    assert close(calm, "2026-01").exit_code == 0
    undisturbed = contents(evidence_folder(calm))
    chance = random.Random(7)
    killed = 0
    for trial in range(KILLS):
        db = tmp_path / f"{trial}" / "lite.duckdb"
        db.parent.mkdir()
        shutil.copy(lite_db, db)
        command = [sys.executable, "-c", "from reports.cli import main; main()"]
        process = subprocess.Popen(
            [*command, "close", "2026-01", "--db", str(db), *ALICE],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            process.wait(timeout=chance.uniform(0.2, 1.0))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            killed += 1
            process.wait()
        assert close(db, "2026-01").exit_code == 0
        assert contents(evidence_folder(db)) == undisturbed
        with duckdb.connect(str(db), read_only=True) as connection:
            assert connection.execute("select count(*) from raw.period_closes").fetchall() == [(1,)]
        shutil.rmtree(db.parent)
    assert killed > 0
