"""What the books say of a payload against what others say of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import yaml

from tests.payloads.run import ZERO, Answer, Payload

LIST = Path(__file__).parent / "reviewed.yml"
WRITES = ("cache_write", "cache_write_5m", "cache_write_1h")
INPUTS = ("input", "input_audio", "cached_input", *WRITES)


@dataclass(frozen=True)
class Verdict:
    """How one payload came out.

    Attributes:
        counts: Empty where the token counts are equal, or what differs.
        price: `priced`, or why the cost could not be compared, or what differs.
    """

    counts: str
    price: str

    @property
    def is_priced(self) -> bool:
        """Whether both costs are equal."""
        return self.price == "priced"


def judge(payload: Payload, answer: Answer) -> Verdict:
    """Compare counts, and costs where both sides have one."""
    return Verdict(_counts(payload.counts, answer), _price(payload, answer))


def _counts(said: Mapping[str, int], answer: Answer) -> str:
    here = {
        "input_tokens": sum(answer.counts[kind] for kind in INPUTS),
        "cache_read_tokens": answer.counts["cached_input"],
        "cache_write_tokens": sum(answer.counts[kind] for kind in WRITES),
        "output_tokens": answer.counts["output"],
        "input_audio_tokens": answer.counts["input_audio"],
    }
    there = {name: said.get(name, 0) for name in here}
    # The books count audio that was not cached; the cached part is cached input.
    there["input_audio_tokens"] -= said.get("cache_audio_read_tokens", 0)
    return "; ".join(
        f"{name} {there[name]}, here {count}"
        for name, count in here.items()
        if count != there[name]
    )


def _price(payload: Payload, answer: Answer) -> str:
    if not payload.figures:
        return "no figure is given"
    if payload.provider not in ("openai", "anthropic"):
        return "no price list of this provider is at hand"
    if answer.unrated:
        return f"no price of {', '.join(sorted(set(answer.unrated)))} of {payload.model}"
    costs = answer.costs
    here = (sum((costs[kind] for kind in INPUTS), ZERO), costs["output"])
    if here == payload.figures:
        return "priced"
    told: tuple[Decimal, ...] = payload.figures
    return f"{payload.model} costs {told[0]:f} + {told[1]:f}, here {here[0]:f} + {here[1]:f}"


@dataclass(frozen=True)
class Reviewed:
    """A difference that was looked at, and why it is right.

    Attributes:
        group: Provider and flavour, `*` for any.
        differs: counts or price.
        says: What the whole difference looks like, a regular expression.
        reason: In words.
    """

    group: str
    differs: str
    says: str
    reason: str

    def covers(self, payload: Payload, what: str, said: str) -> bool:
        """Whether it speaks of a difference of a payload."""
        provider, _, flavour = self.group.partition("/")
        return (
            self.differs == what
            and provider in (payload.provider, "*")
            and flavour in (payload.flavour, "*")
            and re.fullmatch(self.says, said) is not None
        )


def read_reviewed(path: Path = LIST) -> list[Reviewed]:
    """The reviewed list, each entry with its reason."""
    return [
        Reviewed(entry["group"], entry["differs"], entry["says"], " ".join(entry["reason"].split()))
        for entry in yaml.safe_load(path.read_text()) or []
    ]
