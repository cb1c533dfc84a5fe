"""Prices a million tokens, from the history of the price lists; never from what a case expects."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

HISTORY = Path(__file__).resolve().parents[3] / "shared/data/prices/llm_price_history_to_2025.csv"

UNITS = {
    "input": "input_tokens",
    "cached_input": "cached_input_tokens",
    "cache_write": "cache_write_tokens",
    "cache_write_5m": "cache_write_tokens",
    "cache_write_1h": "cache_write_1h_tokens",
    "output": "output_tokens",
}
"""Kind of token -> unit of the history. Audio is left out: the figures price it as text."""
LENGTHS = {
    "": ("",),
    "over_200k": ("__above_200k", "__above_200000"),
    "over_272k": ("__above_272000", "__above_200k", "__above_200000"),
}
"""How long a request is -> endings of the units that are for it."""
_DATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8})$")


@dataclass(frozen=True)
class Price:
    """What a million tokens of a kind cost, and where that is from."""

    dollars: Decimal
    source: str


Prices = Mapping[tuple[str, str, str], Price]
"""(provider, model, unit) -> its price."""


def read_prices(path: Path = HISTORY) -> Prices:
    """The last known price of each provider, model and unit.

    Of rows that hold still, the one that began last; of those that began together, the first in
    the file. A price that has ended counts only where no other is left.
    """
    found: dict[tuple[str, str, str], tuple[tuple[bool, str], Price]] = {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            key = (row["provider"], row["model"].rpartition("/")[2], row["unit"])
            place = (not row["valid_to"], row["valid_from"])
            if key not in found or place > found[key][0]:
                price = Price(Decimal(row["usd_per_million"]), row["source"])
                found[key] = (place, price)
    return {key: price for key, (_, price) in found.items()}


def price_of(
    prices: Prices, provider: str, model: str, kind: str, endings: Sequence[str] = ("",)
) -> Price | None:
    """The price of one kind of token; of a dated model, or else of the name without its date.

    Args:
        prices: From `read_prices`.
        provider: Whose price list.
        model: As the payload names it.
        kind: Of token.
        endings: Of the unit, the first that has a price counts.
    """
    for name in (model, _DATED.sub("", model)):
        for ending in endings:
            if found := prices.get((provider, name, UNITS[kind] + ending)):
                return found
    return None
