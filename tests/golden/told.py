"""What a reader makes of a case: facts told at a desk, and how the books answer afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.golden.money import Money
from tests.golden.snapshot import Account, Snapshot


@dataclass
class Books:
    """Every build of the golden book.

    Attributes:
        final: All facts, loaded at once, known to the end.
        cuts: As of earlier instants, where a case asks what was known then.
        again: All facts once more, in another database that was loaded in two pieces and built
            after each: a case whose facts are not split was built twice there.
        rejected: Text of every row that `load` refused, with its problem.
        ignored: (what, term) of configured terms that the models do not carry out.
        failed_checks: What `check` said of the checks that do not hold.
    """

    final: Snapshot
    cuts: Mapping[datetime, Snapshot]
    again: Snapshot | None = None
    rejected: list[str] = field(default_factory=list)
    ignored: list[tuple[str, str]] = field(default_factory=list)
    failed_checks: list[str] = field(default_factory=list)

    def money(self, currency: str) -> Money:
        """All money of a currency at the end."""
        return self.final.money(currency)

    def of(self, *customers: str) -> Account:
        """Some customers at the end."""
        return self.final.of(*customers)

    def repeats(self, *customers: str) -> bool:
        """Whether another build, from two pieces, gave the same."""
        return self.again is not None and self.again.of(*customers).same_as(self.of(*customers))

    def ignored_terms(self, name: str) -> list[str]:
        """Terms of a case that the models do not carry out."""
        found = {term for what, term in self.ignored if f"{name}/" in f"{what}/ {term}/"}
        return sorted({_choice(term) for term in found} - {""})

    def has_refused(self, name: str) -> bool:
        """Whether `load` refused a row that carries a name."""
        return any(f'"{name}' in row for row in self.rejected)


def _choice(term: str) -> str:
    """A policy's term as its topic and what was chosen; nothing for the figures beside a choice."""
    policy = _POLICY.fullmatch(term)
    if policy is None:
        return term
    topic, setting, value = policy.groups()
    return f"{topic}: {value}" if setting in ("method", "value") else ""


_POLICY = re.compile(r"(\w+) \S+ (\w+): (.*)")


@dataclass(frozen=True)
class Told:
    """A case once its facts are told.

    Attributes:
        answers: Expected field -> what the books say; asked for after the builds.
        needs: What the engine or the configuration would have to do, in words, for what the input
            holds and today's feeds cannot say. Shown when the case does not pass.
        cuts: Instants whose knowledge the case asks for.
        repeats: Whether it asks for another build, from two pieces.
    """

    answers: Callable[[Books], Mapping[str, Any]]
    needs: tuple[str, ...] = ()
    cuts: tuple[datetime, ...] = ()
    repeats: bool = False
