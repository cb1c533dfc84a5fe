"""The whole chain on one book: load, build, check, and the figures that came out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rate_cards.problems import relative
from rate_cards.settings import Settings
from reports.build import build, built_parameters
from reports.check import check, report_lines
from reports.figures import Figures
from reports.numbers import count, instant

if TYPE_CHECKING:
    from ingestion.landing import Progress
    from reports.hand_over import HandedOver

Tell = Callable[[str], None]
"""Told each line about what has been done."""


def run_chain(
    settings: Settings,
    as_of: str | None,
    quarantine: bool,
    tell: Tell,
    progress_bar: Callable[[], AbstractContextManager[Progress]],
) -> Figures:
    """Load a book's files, build its marts, check them, and read the figures.

    Args:
        settings: Which book, data and database.
        as_of: As typed, see `reports.build.parse_as_of`.
        quarantine: Set bad rows aside instead of refusing their file.
        tell: Told what was loaded and built, and every check that fails or wants a look.
        progress_bar: Shows how far a step is.

    Raises:
        InputError: The book or the data is wrong, or a model failed.
        EnvironmentProblem: A file is missing, or the database is held.
    """
    from ingestion.commands import report_lines as load_lines
    from ingestion.landing import load

    with progress_bar() as progress:
        loaded = load(settings, quarantine, progress)
    for line in load_lines(loaded):
        tell(line)
    with progress_bar() as progress:
        built = build(settings.database, as_of, threads=None, progress=progress)
    known = built.parameters
    tell(f"Built {count(built.models, 'model')} as of {instant(known.as_of)}.")
    with progress_bar() as progress:
        results = check(settings.database, threads=None, progress=progress)
    for line in report_lines(result for result in results if result.failures):
        tell(line)
    return figures_of(settings)


def figures_of(settings: Settings) -> Figures:
    """The figures of a database that was built and checked.

    Raises:
        InputError: It was not.
        EnvironmentProblem: It is missing or held.
    """
    from ingestion.warehouse import reading
    from reports.reading import read_figures

    with reading(settings.database) as connection:
        return read_figures(connection, built_parameters(connection, settings.database))


def run_demo(
    settings: Settings,
    out: Path,
    tell: Tell,
    progress_bar: Callable[[], AbstractContextManager[Progress]],
) -> tuple[HandedOver, Path]:
    """Simulate the demo company into a folder, and take its files through the whole chain.

    Args:
        settings: Its book; the data and the database are the demo's own.
        out: Folder for data, database, page and workbook; those of an earlier demo are replaced,
            the months it closed included.
        tell: Told what was simulated, loaded and built.
        progress_bar: Shows how far a step is.

    Returns:
        What was written, the figures with it, and the database.
    """
    from ingestion.simulation.files import write_company
    from reports.close.close import evidence_folder
    from reports.hand_over import hand_over

    own = replace(settings, data=out / "data", db=out / f"{settings.book_dir.name}.duckdb")
    out.mkdir(parents=True, exist_ok=True)
    # Simulated first: it refuses a folder that holds anybody's files but its own.
    company = write_company(own.data_dir, book=own.book_dir)
    own.database.unlink(missing_ok=True)
    shutil.rmtree(evidence_folder(own.database), ignore_errors=True)
    rows, files = sum(company.rows.values()), len(company.rows)
    tell(f"Simulated {count(rows, 'row')} in {count(files, 'file')} under {relative(out)}/data.")
    run_chain(own, None, False, tell, progress_bar)
    return hand_over(own.database, out), own.database
