"""OpenMeter's grants: credits from a snapshot on, recurrence, usage-period resets, voids.

Translation. The balances of the snapshot are balances brought in: one lot per grant that is active
then, of what it has left. A recurring grant is that lot until the first recurrence, and from there
a subscription to an offer that grants the amount at each interval, gone with the next one. Usage of
the run goes to a wallet that carries what no lot can pay. A reset says of each lot what stays of it
at least and at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.golden.clock import instant, shifted, span
from tests.golden.facts import Desk, Link

RESET = "usage period reset"
BEFORE = timedelta(seconds=1)
"""How long before the opening its unpaid usage lies."""


@dataclass(frozen=True)
class Grant:
    """A grant as the case gives it, with the instants that matter worked out.

    Attributes:
        id: Its name.
        amount: Full amount, of each recurrence.
        start: First instant it is active.
        end: First instant it no longer is, by expiry, void or deletion; None for never.
        voided: Whether a void or deletion ends it.
        rollover: (least, most) that stays after a reset.
        interval: Of its recurrence, as (count, unit).
        anchor: Instant the recurrences are counted from.
    """

    id: str
    amount: Decimal
    start: datetime
    end: datetime | None
    voided: datetime | None
    expires: datetime | None
    priority: int | None
    created: datetime | None
    rollover: tuple[Decimal, Decimal]
    interval: tuple[int, str] | None
    anchor: datetime | None

    def is_active(self, at: datetime) -> bool:
        """Whether it can pay."""
        return self.start <= at and (self.end is None or at < self.end)

    def recurrences(self, after: datetime, until: datetime) -> list[datetime]:
        """Its recurrences in (after, until] while it is active, counted from the anchor."""
        found: list[datetime] = []
        moment = self.next_recurrence(after)
        while moment is not None and moment <= until:
            found.append(moment)
            moment = self.next_recurrence(moment)
        return found

    def next_recurrence(self, after: datetime) -> datetime | None:
        """Its first recurrence later than an instant; the k-th is k intervals from the anchor."""
        if self.interval is None or self.anchor is None:
            return None
        count, unit = self.interval
        days = {"hour": 1 / 24, "day": 1, "week": 7, "month": 31, "year": 366}[unit] * count
        k = int((after - self.anchor) / timedelta(days=days)) - 1
        while (moment := shifted(self.anchor, k * count, unit)) <= after:
            k += 1
        return moment if self.is_active(moment) else None


def read_grant(given: Mapping[str, Any]) -> Grant:
    """A grant; fields that only narrow cases give are optional."""
    start = instant(given.get("effective_at") or given.get("created_at"))
    expires = instant(given["expires_at"]) if given.get("expires_at") else None
    voids = [instant(given[key]) for key in ("voided_at", "deleted_at") if given.get(key)]
    ends = [*voids, *([expires] if expires else [])]
    rollover = given.get("rollover") or {}
    recurrence = given.get("recurrence")
    return Grant(
        id=str(given["id"]),
        amount=Decimal(str(given.get("amount", 1))),
        start=start,
        end=max(start, min(ends)) if ends else None,
        voided=max(start, min(voids)) if voids else None,
        expires=expires,
        priority=given.get("priority"),
        created=instant(given["created_at"]) if given.get("created_at") else None,
        rollover=(Decimal(str(rollover.get("min", 0))), Decimal(str(rollover.get("max", 0)))),
        interval=span(recurrence["interval"]) if recurrence else None,
        anchor=instant(recurrence["anchor"]) if recurrence else None,
    )


@dataclass(frozen=True)
class Run:
    """The input of an engine or entitlement case.

    Attributes:
        grants: By name.
        opening: When the snapshot was taken.
        until: When the run ends.
        resets: Instants of usage-period resets, in order.
        keeps_overage: Whether unpaid usage outlives a reset.
        per: Units of the meter that are one unit of credit.
    """

    grants: dict[str, Grant]
    opening: datetime
    balances: Mapping[str, Any]
    overage: Decimal
    usage_before: Decimal
    grant_usage_before: Decimal
    usage: list[tuple[datetime, Decimal]]
    until: datetime
    resets: list[datetime]
    keeps_overage: bool
    times: Decimal
    per: Decimal
    is_gauge: bool


def read_run(given: Mapping[str, Any]) -> Run:
    """The input of an engine or entitlement case."""
    opening, conversion = given["opening"], given.get("unit_conversion") or {}
    factor = Decimal(str(conversion.get("factor", 1)))
    divides = conversion.get("operation", "divide") == "divide"
    grants = [read_grant(grant) for grant in given["grants"]]

    def counter(name: str) -> Decimal:
        return Decimal(str(opening.get(name, 0)))

    return Run(
        grants={grant.id: grant for grant in grants},
        opening=instant(opening["at"]),
        balances=opening["balances"],
        overage=counter("overage"),
        usage_before=counter("usage_in_period"),
        grant_usage_before=counter("grant_usage_in_period"),
        usage=[(instant(row["ts"]), Decimal(str(row["qty"]))) for row in given["usage"]],
        until=instant(given["query"]["until"]),
        resets=sorted(instant(reset["at"]) for reset in given["resets"]),
        keeps_overage=bool(given.get("preserve_overage_at_reset")),
        times=Decimal(1) if divides else factor,
        per=factor if divides else Decimal(1),
        is_gauge=given.get("aggregation", "sum") == "latest",
    )


def tell_run(run: Run, desk: Desk) -> tuple[str, ...]:
    """Tell the facts of a run; what would be needed to say the rest."""
    wallet = desk.wallet("credits", burn_order="openmeter", overdraft="carry")
    desk.price([Link(wallet, run.times, run.per)])
    desk.asks(run.until)
    needs = [_tell_grant(run, grant, desk, wallet) for grant in run.grants.values()]
    for n, at in enumerate(run.resets):
        for grant in run.grants.values():
            _tell_reset(run, grant, at, desk, f"reset-{n}")
    if run.overage:
        desk.use("carried-in", run.overage * run.per / run.times, run.opening - BEFORE)
    for n, (at, quantity) in enumerate(run.usage):
        if at >= run.opening:
            desk.use(f"u{n}", quantity * run.per / run.times, at)
    if run.resets:
        needs.append("usage-period resets that forgive or keep what is carried")
    if run.is_gauge:
        needs.append("gauge meters")
    return tuple(dict.fromkeys(need for need in needs if need))


def _tell_grant(run: Run, grant: Grant, desk: Desk, wallet: str) -> str | None:
    """The lots of one grant: what it has at the opening or its start, then each recurrence."""
    start, credits = _first_lot(run, grant)
    first = grant.next_recurrence(start)
    if credits > 0:
        desk.grant(
            grant.id,
            wallet,
            credits,
            start,
            expires=first or grant.expires,
            priority=grant.priority,
            received=grant.created,
        )
    if first is not None and grant.interval is not None:
        count, unit = grant.interval
        if unit == "hour":
            return "hourly recurrence"
        promise = {"wallet": wallet, "credits": grant.amount, "kind": "included"}
        if grant.priority is not None:
            promise["priority"] = grant.priority
        offer = desk.offer(
            grant.id, [{**promise, "expires": "period_end"}], every=f"{count} {unit}"
        )
        desk.subscribe(grant.id, offer, first, grant.end, received=grant.created)
    if grant.end is not None and (first is not None or grant.end != grant.expires):
        desk.lot_event(
            f"{grant.id}-end", _lot_before(run, grant, grant.end, desk), "void", grant.end
        )
    if first is not None and grant.anchor is not None and first.day != grant.anchor.day:
        return "a billing anchor" if (grant.interval or (1, ""))[1] in ("month", "year") else None
    return None


def _first_lot(run: Run, grant: Grant) -> tuple[datetime, Decimal]:
    """When the first lot of a grant begins, and with how much.

    The engine starts a grant in full that takes effect at the opening, whatever the snapshot says.
    """
    if grant.start == run.opening or not grant.is_active(run.opening):
        return grant.start, grant.amount
    return run.opening, Decimal(str(run.balances.get(grant.id, grant.amount)))


def _tell_reset(run: Run, grant: Grant, at: datetime, desk: Desk, label: str) -> None:
    """What a reset leaves of one grant; one that starts, ends or recurs just then is left alone."""
    if not (grant.start < at and grant.is_active(at)) or at in grant.recurrences(run.opening, at):
        return
    least, most = grant.rollover
    lot = _lot_before(run, grant, at, desk)
    desk.lot_event(f"{label}-{grant.id}", lot, "reset", at, least=least, most=most, reason=RESET)


def _lot_before(run: Run, grant: Grant, at: datetime, desk: Desk) -> str:
    """The lot that holds a grant's credits just before an instant."""
    start, _ = _first_lot(run, grant)
    passed = [moment for moment in grant.recurrences(start, at) if moment < at]
    return desk.called(grant.id) + (f":{len(passed)}:1" if passed else "")
