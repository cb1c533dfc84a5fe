"""OpenMeter's credit ledger: sources that charges are collected from, corrected, voided, expired.

Translation. A source is a grant; a charge is a usage event priced 1 credit per unit. Credit for
certain features is a wallet of its own: which scope pays first is the order of wallets. Where a
case restricts credit, each priority has its wallets, since there priority outranks the scope.
Charges without a spend identity are trials: each has a customer to itself. A charge that only
credit may pay is carried until a grant repays it, unless the case settles it with its service
period. A correction replaces the event by one of what remains.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.golden.clock import NOW, instant, written
from tests.golden.compare import Unordered
from tests.golden.facts import Desk, Link
from tests.golden.snapshot import ZERO, Account, Side
from tests.golden.told import Books, Told

MINUTE = timedelta(minutes=1)
BURN_ORDER = ["priority", "expires_at", "lot_id"]
UNSOURCED = None


@dataclass(frozen=True)
class Source:
    """Credit that charges are collected from."""

    id: str
    amount: Decimal
    priority: int
    expires: datetime | None
    features: tuple[str, ...]
    cost_basis: Decimal
    granted: datetime


@dataclass
class Script:
    """What was told: sources, spends in order, and where the trials are."""

    sources: list[Source]
    spends: dict[str, list[str]] = field(default_factory=dict)
    trials: list[str] = field(default_factory=list)
    corrected: datetime | None = None


def tell_ledger(given: Mapping[str, Any], questions: Any, desk: Desk) -> Told:
    """Sources, charges, corrections and voids of one customer."""
    if "accrued" in given:
        return _tell_recognition(given, desk)
    base = _base(given)
    script = Script([_source(source, given, base) for source in given["sources"]])
    customers = _tell_collects(given, desk, script, base)
    _tell_sources(given, desk, script, customers)
    _tell_corrections(given, desk, script)
    for n, void in enumerate(_voids(given)):
        at = desk.asks(instant(void["at"]) if "at" in void else base + timedelta(hours=1))
        for source in script.sources:
            desk.lot_event(f"void-{n}-{source.id}", desk.called(source.id), "void", at)
    asked = [instant(part["at"]) for part in questions.get("as_of") or []]
    for at in asked:
        desk.asks(at)
    cuts = tuple(at for at in asked if script.corrected is not None and at < script.corrected)

    def answers(books: Books) -> Mapping[str, Any]:
        state = Ledger(desk, script, books.of(*customers))
        return {
            **state.figures(books),
            **_at_grant(state),
            "after_correction": state.at(script.corrected) if script.corrected else None,
            "as_of": [_as_of(books, cuts, desk, script, at) for at in asked],
            "collected": state.collected(desk.name),
            "collected_alternatives": [state.collected(trial) for trial in script.trials],
            "error": books.has_refused(desk.name),
        }

    return Told(answers, cuts=cuts)


def _as_of(
    books: Books, cuts: tuple[datetime, ...], desk: Desk, script: Script, at: datetime
) -> dict[str, Any]:
    snapshot = books.cuts[at] if at in cuts else books.final
    return {"at": written(at), **Ledger(desk, script, snapshot.of(desk.name)).at(at)}


def _base(given: Mapping[str, Any]) -> datetime:
    """When credit is granted where the case does not say: a day before all it says."""
    timeline = given.get("timeline") or {}
    if "grant_at" in timeline:
        return instant(timeline["grant_at"])
    words: list[Any] = [void.get("at") for void in _voids(given)]
    words += [collect.get("usage_at") or collect.get("at") for collect in given.get("collect", [])]
    words += [source.get("granted_at") for source in given["sources"]]
    words += [source.get("expires_at") for source in given["sources"]]
    said = [instant(word) for word in words if word]
    return min([NOW, *said]) - timedelta(days=1)


def _voids(given: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    voids = given.get("void", [])
    return voids if isinstance(voids, list) else [voids]


def _source(given: Mapping[str, Any], case: Mapping[str, Any], base: datetime) -> Source:
    return Source(
        id=str(given["id"]),
        amount=Decimal(str(given["amount"])),
        priority=int(given.get("priority") or 100),
        expires=instant(given["expires_at"]) if given.get("expires_at") else None,
        features=tuple(given.get("features") or ()),
        cost_basis=Decimal(str(given.get("cost_basis") or 0)),
        granted=instant(given["granted_at"]) if given.get("granted_at") else base,
    )


def _wallet_of(source: Source, by_priority: bool) -> tuple[int, bool, tuple[str, ...]]:
    """The sort key of a source's wallet: priority where scopes matter, restricted credit first."""
    return (source.priority if by_priority else 0, not source.features, source.features)


def _tell_sources(
    given: Mapping[str, Any], desk: Desk, script: Script, customers: tuple[str, ...]
) -> None:
    """The wallets, what a charge of each feature costs in them, and the grants."""
    by_priority = any(source.features for source in script.sources)
    settlement = given.get("settlement")
    carries = settlement != "credit_then_invoice" and "service_period" not in given
    overage = Decimal(1) if settlement == "credit_then_invoice" else None
    keys = {_wallet_of(source, by_priority) for source in script.sources} | {
        (
            max((source.priority for source in script.sources), default=0) if by_priority else 0,
            True,
            (),
        )
    }
    # An advance is owed by the last wallet every charge may reach.
    last = max(key for key in keys if not key[2])
    wallets = {
        key: desk.wallet(
            f"p{key[0]}-{'-'.join(key[2]) or 'any'}",
            burn_order=BURN_ORDER,
            overdraft="carry" if carries and key == last else "none",
        )
        for key in sorted(keys)
    }
    features = {collect.get("feature") for collect in given.get("collect", [])}
    for feature in sorted(features, key=str):
        chain = [Link(wallet) for key, wallet in wallets.items() if not key[2] or feature in key[2]]
        desk.price(chain, line=feature or "", customers=customers, overage=overage)
    for customer in customers:
        for source in script.sources:
            suffix = customer.removeprefix(desk.name)
            paid = source.cost_basis * source.amount if source.cost_basis else None
            desk.grant(
                f"{source.id}{suffix}",
                wallets[_wallet_of(source, by_priority)],
                source.amount,
                source.granted,
                customer=customer,
                kind="paid" if paid else "promo",
                expires=source.expires,
                priority=source.priority,
                paid=paid,
            )


def _tell_collects(
    given: Mapping[str, Any], desk: Desk, script: Script, base: datetime
) -> tuple[str, ...]:
    """The charges; the customers they belong to."""
    collects = given.get("collect", [])
    are_trials = len(collects) > 1 and not any("spend" in collect for collect in collects)
    customers = [desk.name]
    for n, collect in enumerate(collects):
        customer = desk.called(f"trial-{n}") if are_trials and n else desk.name
        if are_trials:
            script.trials.append(customer)
            customers = script.trials
        known = instant(collect["at"]) if "at" in collect else None
        at = instant(collect["usage_at"]) if "usage_at" in collect else known
        event = desk.use(
            f"charge-{n}",
            collect["amount"],
            desk.asks(at or base + (n + 1) * MINUTE),
            line=collect.get("feature") or "",
            customer=customer,
            received=known,
        )
        if known is not None:
            desk.asks(known)
        script.spends.setdefault(str(collect.get("spend")), []).append(event)
    return tuple(customers)


def _tell_corrections(given: Mapping[str, Any], desk: Desk, script: Script) -> None:
    """Each correction as an event of what remains, in the place of the one before it."""
    collects = {str(collect.get("spend")): collect for collect in given.get("collect", [])}
    remaining = {spend: Decimal(str(collect["amount"])) for spend, collect in collects.items()}
    usage = {row["event_id"]: row for _, row in desk.facts.rows["usage"]}
    for n, correct in enumerate(given.get("correct", [])):
        spend = str(correct.get("spend"))
        before = usage[script.spends[spend][-1]]
        remaining[spend] -= Decimal(str(correct["amount"]))
        known = instant(correct["at"]) if "at" in correct else None
        event = desk.use(
            f"correction-{n}",
            remaining[spend],
            before["occurred_at"],
            line=collects[spend].get("feature") or "",
            received=known,
            corrects=before["event_id"],
        )
        usage[event] = {**before, "event_id": event}
        script.spends[spend].append(event)
        script.corrected = desk.asks(known) if known else script.corrected


@dataclass(frozen=True)
class Ledger:
    """What a case told beside what the books made of it."""

    desk: Desk
    script: Script
    account: Account

    def lot(self, source: Source) -> str:
        """The name of a source's lot."""
        return self.desk.called(source.id)

    def available(self, at: datetime | None = None, side: Side = "through") -> dict[str, Decimal]:
        """Credits left by source, at an instant or at the case's end."""
        moment = at or self.end
        return {
            source.id: self.account.balance(self.account.lots_of(self.lot(source)), moment, side)
            for source in self.script.sources
        }

    @property
    def end(self) -> datetime:
        """Just before anything that was granted expires, after everything else."""
        moments = [e.moment for e in self.account.entries if e.entry_type != "expire"]
        return max(moments, default=NOW)

    def accrued(self, before: datetime | None = None) -> list[dict[str, Any]]:
        """Credits used by source and spend; what no credit has paid has no source."""
        found = []
        for spend, events in self.script.spends.items():
            for source in self.script.sources:
                quantity = self.account.drawn(
                    lots={self.lot(source)}, events=set(events), before=before
                )
                if quantity:
                    found.append({"source": source.id, "spend": spend, "qty": quantity})
            unpaid = self.unpaid(spend, before) - self.account.unpaid("overage", events=events)
            if unpaid:
                found.append({"source": UNSOURCED, "spend": spend, "qty": unpaid})
        return found

    def unpaid(self, spend: str, before: datetime | None = None) -> Decimal:
        """What a spend cost that no credit has paid."""
        names = set(self.script.spends[spend])
        events = [e for e in self.account.events_in(before=before) if e.event_id in names]
        cost = sum((event.cost for event in events), ZERO)
        return cost - self.account.drawn(events=names, before=before)

    def collected(self, customer: str) -> list[dict[str, Any]]:
        """What a customer's charges took, in the order of wallets and of lots in them."""
        suffix = customer.removeprefix(self.desk.name)
        lots = {lot.lot_id: lot for lot in self.account.lots if lot.customer_id == customer}
        wallets = list(self.desk.facts.wallets)
        draws = [e for e in self.account.draws() if e.lot_id in lots]
        draws.sort(key=lambda e: (e.moment, wallets.index(e.wallet), lots[str(e.lot_id)].burn_rank))
        prefix = f"{self.desk.name}/"
        return [
            {
                "source": str(draw.lot_id).removeprefix(prefix).removesuffix(suffix),
                "qty": -draw.credits,
            }
            for draw in draws
        ]

    def figures(self, books: Books) -> dict[str, Any]:
        """The state once everything is collected and corrected, before credit expires."""
        available = self.available()
        accrued = self.accrued()
        sourced = [part for part in accrued if part["source"] is not UNSOURCED]
        unsourced = [part for part in accrued if part["source"] is UNSOURCED]
        invoiced = [
            {"source": UNSOURCED, "spend": spend, "qty": quantity}
            for spend, events in self.script.spends.items()
            if (quantity := self.account.unpaid("overage", events=events))
        ]
        open_credit = sum((part["qty"] for part in unsourced), ZERO)
        billed = sum((e.amount for e in self.account.entries if e.entry_type == "overage"), ZERO)
        left = _listed(
            [{"source": name, "qty": credits} for name, credits in available.items() if credits]
        )
        expiring = {source.id for source in self.script.sources if source.expires}
        planned = _listed([part for part in left.items if part["source"] in expiring])
        voids = [e for e in self.account.entries if e.entry_type == "void"]
        return {
            "collected_total": sum((part["qty"] for part in sourced), ZERO),
            "accrued": _listed(accrued),
            "accrued_total": sum((part["qty"] for part in accrued), ZERO),
            "accrued_before_recognition": Unordered([*accrued, *invoiced]),
            "accrued_after_recognition": Unordered([*unsourced, *invoiced]),
            "earnings": _listed(sourced),
            "available": left,
            "planned_breakage": planned,
            "open_planned_breakage": planned,
            "receivable": _listed([{**part, "qty": -part["qty"]} for part in unsourced]),
            "receivable_open": -open_credit,
            "to_invoice": billed,
            "invoiced": billed,
            "credit_realizations": Unordered([part["qty"] for part in sourced]),
            "paid_receivable_for_credits": sum(
                (lot.consideration for lot in self.account.lots), ZERO
            ),
            "voided_at": written(voids[0].moment) if voids else None,
            "breakage": self._expired(),
            "listing": self._sums(),
        }

    def _sums(self) -> dict[str, Decimal]:
        """All movements of a kind in one figure, signed."""
        words = {"grant": "funded", "draw": "consumed", "expire": "expired", "void": "voided"}
        return {
            word: sum((e.credits for e in self.account.entries if e.entry_type == kind), ZERO)
            for kind, word in words.items()
        }

    def _expired(self, at: datetime | None = None) -> Decimal:
        """Credits that have expired, by an instant or at all."""
        return -sum(
            (
                e.credits
                for e in self.account.entries
                if e.entry_type == "expire" and (at is None or e.moment <= at)
            ),
            ZERO,
        )

    def at(self, at: datetime) -> dict[str, Any]:
        """Sums at an instant, everything that happens then included."""
        before = at + timedelta(microseconds=1)
        accrued = self.accrued(before)
        return {
            "available": sum(self.available(at).values(), ZERO),
            "accrued": sum((part["qty"] for part in accrued), ZERO),
            "breakage": self._expired(at),
        }


def _listed(parts: list[dict[str, Any]]) -> Unordered:
    """Parts in any order, and their sum."""
    return Unordered(parts, sum((part["qty"] for part in parts), ZERO))


def _at_grant(state: Ledger) -> dict[str, Any]:
    """Before and after the last grant: what was owed, and what it repaid."""
    granted = max((source.granted for source in state.script.sources), default=None)
    if granted is None:
        return {}

    def moment(before: datetime, side: Side) -> dict[str, Any]:
        accrued = state.accrued(before)
        unsourced = sum((p["qty"] for p in accrued if p["source"] is UNSOURCED), ZERO)
        return {
            "receivable": -unsourced,
            "accrued_unsourced": unsourced,
            "accrued": Unordered([p for p in accrued if p["source"] is not UNSOURCED]),
            "available": sum(state.available(granted, side).values(), ZERO),
        }

    return {
        "before_grant": moment(granted, "before"),
        "after_grant": moment(granted + timedelta(microseconds=1), "through"),
    }


def _tell_recognition(given: Mapping[str, Any], desk: Desk) -> Told:
    """Slices of used credit and how often revenue is recognised: each once, build as you may."""
    wallet = desk.wallet("any", burn_order=BURN_ORDER)
    desk.price([Link(wallet)])
    slices = [Decimal(str(part)) for part in given["accrued"]]
    total = sum(slices, ZERO)
    lot = desk.grant("source", wallet, total, NOW - timedelta(days=1), kind="paid", paid=total)
    for n, quantity in enumerate(slices):
        desk.use(f"charge-{n}", quantity, desk.asks(NOW + n * MINUTE))
    runs = int(given.get("recognize_runs", 1))

    def answers(books: Books) -> Mapping[str, Any]:
        first = books.final.recognised.get(lot, ZERO)
        later = books.again.recognised.get(lot, ZERO) if books.again else first
        used = -sum((e.amount for e in books.of(desk.name).draws()), ZERO)
        return {
            "recognized": [first, *[later - first] * (runs - 1)],
            "accrued": used - later,
            "earnings": later,
        }

    return Told(answers, repeats=runs > 1)
