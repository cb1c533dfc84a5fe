"""What `creditbooks load` prints: results on stdout, and nothing else there."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from ingestion.commands import load, report_lines
from ingestion.file_records import FileReport
from ingestion.landing import LoadResult
from rate_cards.settings import Settings
from tests.ingestion_company import Company, event


def run(company: Company, *arguments: str, as_json: bool = False) -> str:
    settings = Settings(company.folder / "book", company.data, company.db, as_json)
    outcome = CliRunner().invoke(load, arguments, obj=settings, catch_exceptions=False)
    assert outcome.exit_code == 0
    assert outcome.stderr == ""
    return outcome.stdout


def test_a_file_is_one_line_with_counts_total_and_digest(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.usage("usage.csv", event("ev_1", quantity="1234.5"), event("ev_2", quantity="-1"))
    line, total = run(company, "--quarantine").splitlines()
    [digest] = company.rows("select sha256[:12] from raw.files")
    assert line == (
        f"usage.csv  1 usage row loaded, 1 rejected, quantity 1,234.50, sha256 {digest[0]}"
    )
    assert total == "northwind-lite: 1 file loaded, 1 row."


def test_repeating_it_says_that_the_files_are_known(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.usage("usage.csv", event("ev_1"))
    run(company)
    line, total = run(company).splitlines()
    assert line.startswith("usage.csv  loaded before: 1 usage row loaded, quantity 4.00, sha256 ")
    assert total == "northwind-lite: 0 files loaded, 0 rows; 1 file loaded before."


def test_json_carries_exact_decimals_as_text(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.usage("usage.csv", event("ev_1", quantity="0.000000001"))
    result = json.loads(run(company, as_json=True))
    assert result["book"] == "northwind-lite"
    [file] = result["files"]
    assert file["control_total"] == "0.000000001"
    assert (file["rows"], file["loaded"], file["is_new"]) == (1, 1, True)


def test_every_count_that_is_not_nought_is_shown() -> None:
    file = FileReport(
        path="a.csv",
        feed="customers",
        rows=10_000,
        loaded=9_994,
        duplicates=1,
        rejected=2,
        excluded=3,
        control_total_name=None,
        control_total=None,
        sha256="0123456789abcdef",
        is_new=True,
        ignored_columns=("host", "zone"),
    )
    assert report_lines(LoadResult("b", (file,))) == [
        "a.csv  9,994 customers rows loaded, 1 duplicate, 2 rejected, 3 excluded, "
        "sha256 0123456789ab, not read: host zone",
        "b: 1 file loaded, 9,994 rows.",
    ]
