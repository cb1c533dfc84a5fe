"""Which book, data and database a command works on: what the shared options say, made whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

BUNDLED_BOOKS = Path(__file__).parent / "books"


@dataclass(frozen=True)
class Settings:
    """The options every command accepts, as given; the properties fill in what was left out.

    Attributes:
        book: Folder of the book, or the name of a bundled one.
        data: Root the book's source paths are relative to, if not the book folder.
        db: Database file, if not `<book>.duckdb` in the working folder.
        as_json: Whether the result is printed as JSON.
    """

    book: Path = Path("northwind")
    data: Path | None = None
    db: Path | None = None
    as_json: bool = False

    @property
    def book_dir(self) -> Path:
        """The book's folder. A folder that exists wins over a bundled book of the same name."""
        bundled = BUNDLED_BOOKS / self.book
        return bundled if bundled.is_dir() and not self.book.is_dir() else self.book

    @property
    def data_dir(self) -> Path:
        """The folder that `sources[].path` are relative to."""
        return self.data or self.book_dir

    @property
    def database(self) -> Path:
        """The database file, existing or not."""
        return self.db or Path(f"{self.book_dir.resolve().name}.duckdb")
