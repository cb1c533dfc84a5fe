"""What to do about a broken rule, where asking the sender is not the only way out."""

from __future__ import annotations

from collections.abc import Mapping

from ingestion import conversion, properties, vocabulary
from ingestion.sources.feed import NOT_A_CURRENCY
from rate_cards.book_files import BookFiles

UNDER_COLUMNS = "Correct the export, or read it under columns of its source in book.yml"
ROUND_IT = (
    "Nothing is rounded without a word. Correct the export, or round where it can be seen, under "
    "columns of its source in book.yml: "
)

READABLE: Mapping[str, str] = {
    conversion.NO_ZONE: (
        f"{UNDER_COLUMNS}, with the zone it is in: "
        "{column}: \"cast({column} as timestamp) at time zone 'UTC'\"."
    ),
    conversion.NO_TIME: (
        f"{UNDER_COLUMNS}, from the way it is written: "
        "{column}: \"strptime({column}, '%d/%m/%Y %H:%M') at time zone 'UTC'\"."
    ),
    conversion.NO_DECIMAL: (
        f"{UNDER_COLUMNS}, without what is no digit: {{column}}: \"replace({{column}}, ',', '')\"."
    ),
    conversion.SCIENTIFIC: (
        "Digits are lost in such exports. Ask for plain ones; what is there can be read under "
        'columns of its source in book.yml: {column}: "cast({column} as decimal(28, 9))".'
    ),
    conversion.too_fine(9): ROUND_IT + '{column}: "cast({column} as decimal(28, 9))".',
    conversion.too_fine(12): ROUND_IT + '{column}: "cast({column} as decimal(28, 12))".',
    NOT_A_CURRENCY: f"{UNDER_COLUMNS}, in three capitals: {{column}}: upper({{column}}).",
}
"""Rules about how a value is written; `{column}` stands for the column at fault."""


def remedies(book: BookFiles) -> Mapping[str, str]:
    """Rule -> what to do about it."""
    declared = "; ".join(
        f"{name}: {', '.join(meter.properties) or 'none'}"
        for name, meter in book.book.meters.items()
    )
    offers = ", ".join(vocabulary.offers(book)) or "none yet"
    return {
        **READABLE,
        vocabulary.UNKNOWN_WALLET: f"The wallets are in book.yml: {', '.join(book.book.wallets)}.",
        vocabulary.UNKNOWN_OFFER: f"The offers are on the cards: {offers}.",
        properties.UNKNOWN_METER: (
            f"The meters are in book.yml: {', '.join(book.book.meters)}. "
            "Add the new one there, or correct the mapping."
        ),
        properties.UNDECLARED: (
            "Declare it under its meter in book.yml, or map only what prices depend on. "
            f"Declared so far: {declared}."
        ),
    }
