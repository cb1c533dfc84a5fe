"""The packages know each other one way only: reports -> ingestion -> rate_cards; dbt knows none."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAY_IMPORT = {
    "rate_cards": {"rate_cards"},
    "ingestion": {"ingestion", "rate_cards"},
    "reports": {"reports", "ingestion", "rate_cards"},
}


def imports_of(path: Path) -> Iterator[tuple[str, int, bool]]:
    """Top-level package, line, and whether it is imported when the module is."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    within_functions = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        for name in names:
            yield name.split(".")[0], node.lineno, id(node) not in within_functions


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_package_imports_only_what_lies_below_it(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for name, line, _ in imports_of(path)
        if name in {*MAY_IMPORT, "tests"} - MAY_IMPORT[package]
    ]
    assert not wrong


def test_dbt_is_imported_only_inside_the_function_that_runs_it() -> None:
    found = [
        (path.relative_to(ROOT).as_posix(), at_import)
        for package in MAY_IMPORT
        for path in sorted((ROOT / package).rglob("*.py"))
        for name, _, at_import in imports_of(path)
        if name == "dbt"
    ]
    assert found
    assert {place for place, _ in found} == {"reports/dbt_runner.py"}
    assert not any(at_import for _, at_import in found)


def test_help_imports_none_of_the_heavy_libraries() -> None:
    """Half a second to help is a promise; a fresh process shows what help really loads."""
    script = (
        "import sys\n"
        "from reports.cli import main\n"
        "try:\n    main(['--help'])\n"
        "except SystemExit:\n    pass\n"
        "print(sorted({'dbt', 'duckdb', 'pandera', 'polars', 'pydantic'} & set(sys.modules)))\n"
    )
    output = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    assert output.splitlines()[-1] == "[]"
