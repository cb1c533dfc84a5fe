"""OpenMeter's engine, its entitlements, and what it asserts of single grants.

How the state at the end of a run is read follows from the source's own rule for that instant:
usage, starts and ends at it do not count yet, resets and recurrences at it do. An entitlement only
shows grants that are active then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from tests.golden.clock import instant, shifted, span, written
from tests.golden.compare import ByPlace, Holds
from tests.golden.facts import Desk, Link
from tests.golden.readers.openmeter_grants import (
    RESET,
    Grant,
    Run,
    read_grant,
    read_run,
    tell_run,
)
from tests.golden.snapshot import ZERO, Account, Entry
from tests.golden.told import Books, Told

REPAYS = "repays an overdraft"
"""Why a lot pays for usage of an earlier time."""


def tell_engine(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A run of the engine, or an entitlement asked for its balance."""
    return _told(given, questions, desk, shows_active_only=False)


def tell_entitlement(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """A run asked through the entitlement, which leaves inactive grants out."""
    return _told(given, questions, desk, shows_active_only=True)


def _told(given: Mapping[str, Any], questions: Any, desk: Desk, *, shows_active_only: bool) -> Told:
    run = read_run(given)
    needs = tell_run(run, desk)
    if "split_at" in questions:
        desk.split_at(instant(questions["split_at"]))
    repeats = not {"deterministic", "property"}.isdisjoint(questions)

    def answers(books: Books) -> Mapping[str, Any]:
        state = State(run, desk, books.of(desk.name), shows_active_only)
        return {
            **state.figures(),
            **state.history(),
            **_windows(state, questions),
            **_snapshot(state, questions),
            "error": books.has_refused(desk.name),
            "deterministic": books.repeats(desk.name) if repeats else None,
            "property": Holds(
                lambda name: name == "split_run_equals_single_run" and books.repeats(desk.name),
                "another result from two pieces",
            ),
            "split_at": questions.get("split_at"),
        }

    return Told(answers, needs, repeats=repeats)


@dataclass(frozen=True)
class State:
    """A run's input beside what the books made of it."""

    run: Run
    desk: Desk
    account: Account
    shows_active_only: bool

    def balance(self, grant: Grant, counts: Callable[[Entry], bool]) -> Decimal:
        """What a grant has, from the movements that count."""
        names = {lot.lot_id for lot in self.account.lots_of(self.desk.called(grant.id))}
        return sum(
            (e.credits for e in self.account.entries if e.lot_id in names and counts(e)), ZERO
        )

    def balances(self, counts: Callable[[Entry], bool]) -> dict[str, Decimal]:
        """What every grant has."""
        return {name: self.balance(grant, counts) for name, grant in self.run.grants.items()}

    def at_end(self, entry: Entry) -> bool:
        """Whether a movement counts at the end of the run."""
        if entry.moment != self.run.until:
            return entry.moment < self.run.until
        if entry.entry_type == "grant" and entry.moment == self.run.opening:
            return True
        if entry.is_draw:
            return self._repays_at_end(entry)
        if entry.reason == RESET or entry.lot_id in self.refills:
            return True
        return self._recurs_at_end(entry.lot_id)

    def _repays_at_end(self, entry: Entry) -> bool:
        """Whether a draw pays what is owed as a reset ends the run: that is a part of the reset."""
        end = self.run.until
        return end in self.run.resets and entry.moment == end and entry.reason == REPAYS

    @property
    def refills(self) -> set[str]:
        """Lots that resets granted."""
        return {lot.lot_id for lot in self.account.lots if lot.parent_lot_id}

    def _recurs_at_end(self, lot_id: str | None = None) -> bool:
        """Whether a grant recurs at the end of the run: that of a lot, or any."""
        end = self.run.until
        for grant in self.run.grants.values():
            name = self.desk.called(grant.id)
            is_of_grant = lot_id is None or lot_id == name or lot_id.startswith(f"{name}:")
            if is_of_grant and end in grant.recurrences(self.run.opening, end):
                return True
        return False

    @property
    def period_start(self) -> datetime:
        """The last reset, or the opening."""
        return max([self.run.opening, *(at for at in self.run.resets if at <= self.run.until)])

    def usage(self, since: datetime, before: datetime) -> Decimal:
        """Metered quantity, in units of credit."""
        metered = sum((e.quantity for e in self.account.events_in(since, before)), ZERO)
        return metered * self.run.times / self.run.per

    def carried(self, at: datetime, side: Callable[[Entry], bool]) -> Decimal:
        """What usage before an instant still owes: of this period only, where resets forgive."""
        forgiven = [reset for reset in self.run.resets if reset <= at]
        since = forgiven[-1] if forgiven and not self.run.keeps_overage else None
        events = self.account.events_in(since, at)
        names = {event.event_id for event in events}
        paid = sum(
            (
                e.credits
                for e in self.account.entries
                if e.is_draw and e.event_id in names and side(e)
            ),
            ZERO,
        )
        return sum((event.cost for event in events), ZERO) + paid

    def figures(self) -> dict[str, Any]:
        """The result of the run."""
        run, end = self.run, self.run.until
        since = self.period_start
        is_first_period = since == run.opening
        balances = self.balances(self.at_end)
        if self.shows_active_only:
            balances = {
                name: balance
                for name, balance in balances.items()
                if self.run.grants[name].is_active(end)
            }
        total = sum(balances.values(), ZERO)
        usage = self.usage(since, end) + (run.usage_before if is_first_period else ZERO)
        funded = self.account.drawn(since=since, before=end)
        funded += run.grant_usage_before if is_first_period else ZERO
        terms = {"grant_usage": funded, "balance": total, "usage": usage}
        return {
            "balances": balances,
            "balance_total": total,
            "overage": self.carried(end, lambda e: e.moment < end or self._repays_at_end(e)),
            "usage_in_period": usage,
            "usage_since": written(since),
            "grant_usage_in_period": funded,
            "grant_usage_plus_balance": funded + total,
            "identity": Holds(partial(_equation_holds, terms), f"{terms}"),
        }

    def boundaries(self) -> list[datetime]:
        """Instants inside the run at which the set of usable lots changes."""
        found = {
            moment
            for lot in self.account.lots
            for moment in (lot.effective_at, lot.expires_at)
            if moment is not None
        }
        found |= {e.moment for e in self.account.entries if e.entry_type == "void"}
        inside = {at for at in found if self.run.opening < at < self.run.until}
        return sorted(inside - set(self.run.resets))

    def stretches(self) -> list[tuple[datetime, datetime, bool]]:
        """(from, to, whether a rollover) of each segment; a reset has a segment of no length."""
        run = self.run
        resets = [at for at in run.resets if run.opening < at <= run.until]
        found = []
        start = run.opening
        for at in sorted([*self.boundaries(), *resets]):
            found.append((start, at, False))
            if at in resets:
                found.append((at, at, True))
            start = at
        if run.until not in resets and self._recurs_at_end():
            found.append((start, run.until, False))
            start = run.until
        return [*found, (start, run.until, False)]

    def history(self) -> dict[str, Any]:
        """The run cut into segments."""
        stretches = self.stretches()
        segments = [self._segment(n, stretches) for n in range(len(stretches))]
        return {
            "segment_count": len(segments),
            "segment_bounds": [[segment["from"], segment["to"]] for segment in segments],
            "segments_partial": ByPlace(segments),
        }

    def _segment(self, n: int, stretches: list[tuple[datetime, datetime, bool]]) -> dict[str, Any]:
        start, end, is_rollover = stretches[n]
        follows_rollover = n > 0 and stretches[n - 1][2]
        earlier = {event.event_id for event in self.account.events_in(before=start)}

        def opens(entry: Entry) -> bool:
            is_new = entry.entry_type == "grant" and entry.lot_id not in self.refills
            if is_rollover and is_new:
                return entry.moment < start
            if follows_rollover and entry.is_draw and entry.event_id in earlier:
                return entry.moment <= start
            return entry.counts(start, "opening")

        balances = self.balances(opens)
        closing = self.balances(lambda e: e.moment < end)
        draws = self.account.draws(since=start, before=end)
        return {
            "from": written(start),
            "to": written(end),
            "rollover": is_rollover,
            "usage_reset": not is_rollover and end in self.run.resets and end > start,
            "usage": self.usage(start, end),
            "overage_at_start": self.carried(start, lambda e: opens(e) and e.is_draw),
            "balance_at_start": balances,
            "balance_at_start_total": sum(balances.values(), ZERO),
            "balance_at_end_total": sum(closing.values(), ZERO),
            "burned": [{"lot": draw.lot_id, "qty": -draw.credits} for draw in draws],
        }


def _equation_holds(terms: Mapping[str, Decimal], text: str) -> bool:
    """Whether `a + b == c + d (in words)` holds of the terms it names."""
    sides = re.sub(r"\(.*?\)", "", str(text)).split("==")
    totals = {sum((terms[term.strip()] for term in side.split("+")), ZERO) for side in sides}
    return len(sides) == 2 and len(totals) == 1


def _windows(state: State, questions: Any) -> dict[str, Any]:
    """The run cut into windows of one length, where a case asks for that."""
    if not questions.get("window"):
        return {}
    count, unit = span(questions["window"])
    windows = []
    start, end = state.run.opening, state.run.until
    while start < end:
        following = min(shifted(start, count, unit), end)
        opens = partial(_opens, start)
        windows.append(
            {
                "from": written(start),
                "to": written(following),
                "usage": state.usage(start, following),
                "balance_at_start": sum(state.balances(opens).values(), ZERO),
            }
        )
        start = following
    return {
        "window": questions["window"],
        "window_count": len(windows),
        "windows": ByPlace(windows),
    }


def _opens(at: datetime, entry: Entry) -> bool:
    return entry.counts(at, "opening")


def _snapshot(state: State, questions: Any) -> dict[str, Any]:
    """The state kept at an instant inside the run."""
    asked = questions.get("snapshot")
    if not asked:
        return {}
    at = instant(asked["at"])
    since = max([state.run.opening, *(reset for reset in state.run.resets if reset <= at)])
    before = state.run.usage_before if since == state.run.opening else ZERO
    return {
        "snapshot": {
            "at": asked["at"],
            "balances": state.balances(partial(_opens, at)),
            "usage_in_period": state.usage(since, at) + before,
        }
    }


def tell_order(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """The order in which grants burn: one credit is used after the other until all are gone."""
    grants = [read_grant(grant) for grant in given["grants"]]
    wallet = desk.wallet("credits", burn_order="openmeter")
    desk.price([Link(wallet)])
    start = max(grant.start for grant in grants)
    for grant in grants:
        desk.grant(
            grant.id,
            wallet,
            grant.amount,
            start,
            expires=grant.expires,
            priority=grant.priority,
            received=grant.created,
        )
    total = int(sum(grant.amount for grant in grants))
    for n in range(total):
        desk.use(f"u{n:04}", 1, desk.asks(start + timedelta(milliseconds=n + 1)))

    def answers(books: Books) -> Mapping[str, Any]:
        draws = sorted(books.of(desk.name).draws(), key=lambda draw: draw.moment)
        return {"order": list(dict.fromkeys(_label(draw, desk) for draw in draws))}

    return Told(answers)


def tell_activity(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Whether a grant can pay at an instant, by using a credit just then; and from when to when."""
    grants = [read_grant(grant) for grant in given["grants"]]
    wallet = desk.wallet("credits", burn_order="openmeter")
    desk.price([Link(wallet)])
    for grant in grants:
        desk.grant(grant.id, wallet, grant.amount, grant.start, expires=grant.expires)
        if grant.voided is not None:
            desk.lot_event(f"{grant.id}-void", desk.called(grant.id), "void", grant.voided)
        desk.asks(grant.end or grant.start)
    if given.get("query"):
        desk.use("u", 1, desk.asks(instant(given["query"]["at"])))

    def answers(books: Books) -> Mapping[str, Any]:
        account = books.of(desk.name)
        moments = [entry.moment for entry in account.entries if entry.lot_id]
        return {
            "active": bool(account.draws()),
            "effective_period": [written(moments[0]), written(moments[-1])] if moments else None,
        }

    return Told(answers)


def _label(entry: Entry, desk: Desk) -> str:
    return str(entry.lot_id).removeprefix(f"{desk.name}/").split(":")[0]
