"""Prices a million tokens, from price lists with a date; never from what a case expects.

For a kind of token of a model the lists are asked in this order, and the first that has it counts:

1. the history of prices, of each source what still held when it was last read;
2. `listed.yml`: RATE_FACTS.md, then two releases of litellm;
3. the history again, what had ended;
4. the history as genai-prices keeps it. The figures that are compared are of that project too, so
   such a price proves the tokens and the arithmetic but not itself; `Price.is_independent` says so.

Sources are asked one by one, since a date on which a price began and one on which somebody learned
of it cannot be compared. A later list adds kinds to a model only where it agrees on the price of
input: otherwise it speaks of another time. A finer kind that no list has costs what the kind does
that it is part of.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import yaml

HISTORY = Path(__file__).resolve().parents[3] / "shared/data/prices/llm_price_history_to_2025.csv"
LISTED = Path(__file__).parent / "listed.yml"
SAME_PROJECT = "pydantic/genai-prices"

SOURCES = (
    ("litellm(RoCry mirror)", "observed_commit_time"),
    ("litellm(IsaacBreen fork)", "observed_commit_time"),
    ("simonw/llm-prices", "vendor_date"),
    ("simonw/llm-prices", "undated"),
    (SAME_PROJECT, "vendor_date"),
    (SAME_PROJECT, "undated"),
)
"""Source and kind of date in the history, the one read last first."""
UNITS = {
    "input_tokens": "input",
    "audio_input_tokens": "input_audio",
    "cached_input_tokens": "cached_input",
    "cached_audio_input_tokens": "cached_audio",
    "cache_write_tokens": "cache_write",
    "cache_write_1h_tokens": "cache_write_1h",
    "output_tokens": "output",
    "audio_output_tokens": "output_audio",
    "image_output_tokens": "output_image",
    "output_image_tokens": "output_image",
}
"""Unit of the history -> kind of token."""
ENDINGS = {
    "": "",
    "above_200k": "over_200k",
    "above_200000": "over_200k",
    "above_272000": "over_272k",
}
"""Ending of a unit -> how long a request it is for."""
LENGTHS = {"": ("",), "over_200k": ("over_200k",), "over_272k": ("over_272k", "over_200k")}
"""How long a request is -> prices for it, the first that a list has."""
PART_OF = {
    "input_audio": "input",
    "cached_input": "input",
    "cached_audio": "cached_input",
    "cache_write": "input",
    "cache_write_5m": "cache_write",
    "cache_write_1h": "cache_write",
    "output_audio": "output",
    "output_image": "output",
}
"""Finer kind -> what it costs as where no list has it."""
KINDS = ("input", "output", *PART_OF)
_DATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8})$")

Key = tuple[str, str, str, str]
"""Provider, model, kind of token, length of the request."""


@dataclass(frozen=True)
class Price:
    """What a million tokens of a kind cost, in dollars, and which list says so."""

    dollars: Decimal
    source: str

    @property
    def is_independent(self) -> bool:
        """Whether it is from another project than the figures that are compared."""
        return not self.source.startswith(SAME_PROJECT)


Prices = Mapping[Key, Price]


def read_prices(history: Path = HISTORY, listed: Path = LISTED) -> Prices:
    """Every price of the lists."""
    holds, ended = _history(history)
    last = len(SOURCES) - 2
    lists = [*holds[:last], *_listed(listed), *ended[:last], *holds[last:], *ended[last:]]
    found: dict[Key, Price] = {}
    for prices in lists:
        agreed = {
            key: price
            for key, price in prices.items()
            if _input_of(key, found) in (None, _input_of(key, prices))
        }
        found = {**agreed, **found}
    return found


def _input_of(key: Key, prices: Prices) -> Decimal | None:
    """What input of the same model costs in a list; None where it is not there."""
    provider, model, _, _ = key
    price = prices.get((provider, model, "input", ""))
    return price.dollars if price else None


def _history(path: Path) -> tuple[list[dict[Key, Price]], list[dict[Key, Price]]]:
    """By source: prices that still hold, and prices that ended; of several the one begun last."""
    begun: dict[tuple[int, bool, Key], tuple[str, Price]] = {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            unit, _, ending = row["unit"].partition("__")
            if unit not in UNITS or ending not in ENDINGS:
                continue
            place = SOURCES.index((row["source"], row["date_kind"]))
            model = row["model"].rpartition("/")[2]
            key = (row["provider"], model, UNITS[unit], ENDINGS[ending])
            at = (place, bool(row["valid_to"]), key)
            if at not in begun or row["valid_from"] > begun[at][0]:
                source = f"{row['source']}, {row['date_kind'].replace('_', ' ')}"
                begun[at] = (row["valid_from"], Price(Decimal(row["usd_per_million"]), source))
    lists: dict[bool, list[dict[Key, Price]]] = {
        has_ended: [{} for _ in SOURCES] for has_ended in (False, True)
    }
    for (place, has_ended, key), (_, price) in begun.items():
        lists[has_ended][place][key] = price
    return lists[False], lists[True]


def _listed(path: Path) -> list[dict[Key, Price]]:
    """The lists of `listed.yml` in its order. Its numbers are read as they are written."""
    document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    lists = []
    for source, providers in document.items():
        prices: dict[Key, Price] = {}
        for provider, entries in providers.items():
            for entry in entries:
                lengths = defaultdict(dict, {"": entry})
                lengths |= {name: entry[name] for name in LENGTHS if name in entry}
                prices |= {
                    (provider, model, kind, length): Price(Decimal(figures[kind]), source)
                    for model in entry["models"]
                    for length, figures in lengths.items()
                    for kind in KINDS
                    if kind in figures
                }
        lists.append(prices)
    return lists


def price_of(
    prices: Prices, provider: str, model: str, kind: str, length: str = ""
) -> Price | None:
    """The price of one kind of token; of a dated model, or else of the name without its date.

    Args:
        prices: From `read_prices`.
        provider: Whose price list.
        model: As the payload names it.
        kind: Of token.
        length: Of the request; of a longer one only what lists tell apart for it.
    """
    for name in dict.fromkeys((model, _DATED.sub("", model))):
        for listed in LENGTHS[length]:
            if found := prices.get((provider, name, kind, listed)):
                return found
    if kind in PART_OF:
        return price_of(prices, provider, model, PART_OF[kind], length)
    return None
