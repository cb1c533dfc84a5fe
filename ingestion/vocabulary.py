"""Words of the data that only mean something in the book: wallets and offers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from duckdb import DuckDBPyConnection

from ingestion import properties
from ingestion.readers import quote
from ingestion.sources.feed import Feed
from ingestion.staging import staged_table
from rate_cards.book_files import BookFiles

UNKNOWN_WALLET = "is not a wallet of the book"
UNKNOWN_OFFER = "is on no rate card"

WALLET_COLUMNS = {"grants": "wallet", "lot_events": "to_wallet", "limits": "wallet"}
OFFER_COLUMNS = {"payments": "offer", "subscriptions": "offer"}


def check_vocabulary(connection: DuckDBPyConnection, feed: Feed, book: BookFiles) -> None:
    """Make a fault of every staged value that names a wallet or an offer the book does not have."""
    if feed.name in WALLET_COLUMNS:
        _check(connection, feed, WALLET_COLUMNS[feed.name], book.book.wallets, UNKNOWN_WALLET)
    if feed.name in OFFER_COLUMNS:
        _check(connection, feed, OFFER_COLUMNS[feed.name], _offers(book), UNKNOWN_OFFER)


def remedies(book: BookFiles) -> Mapping[str, str]:
    """Rule about the book's words -> what to do when it is broken."""
    declared = "; ".join(
        f"{name}: {', '.join(meter.properties) or 'none'}"
        for name, meter in book.book.meters.items()
    )
    return {
        UNKNOWN_WALLET: f"The wallets are in book.yml: {', '.join(book.book.wallets)}.",
        UNKNOWN_OFFER: f"The offers are on the cards: {', '.join(_offers(book)) or 'none yet'}.",
        properties.UNKNOWN_METER: (
            f"The meters are in book.yml: {', '.join(book.book.meters)}. "
            "Add the new one there, or correct the mapping."
        ),
        properties.UNDECLARED: (
            f"Declare it under its meter in book.yml, or map only what prices depend on. "
            f"Declared so far: {declared}."
        ),
    }


def _offers(book: BookFiles) -> list[str]:
    return sorted({offer.id for card in book.cards for offer in card.offers})


def _check(
    connection: DuckDBPyConnection, feed: Feed, column: str, known: Iterable[str], rule: str
) -> None:
    words = ", ".join(quote(word) for word in known)
    is_known = f"{column} in ({words})" if words else "false"
    connection.execute(
        f"insert into faults select file_no, row_no, {quote(column)}, {quote(rule)}, null "
        f"from {staged_table(feed)} where {column} is not null and not ({is_known})"
    )
