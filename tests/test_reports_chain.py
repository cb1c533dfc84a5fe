"""The chain on a book small enough to work by hand.

Each customer pays 10.00 for a pack of 100 paid and 20 bonus credits, one pool of 120: the paid lot
carries 10.00 x 100 / 120 = 8.33, the bonus lot the other 1.67.

January, acme: 2 M output tokens at 2.0 per million and 4 images at 3.0 take 4 + 12 = 16 credits of
the paid lot, 8.33 x 16 / 100 = 1.3328, booked as 1.33. Its deferred revenue closes at 8.67.
February, globex: 1.5 M input tokens at 0.6 per million take 0.9 credits,
8.33 x 0.9 / 100 = 0.07497, booked as 0.07. Both together close at 8.67 + 10.00 - 0.07 = 18.60.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import duckdb
import pytest

from reports import dbt_runner
from reports.dbt_runner import folder_beside, log_file
from tests.error_cases import run, working_in

ROLLFORWARD = """\
Period   Opening   Additions           Usage   Breakage   Refunds   Closing
2026-01     0.00       10.00          (1.33)       0.00      0.00      8.67
2026-02     8.67       10.00          (0.07)       0.00      0.00     18.60
All         0.00       20.00          (1.40)       0.00      0.00     18.60
"""


@pytest.fixture
def own_db(lite_db: Path, tmp_path: Path) -> Path:
    """A copy of the built database that a test may change."""
    copy = tmp_path / "lite.duckdb"
    shutil.copy(lite_db, copy)
    return copy


def change(db: Path, statement: str) -> None:
    with duckdb.connect(str(db)) as connection:
        connection.execute(statement)


def test_run_ends_with_the_rollforward_worked_by_hand(lite_run: tuple[Path, str]) -> None:
    shown = [line.split() for line in lite_run[1].splitlines()]
    for line in ROLLFORWARD.splitlines():
        assert line.split() in shown


def test_run_says_that_every_check_holds(lite_run: tuple[Path, str]) -> None:
    assert "FAIL" not in lite_run[1]
    assert " checks hold." in lite_run[1]


def test_build_repeated_gives_the_same_figures_and_leaves_the_checkout_alone(own_db: Path) -> None:
    before, checkout = exported(own_db), sorted(dbt_runner.PROJECT.iterdir())
    with working_in(own_db.parent):
        assert run("build", "--db", own_db.name).exit_code == 0
    assert exported(own_db) == before
    assert sorted(dbt_runner.PROJECT.iterdir()) == checkout
    assert log_file(own_db).is_file()
    assert (folder_beside(own_db) / "manifest.json").is_file()


def exported(db: Path) -> list[tuple[object, ...]]:
    with duckdb.connect(str(db), read_only=True) as connection:
        return connection.execute(
            "select * from marts.deferred_revenue_schedule order by all"
        ).fetchall()


def test_build_knows_nothing_from_the_as_of_instant_on(own_db: Path) -> None:
    # All of January: acme's 8.67 is there, globex has not bought yet.
    built = run("build", "--as-of", "2026-01", "--db", str(own_db), "--json")
    assert json.loads(built.stdout)["as_of"] == "2026-02-01T00:00:00+00:00"
    with duckdb.connect(str(own_db), read_only=True) as connection:
        closing = connection.execute(
            "select booked_period::varchar, closing::varchar from marts.liability_rollforward"
        ).fetchall()
    assert closing == [("2026-01-01", "8.670")]


def test_build_leaves_unchecked_figures_unreported(own_db: Path, tmp_path: Path) -> None:
    assert run("build", "--db", str(own_db)).exit_code == 0
    shown = run("report", "--db", str(own_db), "--out", str(tmp_path))
    assert shown.exit_code == 1
    assert "built but not checked" in shown.stderr


def test_parse_is_forgotten_only_when_a_file_of_the_project_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, folder = tmp_path / "project", tmp_path / "lite.duckdb.dbt"
    project.mkdir()
    folder.mkdir()
    model, parse = project / "model.sql", folder / "partial_parse.msgpack"
    model.write_text("select 1")
    parse.write_text("")
    monkeypatch.setattr(dbt_runner, "PROJECT", project)
    for path in (project, model):
        os.utime(path, ns=(1_000, 1_000))
    os.utime(parse, ns=(2_000, 2_000))
    dbt_runner._forget_stale_parse(folder)
    assert parse.exists()
    os.utime(model, ns=(2_001, 2_001))
    dbt_runner._forget_stale_parse(folder)
    assert not parse.exists()


def test_build_names_the_models_that_fail_and_counts_those_behind_them(
    own_db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "dbt_project"
    shutil.copytree(dbt_runner.PROJECT, broken, ignore=shutil.ignore_patterns("*.dbt", "*.duckdb*"))
    model = broken / "models" / "marts" / "journal_lines.sql"
    model.write_text("select nowhere from {{ ref('int_postings') }}")
    monkeypatch.setattr(dbt_runner, "PROJECT", broken)
    shown = run("build", "--db", str(own_db))
    assert shown.exit_code == 1
    assert shown.stderr.startswith(
        "dbt_project/models/marts/journal_lines.sql: model journal_lines failed\n"
    )
    assert "nowhere" in shown.stderr
    assert "models behind it were not built" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_build_of_a_database_without_a_book_says_what_to_do(tmp_path: Path) -> None:
    empty = tmp_path / "empty.duckdb"
    change(empty, "select 1")
    shown = run("build", "--db", str(empty))
    assert shown.exit_code == 1
    assert "no book is loaded" in shown.stderr


def test_check_before_build_says_what_to_do(tmp_path: Path) -> None:
    empty = tmp_path / "empty.duckdb"
    change(empty, "select 1")
    shown = run("check", "--db", str(empty))
    assert shown.exit_code == 1
    assert "nothing is built in this database" in shown.stderr


def test_check_fails_with_both_numbers_when_a_journal_line_is_lost(own_db: Path) -> None:
    change(
        own_db,
        "delete from marts.journal_lines "
        "where account_role = 'usage_revenue' and booked_period = '2026-01-01'",
    )
    shown = run("check", "--db", str(own_db))
    assert shown.exit_code == 1
    # 10.00 + 10.00 sold and 1.33 + 0.07 earned, less the credit of 1.33 that is gone.
    assert "FAIL  Debits equal credits, USD: debits 21.40 ≠ credits 20.07" in shown.stdout
    assert "kept in failures." in shown.stdout
    assert "FAILED." in shown.stdout


def test_check_stores_its_results_and_the_failing_rows(own_db: Path) -> None:
    change(own_db, "update marts.trial_balance set closing = closing + 0.001")
    assert run("check", "--db", str(own_db)).exit_code == 1
    with duckdb.connect(str(own_db), read_only=True) as connection:
        kept = connection.execute(
            "select name, rows_kept_in from marts.check_results "
            "where not is_ok and rows_kept_in like '%failures%'"
        ).fetchall()
        assert kept
        for _, table in kept:
            [(rows,)] = connection.execute(f"select count(*) from {table}").fetchall()
            assert rows > 0


def test_check_refuses_a_mart_that_is_not_of_the_promised_shape(own_db: Path) -> None:
    change(own_db, "alter table marts.credit_lots alter column consideration type double")
    shown = run("check", "--db", str(own_db))
    assert shown.exit_code == 1
    assert "consideration is a binary float" in shown.stdout


def test_check_prints_results_as_json(lite_db: Path, own_db: Path) -> None:
    results = json.loads(run("check", "--db", str(own_db), "--json").stdout)
    assert {result["kind"] for result in results} >= {"identity", "tie-out", "file", "schema"}
    assert all(result["is_ok"] for result in results)


def test_report_gives_the_same_bytes_twice(lite_db: Path, tmp_path: Path) -> None:
    pages = []
    for name in ("a", "b"):
        shown = run("report", "--db", str(lite_db), "--out", str(tmp_path / name))
        assert shown.exit_code == 0
        pages.append((tmp_path / name / "rollforward.html").read_bytes())
    assert pages[0] == pages[1]
    assert b"18.60" in pages[0]


def test_database_held_by_another_process_is_an_environment_problem(own_db: Path) -> None:
    import subprocess
    import sys

    script = (
        "import duckdb, sys\n"
        f"connection = duckdb.connect({str(own_db)!r})\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        shown = run("build", "--db", str(own_db))
        holder.communicate("")
    assert shown.exit_code == 3
    assert "the database is held" in shown.stderr
