"""What must hold between versions: one card at every moment, and what was published stays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from rate_cards.book import Book
from rate_cards.book_files import Authored
from rate_cards.card import Card
from rate_cards.costs import CostCard
from rate_cards.problems import Problem, nearest

FOREVER = datetime(9999, 12, 31, tzinfo=UTC)
"""End of a window that has no end."""


def ends_at(card: Card, cards: Sequence[Card]) -> datetime:
    """First instant a card no longer applies: the next start of a card that corrects none."""
    later = (
        other.effective_from
        for other in cards
        if other.corrects is None and other.effective_from > card.effective_from
    )
    return min(later, default=FOREVER)


def agreement(card: Card, cards: Sequence[Card]) -> str:
    """The version whose terms a card states: itself, or the one it corrects in the end.

    Args:
        card: One of `cards`.
        cards: Every card; a correction is published after what it corrects, so chains end.
    """
    by_version = {other.version: other for other in cards}
    while card.corrects is not None:
        card = by_version[card.corrects]
    return card.version


def written(instant: datetime) -> str:
    """An instant as it is authored, in UTC."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def check_versions(files: Sequence[Authored[Card]], book_file: Authored[Book]) -> Iterator[Problem]:
    """Problems between rate card versions.

    Args:
        files: Every card, by effective_from.
        book_file: book.yml.
    """
    yield from _check_names(files)
    yield from _check_starts(files)
    for file in files:
        yield from _check_links(file, files)
    yield from _check_beginning(files, book_file)


def _check_names(
    files: Sequence[Authored[Card]] | Sequence[Authored[CostCard]],
) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for file in files:
        place = f"{file.document.place}:{file.line('version')}"
        earlier = first.setdefault(file.content.version, place)
        if earlier != place:
            yield file.document.problem(
                ("version",),
                f'version "{file.content.version}" exists already, in {earlier}',
                "Give each version its own name.",
            )


def _check_starts(files: Sequence[Authored[Card]]) -> Iterator[Problem]:
    """Two versions never start together, unless one corrects the other."""
    by_start: dict[datetime, list[Authored[Card]]] = defaultdict(list)
    for file in files:
        by_start[file.content.effective_from].append(file)
    for together in by_start.values():
        for earlier, later in pairwise(together):
            names = {earlier.content.version, later.content.version}
            if names & {earlier.content.corrects, later.content.corrects}:
                continue
            yield later.document.problem(
                ("effective_from",),
                f'versions "{earlier.content.version}" and "{later.content.version}" both start '
                f"at {written(later.content.effective_from)}",
                f"If this one corrects the other, write corrects: "
                f'"{earlier.content.version}"; otherwise give it a later effective_from. The '
                f"other is {earlier.document.place}:{earlier.line('effective_from')}.",
            )


def _check_links(file: Authored[Card], files: Sequence[Authored[Card]]) -> Iterator[Problem]:
    """`supersedes` and `corrects` name an earlier version that leads up to this one."""
    card = file.content
    cards = {other.content.version: other.content for other in files}
    for field in ("supersedes", "corrects"):
        name = getattr(card, field)
        if name is None:
            continue
        others = [version for version in cards if version != card.version]
        if name not in others:
            message = f'{field} names version "{name}", which does not exist'
            yield file.document.problem((field,), message, nearest(name, others))
            continue
        other = cards[name]
        if field == "supersedes" and other.effective_from > card.effective_from:
            yield file.document.problem(
                (field,),
                f'version "{name}" starts later, at {written(other.effective_from)}',
                "A version supersedes one that starts before it.",
            )
        if field == "corrects":
            yield from _check_correction(file, other, [file.content for file in files])


def _check_correction(
    file: Authored[Card], mistaken: Card, cards: Sequence[Card]
) -> Iterator[Problem]:
    card, end = file.content, ends_at(mistaken, cards)
    if not mistaken.effective_from <= card.effective_from < end:
        yield file.document.problem(
            ("effective_from",),
            f'corrects version "{mistaken.version}", which applies from '
            f"{written(mistaken.effective_from)} to {written(end)}",
            "Start the correction within that time: usually at the same effective_from.",
        )
    if card.published_at <= mistaken.published_at:
        yield file.document.problem(
            ("published_at",),
            f'corrects version "{mistaken.version}", published later, at '
            f"{written(mistaken.published_at)}",
            "A correction is published after the mistake.",
        )


def _check_beginning(
    files: Sequence[Authored[Card]], book_file: Authored[Book]
) -> Iterator[Problem]:
    """A card is in force from the first instant of the books, for every customer."""
    start = book_file.content.starts_at
    since = f"{book_file.document.place}:{book_file.line('first_period')}"
    if not files:
        yield book_file.document.problem(
            ("first_period",),
            f"no card is in force from {written(start)} on: cards/ holds no rate card",
            "Add cards/<version>.yml.",
        )
        return
    first = files[0].content
    if first.effective_from > start:
        yield files[0].document.problem(
            ("effective_from",),
            f"no card is in force from {written(start)} to {written(first.effective_from)}",
            f"The books start with first_period, {since}. Add the card that applied before this "
            "one, or let the books start later. Usage is never priced with a later card.",
        )
    if first.existing_customers_from is not None:
        yield files[0].document.problem(
            ("existing_customers_from",),
            f'version "{first.version}" is the first, so existing customers have no card until '
            f"{written(first.existing_customers_from)}",
            "Remove existing_customers_from, or add the card they keep until then.",
        )


def check_cost_versions(files: Sequence[Authored[CostCard]]) -> Iterator[Problem]:
    """Problems between cost versions."""
    yield from _check_names(files)
    first: dict[tuple[str | None, datetime], Authored[CostCard]] = {}
    for file in files:
        card = file.content
        earlier = first.setdefault((card.supplier, card.effective_from), file)
        if earlier is not file:
            yield file.document.problem(
                ("effective_from",),
                f'versions "{earlier.content.version}" and "{card.version}" of '
                f"{card.supplier or 'no supplier'} both start at {written(card.effective_from)}",
                "Give one a later effective_from, or name different suppliers.",
            )
