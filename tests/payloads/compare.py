"""What the books say of a payload against what others say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from tests.payloads.run import ZERO, Answer, Payload

WRITES = ("cache_write", "cache_write_5m", "cache_write_1h")
CACHED = ("cached_input", "cached_audio")
INPUTS = ("input", "input_audio", *CACHED, *WRITES)
OUTPUTS = ("output", "output_audio", "output_image")
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
NO_FIGURE = "no figure is given"
NINTH_DECIMAL = Decimal("1e-9")


@dataclass(frozen=True)
class Verdict:
    """How one payload came out.

    Attributes:
        counts: Empty where the token counts are equal, or what differs.
        price: Empty where both costs are equal, or `NO_FIGURE`, or what misses or differs.
    """

    counts: str
    price: str


def judge(payload: Payload, answer: Answer) -> Verdict:
    """Compare counts, and costs where there is a figure."""
    return Verdict(_counts(payload.counts, answer), _price(payload, answer))


def _counts(said: Mapping[str, int], answer: Answer) -> str:
    here = {name: sum(answer.counts[kind] for kind in kinds) for name, kinds in NAMES.items()}
    return "; ".join(
        f"{name} {said.get(name, 0)}, here {count}"
        for name, count in here.items()
        if count != said.get(name, 0)
    )


def _price(payload: Payload, answer: Answer) -> str:
    if not payload.figures:
        return NO_FIGURE
    if answer.unrated:
        return f"no price of {', '.join(sorted(set(answer.unrated)))} of {payload.model}"
    costs = answer.costs
    here = tuple(
        sum((costs.get(kind, ZERO) for kind in kinds), ZERO) for kinds in (INPUTS, OUTPUTS)
    )
    if here != payload.figures:
        told, ours = (
            " + ".join(f"{cost.normalize():f}" for cost in side) for side in (payload.figures, here)
        )
        return f"{payload.model} costs {told}, here {ours}"
    for kind, cost in costs.items():
        rounded = cost.quantize(NINTH_DECIMAL, ROUND_HALF_EVEN)
        if answer.dollars.get(kind) != rounded:
            return f"{kind} is {answer.dollars.get(kind)} in a wallet of dollars, not {rounded:f}"
    return ""
