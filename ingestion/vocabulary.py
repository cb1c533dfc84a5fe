"""Words of the data that only mean something in the book: wallets and offers."""

from __future__ import annotations

from collections.abc import Iterable

from duckdb import DuckDBPyConnection

from ingestion.readers import quote
from ingestion.sources.feed import Feed
from ingestion.staging import staged_table
from rate_cards.book_files import BookFiles

UNKNOWN_WALLET = "is not a wallet of the book"
UNKNOWN_OFFER = "is on no rate card"

WALLET_COLUMNS = {
    "grants": "wallet",
    "lot_events": "to_wallet",
    "limits": "wallet",
    "statements": "wallet",
}
OFFER_COLUMNS = {"payments": "offer", "subscriptions": "offer"}


def check_vocabulary(connection: DuckDBPyConnection, feed: Feed, book: BookFiles) -> None:
    """Make a fault of every staged value that names a wallet or an offer the book does not have."""
    if feed.name in WALLET_COLUMNS:
        _check(connection, feed, WALLET_COLUMNS[feed.name], book.book.wallets, UNKNOWN_WALLET)
    if feed.name in OFFER_COLUMNS:
        _check(connection, feed, OFFER_COLUMNS[feed.name], offers(book), UNKNOWN_OFFER)


def offers(book: BookFiles) -> list[str]:
    """Every offer of every card, by name."""
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
