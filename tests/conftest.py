"""One small book, taken through the whole chain once for every test that only reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.error_cases import FOLDER, run

LITE = FOLDER / "_base" / "northwind-lite"
"""Two customers who each bought 120 credits for 10.00, and three events; see its own files."""


@pytest.fixture(scope="session")
def lite_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The database of the small book, loaded, built and checked; and what `run` printed."""
    database = tmp_path_factory.mktemp("lite") / "lite.duckdb"
    book, data = LITE / "book", LITE / "data"
    done = run("run", "--book", str(book), "--data", str(data), "--db", str(database))
    assert done.exit_code == 0, done.stdout + done.stderr
    return database, done.stdout


@pytest.fixture(scope="session")
def lite_db(lite_run: tuple[Path, str]) -> Path:
    """The database of the small book, for reading only."""
    return lite_run[0]
