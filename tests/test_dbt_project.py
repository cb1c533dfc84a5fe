"""The dbt project itself: its structure, its dialect, and its unit tests.

What a build of somebody's books proves is in `creditbooks check`; this is about the models.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from duckdb import connect

ROOT = Path(__file__).resolve().parents[1]
PROJECT = ROOT / "dbt_project"
MODELS = sorted((PROJECT / "models").rglob("*.sql"))
MACROS = sorted((PROJECT / "macros").rglob("*.sql"))
SINGULAR_TESTS = sorted((PROJECT / "tests").rglob("*.sql"))
UNIT_TESTS = sorted((PROJECT / "models").rglob("_*__unit_tests.yml"))

ENGINE_ONLY = {"dialect.sql", "burn_down.sql"}
"""The two macro files that may speak DuckDB: each macro in them can be dispatched elsewhere."""

FEEDS_READ_OUTSIDE_STAGING = {
    # The words of an event (its id, user and team) stay in raw.usage: decision 3.
    ("macros/drawdown/attribution.sql", "usage"),
    ("models/pricing/int_limited_events.sql", "usage"),
    ("models/drawdown/int_member_usage.sql", "usage"),
    # And when it happened, which says what a supplier charged: no model asks again.
    ("models/revenue/int_supplier_costs.sql", "usage"),
    # And when we heard of it: what is stated elsewhere counts by both.
    ("models/drawdown/int_statement_facts.sql", "usage"),
    ("models/marts/corrections.sql", "usage"),
    ("models/marts/credit_ledger.sql", "usage"),
    ("models/marts/rated_usage.sql", "usage"),
    ("models/marts/stranded_credits.sql", "usage"),
    # Read by the models that decide when they count: a view in between would
    # rename nothing.
    ("models/pricing/int_rate_matches.sql", "property_sets"),
    ("models/pricing/int_rate_matches.sql", "property_values"),
    ("models/pricing/int_cost_matches.sql", "property_sets"),
    ("models/pricing/int_cost_matches.sql", "property_values"),
    ("models/drawdown/int_lots__from_grants.sql", "grants"),
    # Shown as they are.
    ("models/marts/load_audit.sql", "files"),
    ("models/marts/period_closes.sql", "period_closes"),
}

DIALECT = {
    "a cast only DuckDB and Postgres read": r"::",
    "QUALIFY": r"\bqualify\b",
    "an as-of join": r"\basof\b",
    "a lambda": r"\blambda\b",
    "a fold over a list": r"\blist_\w+\(",
    "an ordered list": r"\blist\(|\barray_agg\(",
    "unnest": r"\bunnest\s*\(",
    "a struct literal": r"\{'|\bstruct\w*\(",
    "* EXCLUDE": r"\*\s*exclude\b",
    "GROUP BY ALL": r"\b(group|order) by all\b",
    "a date spelled in DuckDB": r"\binterval '|\bdate_trunc\(|\bdate_diff\(|\bto_(days|months)\(",
    "whole-number division outside its macro": r"//",
    "the clock": r"\bnow\s*\(|\bcurrent_(date|time|timestamp)\b|\btoday\s*\(",
    "a value nobody chose": r"\bany_value\s*\(|\bfirst\s*\(|\brandom\s*\(",
    "a binary float": r"\b(float\d?|double|real|avg)\b",
}


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def code_of(path: Path) -> str:
    """A model or macro without its comments."""
    text = re.sub(r"\{#.*?#\}", "", read(path), flags=re.DOTALL)
    return re.sub(r"--[^\n]*", "", text).lower()


def command(name: str) -> str:
    """A command installed beside the running Python."""
    return str(Path(sys.executable).with_name(name))


def dbt(verb: str, folder: Path, database: Path, *arguments: str) -> str:
    """Run dbt in a process of its own; what it said when it succeeded."""
    done = subprocess.run(
        [
            *(command("dbt"), verb),
            *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
            *("--target-path", str(folder / "target"), "--log-path", str(folder / "logs")),
            *("--no-use-colors", "--no-version-check", *arguments),
        ],
        env={**os.environ, "CREDITBOOKS_DB": str(database), "DO_NOT_TRACK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The parsed project, all six levels of wallets enabled."""
    folder = tmp_path_factory.mktemp("dbt")
    dbt("parse", folder, folder / "none.duckdb")
    return folder / "target" / "manifest.json"


def bouncer(manifest: Path) -> subprocess.CompletedProcess[str]:
    config = manifest.parent / "dbt-bouncer.yml"
    rules = read(PROJECT / "dbt-bouncer.yml")
    config.write_text(f"dbt_artifacts_dir: {manifest.parent}\n{rules}", encoding="utf-8")
    return subprocess.run(
        [command("dbt-bouncer"), "run", "--config-file", str(config)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_structure_follows_the_rules_of_dbt_bouncer(manifest: Path) -> None:
    done = bouncer(manifest)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_mart_without_a_contract_would_be_noticed(manifest: Path, tmp_path: Path) -> None:
    loosened = tmp_path / "manifest.json"
    loosened.write_text(read(manifest).replace('"enforced": true', '"enforced": false'))
    done = bouncer(loosened)
    assert done.returncode == 1
    assert "check_model_has_contracts_enforced" in done.stdout


def test_feeds_are_read_in_staging_or_where_the_list_says_why() -> None:
    found = {
        (path.relative_to(PROJECT).as_posix(), table)
        for path in [*MODELS, *MACROS]
        if path.parent.name != "staging"
        for table in re.findall(r"source\('feeds', '(\w+)'\)", read(path))
    }
    assert found == FEEDS_READ_OUTSIDE_STAGING


@pytest.mark.parametrize("what", DIALECT)
def test_only_the_dialect_macros_speak_duckdb(what: str) -> None:
    found = [
        f"{path.relative_to(PROJECT)}: {match.group()}"
        for path in [*MODELS, *MACROS, *SINGULAR_TESTS]
        if path.name not in ENGINE_ONLY
        for match in re.finditer(DIALECT[what], code_of(path))
    ]
    assert not found, f"{what} outside macros/dialect.sql and macros/burn_down.sql"


def test_the_dialect_rules_see_what_they_forbid() -> None:
    engine = "".join(code_of(path) for path in MACROS if path.name in ENGINE_ONLY)
    forbidden_anywhere = {"QUALIFY", "* EXCLUDE", "GROUP BY ALL", "the clock", "a binary float"}
    forbidden_anywhere |= {"a value nobody chose", "a cast only DuckDB and Postgres read"}
    spoken = {what for what, pattern in DIALECT.items() if re.search(pattern, engine)}
    assert spoken == set(DIALECT) - forbidden_anywhere


def test_no_column_of_a_built_book_is_a_binary_float(lite_db: Path) -> None:
    with connect(str(lite_db), read_only=True) as connection:
        floats = connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns()"
            " where data_type in ('FLOAT', 'DOUBLE') and not internal"
        ).fetchall()
    assert floats == []


@pytest.mark.parametrize("path", SINGULAR_TESTS, ids=lambda path: path.stem)
def test_a_singular_test_opens_with_the_sentence_it_refutes(path: Path) -> None:
    assert read(path).startswith("-- Fails ")


def test_models_say_the_same_in_their_file_and_in_the_docs() -> None:
    documented = {
        model["name"]: " ".join(model["description"].split())
        for path in (PROJECT / "models").rglob("_*__models.yml")
        for model in yaml.safe_load(read(path))["models"]
    }
    written = {path.stem: opening_comment(path) for path in MODELS if "__level_" not in path.stem}
    differing = {name for name, words in written.items() if words != documented[name]}
    assert not differing


def opening_comment(path: Path) -> str:
    """The comment a model begins with, as one line."""
    lines = [line for line in read(path).splitlines() if not line.startswith("{{ config")]
    end = next(at for at, line in enumerate(lines) if not line.startswith("--"))
    return " ".join(" ".join(line.removeprefix("--") for line in lines[:end]).split())


@pytest.mark.parametrize("path", UNIT_TESTS, ids=lambda path: path.stem)
def test_unit_tests_are_sentences_that_explain_their_rows(path: Path) -> None:
    for case in yaml.safe_load(read(path))["unit_tests"]:
        assert len(case["name"].split("_")) >= 5, f"{case['name']} is no sentence"
        assert len(case["description"].split()) >= 15, f"{case['name']} does not say why"


@pytest.mark.slow
def test_unit_tests_hold_whatever_the_parameters_of_a_build(lite_db: Path, tmp_path: Path) -> None:
    # Types come from a built book; rows, as_of and time zone from each test itself. Were one to
    # lean on a build's parameters, these would break it.
    database = shutil.copy(lite_db, tmp_path / "lite.duckdb")
    strange = '{"as_of": "2020-01-01 00:00:00", "time_zone": "Asia/Tokyo"}'
    said = dbt("test", tmp_path, Path(database), "--select", "test_type:unit", "--vars", strange)
    written = sum(len(yaml.safe_load(read(path))["unit_tests"]) for path in UNIT_TESTS)
    assert re.search(rf"{written} unit tests", said), said
