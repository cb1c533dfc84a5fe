"""A book as read from its folder: every model together with the file it was written in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, TypeVar

from rate_cards.book import Book
from rate_cards.card import Card
from rate_cards.costs import CostCard
from rate_cards.limits import Limit, Limits
from rate_cards.source import Document
from rate_cards.values import Model

FileKind = Literal["book", "card", "limits", "cost"]

Content = TypeVar("Content", bound=Model)


@dataclass(frozen=True)
class Authored(Generic[Content]):
    """A model and the file it was written in.

    Attributes:
        path: The file, relative to the book folder.
        document: Its text and the places of its values.
        content: What it says.
    """

    path: str
    document: Document
    content: Content

    def line(self, *location: str | int) -> int:
        """1-based line of a value; of the key it is written under, where it has one."""
        return self.document.line(location, of_key=True)

    def as_evidence(self, kind: FileKind) -> ConfigFile:
        """The file as it is recorded with the books."""
        return ConfigFile(self.path, kind, self.document.sha256, self.document.size)


@dataclass(frozen=True)
class ConfigFile:
    """One file of the book, as evidence of what was loaded.

    Attributes:
        path: Relative to the book folder.
        kind: What it holds.
        sha256: Digest of its bytes.
        bytes: Its size.
    """

    path: str
    kind: FileKind
    sha256: str
    bytes: int


@dataclass(frozen=True)
class BookFiles:
    """A valid book.

    Attributes:
        folder: The book folder.
        book_file: book.yml.
        card_files: Rate card versions by effective_from, then published_at.
        cost_files: Supplier price versions by effective_from, then published_at.
        limits_file: limits.yml, if there is one.
    """

    folder: Path
    book_file: Authored[Book]
    card_files: tuple[Authored[Card], ...]
    cost_files: tuple[Authored[CostCard], ...]
    limits_file: Authored[Limits] | None

    @property
    def book(self) -> Book:
        """The content of book.yml; its sources know their lines."""
        return self.book_file.content

    @property
    def cards(self) -> tuple[Card, ...]:
        """The rate card versions by effective_from, then published_at."""
        return tuple(file.content for file in self.card_files)

    @property
    def costs(self) -> tuple[CostCard, ...]:
        """The supplier price versions by effective_from, then published_at."""
        return tuple(file.content for file in self.cost_files)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The guardrails of limits.yml, in its order."""
        return self.limits_file.content.limits if self.limits_file else ()

    @property
    def files(self) -> tuple[ConfigFile, ...]:
        """Every file that was read, book.yml first."""
        found = [self.book_file.as_evidence("book")]
        found += [file.as_evidence("card") for file in self.card_files]
        found += [file.as_evidence("cost") for file in self.cost_files]
        found += [self.limits_file.as_evidence("limits")] if self.limits_file else []
        return tuple(found)

    def card(self, version: str) -> Card:
        """The rate card of a version.

        Raises:
            KeyError: the book has no such version.
        """
        return {card.version: card for card in self.cards}[version]
