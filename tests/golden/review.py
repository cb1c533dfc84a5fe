"""The reviewed list: what we answer otherwise on purpose, and what is not ours to answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from tests.golden.cases import Case
from tests.golden.compare import Difference

LIST = Path(__file__).parent / "reviewed.yml"
VERDICTS = {
    "different_by_policy": "policy",
    "outside_scope": "outside",
    "must_not_reproduce": "refuted",
}
"""Verdict -> how its lines begin."""


class BadReview(ValueError):
    """The reviewed list itself is wrong."""


@dataclass(frozen=True)
class Review:
    """A verdict on a case, or on some of its expected fields; the others must still hold.

    Attributes:
        verdict: different_by_policy, outside_scope, or must_not_reproduce for a contradiction in
            the source: a difference in every field it names is then what is right.
        fields: Places it covers with their parts, `*` for any; empty for the whole case.
        reason: Why, in a sentence.
        of_kind: Whether it speaks of every case of a kind, some of which may hold.
    """

    verdict: str
    fields: tuple[str, ...]
    reason: str
    of_kind: bool = False

    def covers(self, difference: Difference) -> bool:
        """Whether a difference is one it speaks about."""
        return not self.fields or any(map(difference.lies_in, self.fields))

    @property
    def word(self) -> str:
        """How its lines begin."""
        return VERDICTS[self.verdict]

    def reproduced(self, found: Sequence[Difference]) -> list[str]:
        """Contradictions that the books repeat: fields that should differ and do not."""
        if self.verdict != "must_not_reproduce":
            return []
        return [
            field
            for field in self.fields
            if not any(difference.lies_in(field) for difference in found)
        ]


@dataclass(frozen=True)
class Kind:
    """A review of every case whose input or question has certain fields."""

    family: str
    given: frozenset[str]
    asked: frozenset[str]
    review: Review

    def holds(self, case: Case) -> bool:
        """Whether a case is of this kind."""
        return (
            case.family.startswith(self.family)
            and self.given <= case.given.keys()
            and self.asked <= case.expected.keys()
        )


@dataclass(frozen=True)
class Reviews:
    """The whole list."""

    cases: dict[str, Review]
    kinds: tuple[Kind, ...]

    def of(self, case: Case) -> Review | None:
        """What the list says of a case: of itself, or else of its kind."""
        found = self.cases.get(case.id)
        return found or next((kind.review for kind in self.kinds if kind.holds(case)), None)


def read_reviews(path: Path = LIST) -> Reviews:
    """The reviewed list.

    Raises:
        BadReview: An entry has an unknown verdict or no reason.
    """
    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return Reviews(
        {case_id: _review(entry, case_id) for case_id, entry in content.get("cases", {}).items()},
        tuple(
            Kind(
                entry.get("family", ""),
                frozenset(entry.get("given", ())),
                frozenset(entry.get("asked", ())),
                replace(_review(entry, f"kinds[{n}]"), of_kind=True),
            )
            for n, entry in enumerate(content.get("kinds", []))
        ),
    )


def _review(entry: dict[str, Any], place: str) -> Review:
    verdict, reason = entry.get("verdict"), str(entry.get("reason", "")).strip()
    if verdict not in VERDICTS or not reason:
        raise BadReview(f"{place}: a review has a verdict ({', '.join(VERDICTS)}) and a reason")
    return Review(str(verdict), tuple(entry.get("fields", ())), " ".join(reason.split()))
