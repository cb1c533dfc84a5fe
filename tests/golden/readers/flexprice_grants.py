"""Flexprice's credit grants: proration, expiry, cadence.

Translation. A grant is an offer: bought once, or a plan whose period is the cadence. `now` is one
fixed instant for all cases.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.golden.clock import NOW, Unreadable, instant, moved, shifted, span, written
from tests.golden.compare import Holds
from tests.golden.facts import Desk
from tests.golden.snapshot import ZERO, Lot
from tests.golden.told import Books, Told

DECIMALS = 8
"""Decimals their grants are kept with."""

PERIODS = ("day", "week", "month", "year")

STRATEGIES = {
    "second": "second",
    "second_based": "second",
    "day": "day",
    "day_based": "day",
    "none": "none",
}
"""Their proration strategies, in our words; seconds where a case names none."""


def tell_expiry(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A relative expiry. Their rule: a missing unit, or one they do not know, means never."""
    now, unit = instant(given["now"]), str(given.get("unit") or "").lower()
    expires = f"{given['duration']} {unit}" if unit in PERIODS else "never"
    _tell_pack(desk, 1, expires, now)

    def answers(books: Books) -> Mapping[str, Any]:
        lots = books.of(desk.name).lots
        return {"expires_at": _expiry(lots[0]) if lots else "no lot"}

    return Told(answers)


def _expiry(lot: Lot) -> str | None:
    return None if lot.expires_at is None else written(lot.expires_at)


def _tell_pack(desk: Desk, credits: Any, expires: str, at: datetime) -> None:
    wallet = desk.wallet("credits", precision=DECIMALS)
    grant = {"wallet": wallet, "credits": str(credits), "kind": "included", "expires": expires}
    offer = desk.offer("pack", [grant])
    desk.pay("bought", 0, desk.asks(at), offer=offer)


def tell_proration(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A plan that starts inside its billing period."""
    start, end = (instant(moment) for moment in given["period"])
    at = desk.asks(instant(given["at"]))
    wallet = desk.wallet("credits", precision=DECIMALS)
    credits = Decimal(str(given["credits"]))
    grant = {"wallet": wallet, "credits": credits, "kind": "included", "expires": "period_end"}
    strategy = STRATEGIES[given.get("strategy") or "second"]
    offer = desk.offer("plan", [grant], every=_every(start, end), prorate=strategy)
    # Coverage that begins before the period covers all of it; after its end, none.
    desk.subscribe("plan", offer, min(max(at, start), end), end, anchor=start)

    def answers(books: Books) -> Mapping[str, Any]:
        granted = sum((lot.credits for lot in books.of(desk.name).lots), ZERO)
        step = Decimal(1).scaleb(-DECIMALS) / credits
        return {
            "prorated_credits": granted,
            "coefficient": Holds(
                lambda share: abs(granted / credits - Decimal(str(share))) <= step,
                str(granted / credits),
            ),
        }

    return Told(answers)


def _every(start: datetime, end: datetime) -> str:
    """The billing period that runs from one instant to another."""
    for unit in PERIODS:
        for count in range(1, 367):
            if shifted(start, count, unit) == end:
                return f"{count} {unit}"
    raise Unreadable(f"a billing period from {start} to {end}")


def tell_cadence(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A grant that is given once, or again and again, from a start on."""
    start = instant(given.get("start", "now"))
    expires = _expires(given.get("expiry"))
    if given["cadence"] == "onetime":
        _tell_pack(desk, given["credits"], expires or "never", start)
    else:
        wallet = desk.wallet("credits", precision=DECIMALS)
        count, unit = span(given["cadence"])
        grant = {
            "wallet": wallet,
            "credits": str(given["credits"]),
            "kind": "included",
            "expires": expires or "never",
        }
        offer = desk.offer("plan", [grant], every=f"{count} {unit}")
        desk.subscribe("plan", offer, start)
        desk.asks(shifted(NOW, count, unit))

    def answers(books: Books) -> Mapping[str, Any]:
        lots = sorted(books.of(desk.name).lots, key=lambda lot: lot.effective_at)
        applied = [lot for lot in lots if lot.effective_at <= NOW]
        # Their queue holds no more than the next application.
        pending = lots[len(applied) : len(applied) + 1]
        return {
            "applications": [
                {"status": status, "credits": lot.credits}
                for status, some in (("applied", applied), ("pending", pending))
                for lot in some
            ],
            "applied": len(applied),
            "pending": len(pending),
            "expires_at": _as_words(lots[0], start) if lots else "no lot",
        }

    return Told(answers)


def _expires(expiry: Mapping[str, Any] | None) -> str | None:
    if expiry is None:
        return None
    unit = str(expiry["unit"]).lower()
    return f"{expiry['n']} {unit}" if unit in PERIODS else "never"


def _as_words(lot: Lot, start: datetime) -> Holds:
    """An expiry that a case gives from the start of the period, `period_start+7d`, or in full."""

    def holds(words: Any) -> bool:
        if words is None:
            return lot.expires_at is None
        text = str(words)
        is_relative = text.startswith("period_start")
        found = moved(start, text.removeprefix("period_start")) if is_relative else instant(text)
        return lot.expires_at == found

    return Holds(holds, _expiry(lot) or "none")


def tell_scheduled(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """An application that was due some time ago and is only known now."""
    due = instant(given["scheduled"])
    expiry = given["expiry"]
    wallet = desk.wallet("credits", precision=DECIMALS)
    expires = shifted(due, int(expiry["n"]), str(expiry["unit"]).lower())
    desk.grant("due", wallet, given["credits"], due, kind="included", expires=expires, received=NOW)

    def answers(books: Books) -> Mapping[str, Any]:
        entries = books.of(desk.name).entries
        return {
            "status": "applied" if entries else "skipped",
            "wallet_entries": len(entries),
            "balance": sum((entry.credits for entry in entries), ZERO),
        }

    return Told(answers)
