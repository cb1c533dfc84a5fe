"""OpenMeter's engine tests in shorthand: grants by name, `use: 120 at t1+1h`, `until: t1+1d`.

Translation. The same as of the full cases: t1 is the opening.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.golden.clock import NOW, Unreadable, instant, moved, span
from tests.golden.facts import Desk
from tests.golden.readers.openmeter_engine import State
from tests.golden.readers.openmeter_grants import Grant, Run, tell_run
from tests.golden.snapshot import ZERO
from tests.golden.told import Books, Told

_USE = re.compile(r"([\d.]+)(?: at (t1\S*))?")


def tell_sketch(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Grants, one use, perhaps a reset."""
    grants = {name: _grant(name, words) for name, words in (given.get("grants") or {}).items()}
    use = _USE.fullmatch(str(given["use"]))
    if use is None:
        raise Unreadable(f'the use "{given["use"]}"')
    resets = [_instant(given["reset"])] if given.get("reset") else []
    run = Run(
        grants=grants,
        opening=NOW,
        balances={
            name: words.get("balance", words.get("amount", 0))
            for name, words in (given.get("grants") or {}).items()
        },
        overage=ZERO,
        usage_before=ZERO,
        grant_usage_before=ZERO,
        usage=[(_instant(use[2] or "t1+1h"), Decimal(use[1]))],
        until=_instant(given.get("until", "t1+1d")),
        resets=resets,
        keeps_overage=bool(given.get("preserve_overage")),
        times=Decimal(1),
        per=Decimal(1),
        is_gauge=False,
    )
    needs = tell_run(run, desk)

    def answers(books: Books) -> Mapping[str, Any]:
        state = State(run, desk, books.of(desk.name), shows_active_only=False).figures()
        return {"expected": {**state["balances"], "overage": state["overage"]}}

    return Told(answers, needs)


def _instant(words: object) -> datetime:
    text = str(words)
    if not text.startswith("t1"):
        return instant(text)
    return moved(NOW, text.removeprefix("t1")) if text != "t1" else NOW


def _grant(name: str, words: Mapping[str, Any]) -> Grant:
    interval = span(words["recurs"]) if words.get("recurs") else None
    expires = _instant(words["expires"]) if words.get("expires") else None
    return Grant(
        id=name,
        amount=Decimal(str(words.get("amount", words.get("balance", 0)))),
        start=_instant(words.get("starts", "t1")),
        end=expires,
        voided=None,
        expires=expires,
        priority=words.get("priority"),
        created=None,
        rollover=(
            Decimal(str(words.get("min_rollover", 0))),
            Decimal(str(words.get("max_rollover", 0))),
        ),
        interval=interval,
        anchor=NOW if interval else None,
    )
