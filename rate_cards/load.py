"""A book folder in, a checked book out, or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from rate_cards.book import Book
from rate_cards.book_files import Authored, BookFiles
from rate_cards.book_rules import check_book, check_limit_currencies, check_limits
from rate_cards.card import Card
from rate_cards.card_rules import check_card, check_cost_card
from rate_cards.costs import CostCard
from rate_cards.explain import explain
from rate_cards.limits import Limits
from rate_cards.problems import EnvironmentProblem, InputError, Problem, relative, unusable
from rate_cards.published import check_published
from rate_cards.source import read_document
from rate_cards.values import Model
from rate_cards.version_rules import check_cost_versions, check_versions

Content = TypeVar("Content", bound=Model)
Dated = TypeVar("Dated", Card, CostCard)


def load_book(folder: Path) -> BookFiles:
    """Read and check a book.

    Args:
        folder: Holds book.yml, cards/*.yml and, where wanted, costs/*.yml, limits.yml and
            published.sha256.

    Returns:
        The book, in which everything refers to something that exists.

    Raises:
        InputError: every problem found, each with its file, line and column.
        EnvironmentProblem: the folder is not there, has no book.yml, or cannot be read.
    """
    _require_book(folder)
    problems: list[Problem] = []
    book_file = _read(folder, "book.yml", Book, problems)
    card_paths = _files_of(folder, "cards", problems)
    card_files = _read_versions(folder, card_paths, Card, problems)
    cost_paths = _files_of(folder, "costs", problems)
    cost_files = _read_versions(folder, cost_paths, CostCard, problems)
    has_limits = (folder / "limits.yml").is_file()
    limits_file = _read(folder, "limits.yml", Limits, problems) if has_limits else None

    all_cards_read = len(card_files) == len(card_paths)
    if book_file is not None:
        offers = {offer.id for file in card_files for offer in file.content.offers}
        # With a card missing, a policy's offer or a version's predecessor may only seem unknown.
        if all_cards_read:
            problems += check_book(book_file, offers)
            problems += check_versions(card_files, book_file)
        for card_file in card_files:
            problems += check_card(card_file, book_file.content)
        for cost_file in cost_files:
            problems += check_cost_card(cost_file, book_file.content)
        if limits_file is not None:
            problems += check_limits(limits_file, book_file.content)
        if limits_file is not None and all_cards_read:
            cards = [file.content for file in card_files]
            problems += check_limit_currencies(limits_file, book_file.content, cards)
    problems += check_cost_versions(cost_files)
    problems += check_published(folder, card_paths)
    if problems or book_file is None:
        raise InputError(problems)
    return BookFiles(folder, _with_source_lines(book_file), card_files, cost_files, limits_file)


def load_candidate(book: BookFiles, path: Path) -> Authored[Card]:
    """Read and check a card that is not part of a book, against that book.

    Args:
        book: Whose wallets, meters and properties the card names.
        path: The YAML file; it need not be published, nor lie in the book's folder.

    Raises:
        InputError: every problem found, each with its line and column.
        EnvironmentProblem: the file cannot be read.
    """
    problems: list[Problem] = []
    card_file = _read(path.parent, path.name, Card, problems)
    if card_file is not None:
        problems += check_card(card_file, book.book)
    if problems or card_file is None:
        raise InputError(problems, "Nothing was compared.")
    return card_file


def _with_source_lines(file: Authored[Book]) -> Authored[Book]:
    """The same book, whose sources know where they are written."""
    sources = tuple(
        source.at_line(file.line("sources", position))
        for position, source in enumerate(file.content.sources)
    )
    return replace(file, content=file.content.model_copy(update={"sources": sources}))


def _require_book(folder: Path) -> None:
    remedy = "Give the folder that holds book.yml: creditbooks --book FOLDER."
    if not folder.is_dir():
        problem = Problem(relative(folder), "there is no such book folder", remedy)
        raise EnvironmentProblem(problem)
    if not (folder / "book.yml").is_file():
        raise EnvironmentProblem(Problem(relative(folder), "the folder has no book.yml", remedy))


def _files_of(folder: Path, kind: str, problems: list[Problem]) -> list[str]:
    """The .yml files of a subfolder, relative to the book folder, by name."""
    found = sorted((folder / kind).iterdir()) if (folder / kind).is_dir() else []
    for path in found:
        if path.suffix.lower() != ".yml" and path.suffix.lower() in (".yaml", ".json"):
            problems.append(
                Problem(
                    relative(path),
                    f"only .yml files are read from {kind}/",
                    f"Rename it to {path.stem}.yml, or move it out of {kind}/.",
                )
            )
    return [f"{kind}/{path.name}" for path in found if path.suffix == ".yml"]


def _read(
    folder: Path, path: str, model: type[Content], problems: list[Problem]
) -> Authored[Content] | None:
    """One file as its model; None, and problems, where it is none."""
    try:
        document, malformed = read_document(folder / path)
    except OSError as error:
        raise unusable(folder / path, error, "Make it a file that can be read.") from error
    problems += malformed
    if document.data is None:
        return None
    try:
        content = model.model_validate(document.data)
    except ValidationError as error:
        problems += explain(error, model, document)
        return None
    return Authored(path, document, content)


def _read_versions(
    folder: Path, paths: Sequence[str], model: type[Dated], problems: list[Problem]
) -> tuple[Authored[Dated], ...]:
    """Versions in the order they take effect."""
    files = [_read(folder, path, model, problems) for path in paths]
    return tuple(
        sorted(
            (file for file in files if file is not None),
            key=lambda file: (
                file.content.effective_from,
                file.content.published_at,
                file.content.version,
            ),
        )
    )
