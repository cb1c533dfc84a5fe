"""What the books say of a payload against what others say of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import yaml

from tests.payloads.run import ZERO, Answer, Payload

LIST = Path(__file__).parent / "reviewed.yml"
WRITES = ("cache_write", "cache_write_5m", "cache_write_1h")
CACHED = ("cached_input", "cached_audio")
INPUTS = ("input", "input_audio", *CACHED, *WRITES)
OUTPUTS = ("output", "output_audio", "output_image")


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


NAMES: Mapping[str, Sequence[str]] = {
    "input_tokens": INPUTS,
    "cache_read_tokens": CACHED,
    "cache_write_tokens": WRITES,
    "cache_audio_read_tokens": ("cached_audio",),
    "input_audio_tokens": ("input_audio", "cached_audio"),
    "output_tokens": OUTPUTS,
    "output_image_tokens": ("output_image",),
}
"""What others call it -> the kinds of ours that add up to it."""


def _counts(said: Mapping[str, int], answer: Answer) -> str:
    here = {name: sum(answer.counts[kind] for kind in kinds) for name, kinds in NAMES.items()}
    return "; ".join(
        f"{name} {said.get(name, 0)}, here {count}"
        for name, count in here.items()
        if count != said.get(name, 0)
    )


def _price(payload: Payload, answer: Answer) -> str:
    if not payload.figures:
        return "no figure is given"
    if payload.provider not in ("openai", "anthropic"):
        return "no price list of this provider is at hand"
    if answer.unrated:
        return f"no price of {', '.join(sorted(set(answer.unrated)))} of {payload.model}"
    costs = answer.costs
    here = tuple(sum((costs[kind] for kind in kinds), ZERO) for kinds in (INPUTS, OUTPUTS))
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
