"""What is compared: the cards in force, or one card's rates in the place of every version's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rate_cards.book_files import Authored, BookFiles
from rate_cards.card import Card
from rate_cards.load import load_book, load_candidate
from rate_cards.problems import InputError, Problem, nearest
from rate_cards.tables import config_tables

if TYPE_CHECKING:
    import polars as pl
    from duckdb import DuckDBPyConnection

IN_FORCE = "in-force"
"""The scenario in which every event keeps the card that priced it."""

PRICING_TABLES = ("rates", "rate_audience", "rate_match", "rate_prices")
"""Configuration that a scenario replaces; windows, pins, offers and wallets stay."""


@dataclass(frozen=True)
class Scenario:
    """One set of prices for the usage.

    Attributes:
        name: As typed; of a file its version.
        source: File it was read from, with its digest; '' for the cards in force.
        sha256: Of that file; '' for the cards in force.
        tables: Configuration in the place of that of the books; empty for the cards in force.
    """

    name: str
    source: str
    sha256: str
    tables: Mapping[str, pl.DataFrame]


def read_scenarios(
    wanted: Sequence[str], book_dir: Path, connection: DuckDBPyConnection
) -> list[Scenario]:
    """The scenarios of a command line, in its order.

    Args:
        wanted: `in-force`, a version of the book, or the path of a card file.
        book_dir: Folder of the book.
        connection: Reads the built database as `creditbooks_read`.

    Raises:
        InputError: The folder is not what was loaded, or a candidate is wrong.
        click.BadParameter: There is no such version or file.
    """
    book = load_book(book_dir)
    _require_what_was_loaded(book, connection)
    scenarios: list[Scenario] = []
    for name in wanted:
        if name == IN_FORCE:
            scenarios.append(Scenario(name, "", "", {}))
            continue
        file = _card_file(book, name)
        taken = {scenario.name for scenario in scenarios}
        label = file.content.version if file.content.version not in taken else name
        path = file.path if name == file.content.version else name
        scenarios.append(Scenario(label, path, file.document.sha256, _tables(book, file.content)))
    return scenarios


def _card_file(book: BookFiles, name: str) -> Authored[Card]:
    versions = {file.content.version: file for file in book.card_files}
    if name in versions:
        return versions[name]
    path = Path(name)
    if path.suffix in (".yml", ".yaml") and path.is_file():
        return load_candidate(book, path)
    raise click.BadParameter(
        f'"{name}" is neither {IN_FORCE}, nor a version of the book, nor a card file. '
        + nearest(name, [IN_FORCE, *versions])
    )


def _tables(book: BookFiles, card: Card) -> dict[str, pl.DataFrame]:
    """The configuration in which every version has the rates and contracts of one card.

    Versions keep their windows, pins and offers, so a scenario changes prices and nothing else.
    """
    terms = {"rates": card.rates, "contracts": card.contracts}
    files = tuple(
        replace(file, content=file.content.model_copy(update=terms)) for file in book.card_files
    )
    tables = config_tables(replace(book, card_files=files))
    return {name: tables[name] for name in PRICING_TABLES}


def _require_what_was_loaded(book: BookFiles, connection: DuckDBPyConnection) -> None:
    """Versions are read from the folder, so what the ledger was made of must still stand there."""
    found = {file.path: file.sha256 for file in book.files}
    loaded = connection.execute(
        "select path, sha256 from creditbooks_read.raw.config_files "
        "where path = 'book.yml' or path like 'cards/%' order by path"
    ).fetchall()
    changed = [path for path, sha256 in loaded if found.get(path) != sha256]
    if changed:
        raise InputError(
            [
                Problem(
                    path,
                    "is not what the database was loaded from",
                    "Run creditbooks load and build, or name the book's folder with --book.",
                )
                for path in changed
            ],
            "Nothing was compared.",
        )
