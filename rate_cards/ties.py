"""Which price lines could claim the same usage with equal right.

The most specific line wins: a customer's own over a segment's over everyone's, then the one that
matches most properties. Two lines tie when neither rule tells them apart for some usage.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product


@dataclass(frozen=True)
class PriceLine:
    """What decides whether a line prices an event.

    Attributes:
        meter: Meter of the usage.
        match: Property -> value the usage must have.
        audience: everyone, segment or customer.
        audience_values: The segments or customers; empty for everyone.
    """

    meter: str
    match: Mapping[str, str]
    audience: str = "everyone"
    audience_values: frozenset[str] = frozenset()

    def shares_audience(self, other: PriceLine) -> bool:
        """Whether some customer is addressed by both, with equal right."""
        if self.audience != other.audience:
            return False
        return self.audience == "everyone" or bool(self.audience_values & other.audience_values)


def find_ties(lines: Sequence[PriceLine]) -> Iterator[tuple[int, int]]:
    """Pairs of positions of lines that tie, the earlier line first."""
    for pair in _candidates(lines):
        first, second = sorted(pair)
        if _overlap(lines[first], lines[second]) and not _is_settled(
            lines[first], lines[second], lines
        ):
            yield first, second


def _candidates(lines: Sequence[PriceLine]) -> Iterator[tuple[int, int]]:
    """Pairs of lines of one meter that match equally many properties and could overlap.

    Lines over the same properties overlap only when they are equal, which a lookup finds; only
    lines over different properties are paired with one another.
    """
    equals: dict[tuple[str, frozenset[tuple[str, str]]], list[int]] = defaultdict(list)
    shapes: dict[tuple[str, int], dict[frozenset[str], list[int]]] = defaultdict(dict)
    for position, line in enumerate(lines):
        equals[line.meter, frozenset(line.match.items())].append(position)
        same_size = shapes[line.meter, len(line.match)]
        same_size.setdefault(frozenset(line.match), []).append(position)
    for positions in equals.values():
        yield from combinations(positions, 2)
    for by_properties in shapes.values():
        for some, others in combinations(by_properties.values(), 2):
            yield from product(some, others)


def _overlap(first: PriceLine, second: PriceLine) -> bool:
    """Whether some usage matches both lines for the same customer."""
    shared = first.match.keys() & second.match.keys()
    return first.shares_audience(second) and all(
        first.match[name] == second.match[name] for name in shared
    )


def _is_settled(first: PriceLine, second: PriceLine, lines: Sequence[PriceLine]) -> bool:
    """Whether a more specific line takes all usage both lines match."""
    both = {**first.match, **second.match}
    contested = first.audience_values & second.audience_values
    return any(
        line.meter == first.meter
        and line.audience == first.audience
        and line.audience_values >= contested
        and len(line.match) > len(first.match)
        and line.match.items() <= both.items()
        for line in lines
    )
