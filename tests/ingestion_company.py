"""A company in a folder: the small shared book, its data files, and a database for them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from ingestion.landing import LoadResult, load
from ingestion.warehouse import reading
from rate_cards.problems import InputError
from rate_cards.settings import Settings

LITE = Path(__file__).parent / "errors/_base/northwind-lite/book"
IMAGES = '"{""model"": ""flux-dev""}"'
USAGE_HEADER = "event_id,occurred_at,customer_id,meter,quantity,properties"
USAGE_SOURCE = '{feed: usage, format: csv, path: "usage*.csv", optional: true}'

# What is told apart between two loads of the same facts: numbers and places are internal.
USAGE_CONTENT = """
    select event_id, occurred_at, received_at, customer_id, meter, properties, quantity, user_id,
        team_id, corrects
    from raw.usage
    inner join raw.usage_customers using (customer_no)
    inner join raw.property_sets using (property_set_no)
    order by event_id
"""
FILE_COUNTS = """
    select path, rows, loaded, duplicates, rejected, excluded from raw.files order by file_no
"""


class Company:
    """Files are written with `file`, loaded with `load`, looked at with `rows`."""

    def __init__(self, folder: Path, *sources: str, db: str = "company.duckdb") -> None:
        """Copy the book and give it these sources (one CSV source of usage by default)."""
        self.folder = folder
        self.db = folder / db
        self.data = folder / "data"
        self.data.mkdir(parents=True, exist_ok=True)
        shutil.copytree(LITE, folder / "book", dirs_exist_ok=True)
        self.sources(*(sources or (USAGE_SOURCE,)))

    def sources(self, *entries: str) -> None:
        """Replace the book's sources, each entry a YAML mapping on one line."""
        text = (LITE / "book.yml").read_text(encoding="utf-8")
        listed = "".join(f"  - {entry}\n" for entry in entries)
        head = text[: text.index("sources:")]
        (self.folder / "book/book.yml").write_text(f"{head}sources:\n{listed}", encoding="utf-8")

    def edit_book(self, old: str, new: str) -> None:
        """Change words of book.yml."""
        path = self.folder / "book/book.yml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def file(self, name: str, *lines: str) -> Path:
        """Write a data file."""
        path = self.data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    def usage(self, name: str, *rows: str) -> Path:
        """Write a usage CSV."""
        return self.file(name, USAGE_HEADER, *rows)

    def load(self, quarantine: bool = False) -> LoadResult:
        """Run the load."""
        settings = Settings(book=self.folder / "book", data=self.data, db=self.db)
        return load(settings, quarantine)

    def messages(self) -> list[str]:
        """What is wrong, without places and remedies; empty where it loads."""
        try:
            self.load()
        except InputError as error:
            return [problem.message for problem in error.problems]
        return []

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The answer of the database."""
        with reading(self.db) as connection:
            return [tuple(row) for row in connection.execute(query).fetchall()]


def event(
    event_id: str,
    quantity: str = "4",
    at: str = "2026-01-06T10:30:00Z",
    customer: str = "acme",
    meter: str = "images",
    properties: str = IMAGES,
) -> str:
    """A row of a usage CSV."""
    return f"{event_id},{at},{customer},{meter},{quantity},{properties}"
