"""One book of all payloads: their token counts and costs, as the commands make them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from tests.cli import exit_code
from tests.payloads.prices import KINDS, LENGTHS, Price, Prices, price_of

ZERO = Decimal(0)
CREATED = "2026-08-01T00:00:00Z"

SHAPES = {
    ("anthropic", "default"): "messages",
    ("google", "default"): "gemini",
    ("aws", "default"): "converse",
    ("cohere", "default"): "cohere",
    ("cohere", "embeddings"): "cohere",
    ("minimax", "default"): "messages",
    ("x-ai", "chat"): "xai_chat",
}
"""Provider and flavour -> the API whose usage it reads; by the flavour alone where not listed."""
FLAVOURS = {
    "chat": "chat",
    "default": "chat",
    "responses": "responses",
    "anthropic": "messages",
    "embeddings": "embeddings",
    "tokens": "cohere_tokens",
}

BOOK = """\
book: payloads
entity: Payloads
functional_currency: USD
time_zone: UTC
first_period: 2026-08
framework: ASC606
wallets:
  # Millionths of a dollar, so that a token of the cheapest model is exact; dollars, as books hold
  # them, end at the ninth decimal.
  micros: {unit: credit}
  dollars: {unit: USD}
meters:
  tokens: {unit: token, properties: [model, kind, context]}
  tokens_in_dollars: {unit: token, properties: [model, kind, context]}
sources:
  - {feed: usage, format: llm_responses, path: responses.jsonl, constants: {meter: tokens}}
  - feed: usage
    format: llm_responses
    path: responses.jsonl
    constants: {meter: tokens_in_dollars}
    columns: {event_id: "_id || '/dollars'"}
"""

CARD = """\
version: "2026-08-01"
effective_from: 2026-08-01T00:00:00Z
published_at: 2026-08-01T00:00:00Z
approved: {by: tester, on: 2026-08-01, reference: PAYLOADS}
rates:
"""


@dataclass(frozen=True)
class Payload:
    """One usage payload as one provider's API reads it.

    Attributes:
        case: Its place in the file, with provider and flavour.
        usage: The raw object.
        counts: What it is independently said to hold, by name.
        figures: What input and output cost independently; empty where nobody says.
    """

    case: str
    provider: str
    flavour: str
    model: str
    usage: Any
    counts: Mapping[str, int]
    figures: tuple[Decimal, Decimal] | tuple[()]

    @property
    def api(self) -> str | None:
        """The shape its usage is read as."""
        return SHAPES.get((self.provider, self.flavour), FLAVOURS.get(self.flavour))


def read_payloads(path: Path) -> list[Payload]:
    """Every payload of a file, once for each provider and flavour that reads it."""
    found = []
    for n, entry in enumerate(json.loads(path.read_text(encoding="utf-8"))):
        body = entry["body"]
        usage = body.get("usage") or body.get("usageMetadata") or body.get("meta")
        model = str(entry.get("model") or body.get("model") or body.get("modelVersion") or "")
        for extracted in entry["extracted"]:
            for reader in extracted["extractors"]:
                found.append(
                    Payload(
                        f"{n}/{reader['provider_id']}/{reader['api_flavor']}",
                        reader["provider_id"],
                        reader["api_flavor"],
                        model,
                        usage,
                        extracted["usage"],
                        _figures(reader),
                    )
                )
    return found


def _figures(reader: Mapping[str, Any]) -> tuple[Decimal, Decimal] | tuple[()]:
    if "input_price" not in reader:
        return ()
    return Decimal(reader["input_price"]), Decimal(reader.get("output_price", "0"))


@dataclass
class Answer:
    """What the books say of a payload."""

    counts: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Kind -> tokens."""
    costs: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    """Kind -> dollars."""
    dollars: dict[str, Decimal] = field(default_factory=dict)
    """Kind -> cost in a wallet of dollars."""
    unrated: list[str] = field(default_factory=list)
    """Kinds that no rate was found for."""
    prices: set[Price] = field(default_factory=set)
    """Prices that were applied."""


def run_payloads(payloads: Sequence[Payload], prices: Prices, folder: Path) -> dict[str, Answer]:
    """Load and build one book of all payloads; case -> answer."""
    book = folder / "book"
    (book / "cards").mkdir(parents=True)
    (book / "book.yml").write_text(BOOK)
    applied = _rates(payloads, prices)
    rates = "".join(
        rate.text(number, price) for number, (rate, price) in enumerate(applied.items())
    )
    (book / "cards" / "2026-08-01.yml").write_text(CARD + rates)
    with (folder / "responses.jsonl").open("w") as file:
        for payload in payloads:
            line = {
                "id": payload.case,
                "created_at": CREATED,
                "customer": payload.provider,
                "model": f"{payload.provider}/{payload.model}",
                "api": payload.api,
                "usage": payload.usage,
            }
            file.write(json.dumps(line) + "\n")
    database = folder / "payloads.duckdb"
    options = ("--book", str(book), "--data", str(folder), "--db", str(database))
    for verb in (("load",), ("build", "--as-of", "2026-08-02T00:00:00Z")):
        if exit_code(*verb, *options):
            raise RuntimeError(f"creditbooks {verb[0]} failed")
    by_id = {f"{number}": price for number, price in enumerate(applied.values())}
    answers: defaultdict[str, Answer] = defaultdict(Answer)
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            "select event_id, meter, properties ->> 'kind', quantity, cost, rate_id "
            "from marts.rated_usage"
        ).fetchall()
    for event_id, meter, kind, quantity, cost, rate_id in rows:
        answer = answers[event_id.removesuffix("/dollars").rpartition("/")[0]]
        if meter == "tokens_in_dollars":
            answer.dollars[kind] = cost
            continue
        answer.counts[kind] += int(quantity)
        if rate_id is None:
            answer.unrated.append(kind)
        else:
            answer.costs[kind] += cost.scaleb(-6)
            answer.prices.add(by_id[rate_id])
    return dict(answers)


@dataclass(frozen=True)
class Rate:
    """What one rate of the card is for."""

    provider: str
    model: str
    kind: str
    length: str

    def text(self, number: int, price: Price) -> str:
        """The rate of tokens in millionths, which its number names, and the one in dollars."""
        context = f", context: {self.length}" if self.length else ""
        match = (
            f"{{model: {json.dumps(f'{self.provider}/{self.model}')}, kind: {self.kind}{context}}}"
        )
        dollars = f"{{wallet: dollars, amount: {price.dollars:f}, per: 1000000}}"
        return (
            f"  # {price.source}\n"
            f'  - {{id: "{number}", meter: tokens, match: {match}, '
            f"price: [{{wallet: micros, credits: {price.dollars:f}}}]}}\n"
            f'  - {{id: "{number}-dollars", meter: tokens_in_dollars, match: {match}, '
            f"price: [{dollars}]}}\n"
        )


def _rates(payloads: Sequence[Payload], prices: Prices) -> dict[Rate, Price]:
    """The rates of every model that has a price."""
    models = sorted({(payload.provider, payload.model) for payload in payloads})
    rates = (
        Rate(provider, model, kind, length)
        for provider, model in models
        for kind in KINDS
        for length in LENGTHS
    )
    return {
        rate: price
        for rate in rates
        if (price := price_of(prices, rate.provider, rate.model, rate.kind, rate.length))
    }
