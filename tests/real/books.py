"""The real books: where their files are, and the real commands run on them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from tests.cli import exit_code

HERE = Path(__file__).parent
DATA = HERE.parents[2] / "shared" / "data"
"""Beside the repository; never copied into it."""

Row = dict[str, str]


@dataclass(frozen=True)
class RealBook:
    """One book on real input.

    Attributes:
        name: Its folder under tests/real.
        files: Real files it reads, relative to ../shared/data.
        as_of: First instant the books do not know, and how it is typed.
    """

    name: str
    files: tuple[str, ...]
    as_of: str

    @property
    def folder(self) -> Path:
        return HERE / self.name

    @property
    def is_there(self) -> bool:
        """Whether the real files can be read here."""
        return all((DATA / name).is_file() for name in self.files)

    def run(self, db: Path) -> list[int]:
        """`load` twice (the second must change nothing), `build`, `check`; their exit codes."""
        common = ["--book", str(self.folder), "--db", str(db)]
        return [
            exit_code("load", *common),
            exit_code("load", *common),
            exit_code("build", "--as-of", self.as_of, *common),
            exit_code("check", *common),
        ]


IMAGE_VENDOR = RealBook("image_vendor", ("usage/image_generation_requests_2024-11.csv",), "2024-12")
CDNOW = RealBook("cdnow", ("payments/cdnow_purchases_1997.txt",), "1998-06")
LLM_TENANTS = RealBook("llm_tenants", ("usage/llm_tenant_usage_6h.csv",), "2025-04")
BOOKS = (IMAGE_VENDOR, CDNOW, LLM_TENANTS)


def rows_of(book: RealBook) -> dict[str, list[Row]]:
    """The rows of the real files, read with Python's csv and str.split alone."""
    found = {}
    for name in book.files:
        with (DATA / name).open(encoding="utf-8", newline="") as file:
            if name.endswith(".csv"):
                found[name] = list(csv.DictReader(file))
            else:
                header, *lines = (line.split() for line in file)
                found[name] = [dict(zip(header, cells, strict=True)) for cells in lines]
    return found


def authored_rows(book: RealBook, name: str) -> list[Row]:
    """The rows of a small CSV written for the book."""
    with (book.folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
