"""What finance is handed: the page, the workbook of a month, and a manifest beside each."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, cast

from rate_cards.problems import unusable
from reports.build import built_parameters
from reports.figures import Figures
from reports.manifest import Basis, Part, read_basis, write_manifest
from reports.numbers import total
from reports.page import PAGE_NAME, write_page
from reports.recorder import Recorder
from reports.workbook.books import Books, read_books

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class HandedFile:
    """A file that leaves.

    Attributes:
        path: The file.
        manifest: What describes it.
        sha256: Digest of its bytes.
    """

    path: Path
    manifest: Path
    sha256: str


@dataclass(frozen=True)
class HandedOver:
    """Everything that was written, and the figures of the page."""

    figures: Figures
    page: HandedFile
    workbook: HandedFile


def hand_over(database: Path, out: Path, period: date | None = None) -> HandedOver:
    """Write the page, the workbook of a month and their manifests.

    Args:
        database: Built and checked.
        out: Folder to write to, made if missing.
        period: First day of the month; None for the last one of the books.

    Raises:
        InputError: It was not built or checked, or has no such month.
        EnvironmentProblem: The database is missing or held, or a file cannot be written.
    """
    from ingestion.warehouse import reading
    from reports.close.close import evidence_folder
    from reports.reading import read_figures

    with reading(database) as connection:
        parameters = built_parameters(connection, database)
        asked = Recorder(connection)
        figures = read_figures(cast("DuckDBPyConnection", asked), parameters)
        books = read_books(connection, parameters, period)
        basis = read_basis(connection, parameters, figures.checks, evidence_folder(database))
        try:
            out.mkdir(parents=True, exist_ok=True)
            page = _hand_page(out, figures, books, basis, asked.sql_sha256)
            workbook = _hand_workbook(out, connection, books, basis)
        except OSError as error:
            raise unusable(out, error, "Name another folder with --out.") from error
    return HandedOver(figures, page, workbook)


def _hand_page(
    out: Path, figures: Figures, books: Books, basis: Basis, sql_sha256: str
) -> HandedFile:
    """The roll-forward page: of all months, so its manifest is of the last."""
    path = out / PAGE_NAME
    write_page(figures, path)
    rolled = figures.rollforwards
    closing = {
        currency: round(
            total(each.closing for each in rolled if each.currency == currency),
            books.decimals(currency),
        )
        for currency in sorted({each.currency for each in rolled})
    }
    last = max((row.period for each in rolled for row in each.rows), default=None)
    manifest = write_manifest(
        path,
        "Roll-forward page",
        basis,
        last or figures.as_of.date(),
        sql_sha256,
        [Part(each.title, len(each.rows)) for each in rolled],
        closing,
    )
    return _handed(path, manifest)


def _hand_workbook(
    out: Path, connection: DuckDBPyConnection, books: Books, basis: Basis
) -> HandedFile:
    """The workbook of a month."""
    from reports.workbook.write import workbook_name, write_workbook

    path = out / workbook_name(books)
    asked = Recorder(connection)
    contents = write_workbook(asked, books, basis.checks, path)
    closing = {
        currency: amount
        for (column, currency), amount in sorted(contents[0].totals.items())
        if column == "closing"
    }
    manifest = write_manifest(
        path,
        "Workbook of the month",
        basis,
        books.period,
        asked.sql_sha256,
        [Part(each.name, each.rows, each.left_out) for each in contents],
        closing,
    )
    return _handed(path, manifest)


def _handed(path: Path, manifest: Path) -> HandedFile:
    return HandedFile(path, manifest, hashlib.sha256(path.read_bytes()).hexdigest())
