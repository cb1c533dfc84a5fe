"""Differences that were looked at: which payloads an entry of `reviewed.yml` speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from tests.payloads.compare import INPUTS, OUTPUTS
from tests.payloads.prices import PART_OF
from tests.payloads.run import ZERO, Answer, Payload

LIST = Path(__file__).parent / "reviewed.yml"


@dataclass(frozen=True)
class Reviewed:
    """A difference or miss, and why it is right.

    Attributes:
        key: What the report calls it.
        reason: In words.
        what: counts or price.
        group: Provider/flavour, a pattern as of file names.
        says: What the whole difference looks like, a regular expression.
        theirs: Kind -> dollars a million tokens at which our counts come to the figures exactly, so
            that nothing but the price differs; None where there is no cost of ours.
    """

    key: str
    reason: str
    what: str
    group: str
    says: str
    theirs: Mapping[str, Decimal] | None = None

    @property
    def place(self) -> str:
        """Where in the list it stands."""
        return f"{self.key}: {self.group} {self.says}"

    def covers(self, payload: Payload, answer: Answer, what: str, said: str) -> bool:
        """Whether it speaks of a difference of a payload."""
        return (
            self.what == what
            and fnmatchcase(f"{payload.provider}/{payload.flavour}", self.group)
            and re.fullmatch(self.says, said) is not None
            and (self.theirs is None or payload.figures == self._figures(answer))
        )

    def _figures(self, answer: Answer) -> tuple[Decimal, ...]:
        """What input and output cost at their prices."""
        return tuple(
            sum((answer.counts[kind] * self._price(kind) for kind in kinds), ZERO).scaleb(-6)
            for kinds in (INPUTS, OUTPUTS)
        )

    def _price(self, kind: str) -> Decimal:
        theirs = self.theirs or {}
        return theirs[kind] if kind in theirs else self._price(PART_OF[kind])


def read_reviewed(path: Path = LIST) -> list[Reviewed]:
    """The reviewed list. Its numbers are read as they are written."""
    document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    return [
        entry
        for key, listed in document.items()
        for entry in _entries(key, " ".join(listed["reason"].split()), listed)
    ]


def _entries(key: str, reason: str, listed: Mapping[str, Any]) -> Iterator[Reviewed]:
    """One per group, or per group and model."""
    for group in listed.get("counts", ()):
        yield Reviewed(key, reason, "counts", group, listed["says"])
    for group, models in listed.get("theirs", {}).items():
        for model, figures in models.items():
            theirs = {kind: Decimal(figure) for kind, figure in figures.items()}
            yield Reviewed(key, reason, "price", group, f"{re.escape(model)} costs .*", theirs)
    for group, models in listed.get("missing", {}).items():
        for model in models:
            yield Reviewed(key, reason, "price", group, f"no price of .* of {re.escape(model)}")
