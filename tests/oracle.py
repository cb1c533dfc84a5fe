"""A plain, event-by-event drawdown: slow, obvious, and written without looking at the SQL.

It knows the rules (half-open windows, burn order, chains with a price in each wallet, the rest to
overage or unfunded; lots that roll over, are extended or reset) and walks events one at a time in
whole billionths of a credit. Tests compare the engine with it; nothing else may import it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from fractions import Fraction

BILLION = 10**9
FOREVER = datetime(9999, 12, 31, tzinfo=UTC)


def rounded(value: Fraction) -> int:
    """To a whole number, half away from zero (values are never negative here)."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


@dataclass(frozen=True)
class Rollover:
    """What becomes of a lot at its end.

    Attributes:
        until: End of the rolled over credits; None for never.
        group: Lots whose rolled over credits come under one cap.
        most: The cap; None for none. Where `adds_up`, those of lots that roll over at once are
            added together.
        priority: Once rolled over.
    """

    until: datetime | None
    group: str
    most: int | None
    adds_up: bool
    priority: int


@dataclass
class Lot:
    """Credits in billionths; the window is [effective_at, expires_at)."""

    lot_id: str
    customer: str
    wallet: str
    credits: int
    effective_at: datetime
    expires_at: datetime | None
    priority: int
    kind_rank: int
    rollover: Rollover | None = None
    booked_at: datetime | None = None
    """Where it is later than effective_at: from then on it can be used."""
    fills: str | None = None
    """The lot that this one is a refill of."""
    remaining: int = 0
    expired: int = 0
    removed: int = 0
    moved: int = 0
    is_rolled_over: bool = False
    has_lapsed: bool = False

    @property
    def is_late(self) -> bool:
        """Whether it was booked after its start."""
        return self.booked_at is not None

    @property
    def usable_from(self) -> datetime:
        """When it can first be used."""
        return self.booked_at or self.effective_at

    def is_usable(self, now: datetime) -> bool:
        """Whether it has begun and not ended."""
        return self.usable_from <= now and not self.has_lapsed


@dataclass(frozen=True)
class Removal:
    """Takes up to `credits` out of a lot at an instant, before demand of that instant."""

    removal_id: str
    lot_id: str
    at: datetime
    credits: int


@dataclass(frozen=True)
class Extension:
    """Moves the end of a lot that has not lapsed; it does not roll over at the old one."""

    extension_id: str
    lot_id: str
    at: datetime
    until: datetime


@dataclass(frozen=True)
class Reset:
    """Leaves of a lot and its refills no more than `most`, and then no less than `least`."""

    reset_id: str
    lot_id: str
    at: datetime
    least: int
    most: int | None


@dataclass(frozen=True)
class Transfer:
    """Moves up to `credits` of a lot, None for all, to a lot of another place, or of the same.

    Attributes:
        rate: How many arrive for one.
        until: The end of the new lot, where it is later than that of the old one.
        depth: How many transfers led to the lot.
    """

    transfer_id: str
    lot_id: str
    at: datetime
    credits: int | None
    to_customer: str
    to_wallet: str
    rate: Fraction
    until: datetime | None
    depth: int


@dataclass(frozen=True)
class DailyLimit:
    """Most that all of a customer may take in a day, in the first wallet of a price.

    Attributes:
        wallet: Of prices that begin there; None for all.
        action: What becomes of the rest: unfunded, overage, or flag, which keeps nothing.
    """

    limit_id: str
    customer: str
    wallet: str | None
    allowance: int
    action: str


@dataclass(frozen=True)
class Price:
    """Credits of one wallet per `per` units of quantity."""

    wallet: str
    credits: Fraction
    per: int

    def cost(self, quantity: Fraction) -> int:
        """Billionths of a credit for a quantity, rounded once."""
        return rounded(quantity * self.credits * BILLION / self.per)


@dataclass(frozen=True)
class Event:
    """One usage event, booked at `at`; `chain` is the ordered prices of its rate."""

    event_id: str
    customer: str
    at: datetime
    quantity: Fraction
    chain: tuple[Price, ...]
    overage: Fraction | None = None
    """Money per unit of quantity beyond the chain; None leaves it unfunded."""
    served_at: datetime | None = None
    """When it was used; None for when it is booked."""

    @property
    def day(self) -> date:
        """The day it counts for in limits, UTC."""
        return (self.served_at or self.at).date()


@dataclass
class Outcome:
    """What the walk found, all in billionths."""

    draws: dict[tuple[str, str], int] = field(default_factory=dict)
    overage: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """Event and cause -> credits, in the last wallet of its chain or, above a limit, the first; and
    money."""
    unfunded: dict[tuple[str, str], int] = field(default_factory=dict)
    rolled: dict[tuple[str, datetime], int] = field(default_factory=dict)
    """Lot and instant -> credits that rolled over."""
    owed: dict[str, int] = field(default_factory=dict)
    """Event -> what its carrying wallet still owes for it."""


@dataclass
class Walk:
    """A run over time; lots are changed in place."""

    lots: list[Lot]
    outcome: Outcome = field(default_factory=Outcome)
    carrying: frozenset[str] = frozenset()
    """Wallets that owe what no lot pays, until later lots do."""
    families: dict[str, list[Lot]] = field(default_factory=dict)
    """Lot id -> the lot and its refills."""
    debts: defaultdict[tuple[str, str], list[str]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """Customer and wallet -> events owed for, in the order they were."""
    limits: Sequence[DailyLimit] = ()
    taken: defaultdict[tuple[DailyLimit, date], int] = field(
        default_factory=lambda: defaultdict(int)
    )

    def __post_init__(self) -> None:
        for lot in self.lots:
            lot.remaining = lot.credits
            self.families[lot.lot_id] = [lot]

    def burn_key(self, lot: Lot) -> tuple[int, datetime, int, datetime, str]:
        """Default burn order: priority, soonest expiry, free kinds first, oldest, id."""
        like = self.families[lot.fills][0] if lot.fills else lot
        return (
            like.priority,
            like.expires_at or FOREVER,
            like.kind_rank,
            like.effective_at,
            lot.lot_id,
        )

    def in_order(self, lots: Iterable[Lot]) -> list[Lot]:
        """Lots as they burn."""
        return sorted(lots, key=self.burn_key)

    def end_lots(self, now: datetime) -> list[Lot]:
        """Let lots whose end has come roll over or lapse; those that rolled over."""
        rolled = []
        for lot in self.lots:
            if lot.expires_at is None or lot.expires_at > now or lot.has_lapsed:
                continue
            if lot.usable_from > now:
                continue
            terms = lot.rollover
            if terms is None or lot.is_rolled_over:
                lot.has_lapsed = True
                lot.expired += lot.remaining
                lot.remaining = 0
                continue
            lot.is_rolled_over = True
            lot.expires_at, lot.priority = terms.until, terms.priority
            rolled.append(lot)
        return rolled

    def cap(self, rolled: list[Lot], now: datetime) -> None:
        """Cap what has rolled over of each grant, where some more of it just has."""
        groups: defaultdict[str, list[Lot]] = defaultdict(list)
        for lot in rolled:
            if lot.rollover:
                groups[lot.rollover.group].append(lot)
        for group, arrived in groups.items():
            caps = [lot.rollover.most for lot in arrived if lot.rollover]
            if None not in caps:
                adds_up = any(lot.rollover and lot.rollover.adds_up for lot in arrived)
                most = sum(cap or 0 for cap in caps) if adds_up else max(cap or 0 for cap in caps)
                members = [
                    lot
                    for lot in self.lots
                    if lot.is_rolled_over and lot.rollover and lot.rollover.group == group
                ]
                self.cut(members, most)
            for lot in arrived:
                if lot.remaining:
                    self.outcome.rolled[lot.lot_id, now] = lot.remaining

    def cut(self, lots: list[Lot], most: int) -> None:
        """Let what lots hold above the most lapse, first what would burn first."""
        above = max(0, sum(lot.remaining for lot in lots) - most)
        for lot in self.in_order(lots):
            lapsed = min(lot.remaining, above)
            lot.remaining -= lapsed
            lot.expired += lapsed
            above -= lapsed

    def extend(self, extension: Extension) -> None:
        """Move an end; refills live as long as the lot they fill."""
        for lot in self.families[extension.lot_id]:
            assert not lot.has_lapsed
            lot.expires_at = extension.until
            lot.rollover = lot.rollover if lot.is_rolled_over else None

    def reset(self, reset: Reset) -> None:
        """Cut and fill up a lot that has begun before."""
        family = self.families[reset.lot_id]
        lot = family[0]
        if reset.at <= lot.effective_at or lot.has_lapsed:
            return
        if reset.most is not None:
            self.cut(family, reset.most)
        least = reset.least if reset.most is None else min(reset.least, reset.most)
        lacking = least - sum(member.remaining for member in family)
        if lacking > 0:
            refill = Lot(
                f"{lot.lot_id}:{reset.reset_id}",
                lot.customer,
                lot.wallet,
                lacking,
                reset.at,
                lot.expires_at,
                lot.priority,
                lot.kind_rank,
                fills=lot.lot_id,
                remaining=lacking,
            )
            family.append(refill)
            self.lots.append(refill)

    def remove(self, removal: Removal) -> None:
        """Take what a lot has left, up to an amount."""
        lot = self.families[removal.lot_id][0]
        taken = min(lot.remaining, removal.credits)
        lot.remaining -= taken
        lot.removed += taken

    def transfer(self, transfer: Transfer) -> None:
        """Move what a lot has left of an amount into a lot of its own."""
        if transfer.lot_id not in self.families:
            return
        lot = self.families[transfer.lot_id][0]
        wanted = lot.remaining if transfer.credits is None else transfer.credits
        taken = min(lot.remaining, wanted)
        if not taken:
            return
        lot.remaining -= taken
        lot.moved += taken
        ends = lot.expires_at
        arrived = max(1, rounded(taken * transfer.rate))
        new = Lot(
            f"{lot.lot_id}:{transfer.transfer_id}",
            transfer.to_customer,
            transfer.to_wallet,
            arrived,
            transfer.at,
            ends and max(ends, transfer.until or ends),
            lot.priority,
            lot.kind_rank,
            remaining=arrived,
        )
        self.families[new.lot_id] = [new]
        self.lots.append(new)

    def kept(self, event: Event, cost: int) -> tuple[int, int]:
        """What limits keep of a cost: in all, and of that unfunded whatever the rate says."""
        above = {"unfunded": 0, "overage": 0, "flag": 0}
        for limit in self.limits:
            if limit.customer == event.customer and limit.wallet in (None, event.chain[0].wallet):
                self.taken[limit, event.day] += cost
                excess = min(cost, self.taken[limit, event.day] - limit.allowance)
                above[limit.action] = max(above[limit.action], excess)
        return max(above["unfunded"], above["overage"]), above["unfunded"]

    def leave(self, event: Event, cause: str, credits: int, full: int, *, billed: bool) -> None:
        """What no lot pays is sold in arrears, or stays unfunded."""
        if not credits:
            return
        if event.overage is None or not billed:
            self.outcome.unfunded[event.event_id, cause] = credits
            return
        share = event.quantity
        if credits != full:
            share = Fraction(rounded(event.quantity * BILLION * credits / full), BILLION)
        money = rounded(share * event.overage * BILLION)
        self.outcome.overage[event.event_id, cause] = (credits, money)

    def repay(self, now: datetime) -> None:
        """Let lots that begin now pay what their wallets owe, oldest debt first."""
        for lot in self.in_order(lot for lot in self.lots if lot.usable_from == now):
            events = self.debts[lot.customer, lot.wallet] if lot.wallet in self.carrying else []
            while events and lot.remaining:
                event_id = events[0]
                taken = min(lot.remaining, self.outcome.owed[event_id])
                lot.remaining -= taken
                self.outcome.draws[event_id, lot.lot_id] = taken
                self.outcome.owed[event_id] -= taken
                if not self.outcome.owed[event_id]:
                    del self.outcome.owed[events.pop(0)]

    def pay(self, event: Event) -> None:
        """Draw an event down its chain."""
        unpaid, full = 0, 0
        for place, price in enumerate(event.chain):
            next_full = price.cost(event.quantity)
            if place == 0:
                kept, unfunded = self.kept(event, next_full)
                if event.overage is None:
                    unfunded = kept
                self.leave(event, "limit", kept - unfunded, next_full, billed=True)
                self.leave(event, "limit", unfunded, next_full, billed=False)
                unpaid = next_full - kept
            elif unpaid:
                unpaid = (
                    next_full if unpaid == full else rounded(Fraction(next_full * unpaid, full))
                )
            full = next_full
            usable = [
                lot
                for lot in self.lots
                if lot.customer == event.customer
                and lot.wallet == price.wallet
                and lot.is_usable(event.at)
                and lot.remaining > 0
            ]
            for lot in self.in_order(usable):
                taken = min(lot.remaining, unpaid)
                if taken:
                    lot.remaining -= taken
                    unpaid -= taken
                    self.outcome.draws[event.event_id, lot.lot_id] = taken
            if not unpaid:
                break
        last = event.chain[-1].wallet if event.chain else ""
        if unpaid and last in self.carrying:
            self.debts[event.customer, last].append(event.event_id)
            self.outcome.owed[event.event_id] = unpaid
        else:
            self.leave(event, "chain", unpaid, full, billed=True)


def walk(
    lots: list[Lot],
    events: list[Event],
    removals: list[Removal],
    until: datetime,
    extensions: Sequence[Extension] = (),
    resets: Sequence[Reset] = (),
    carrying: frozenset[str] = frozenset(),
    transfers: Sequence[Transfer] = (),
    limits: Sequence[DailyLimit] = (),
) -> Outcome:
    """Draw every event down, one at a time, as booked, at one instant as served, then by event id.

    At one instant lots end or roll over and are extended, then what rolled over is capped, then
    resets, removals and transfers apply, then lots that begin repay what is owed, then events are
    paid. What ends by `until` has ended, that instant included.

    Args:
        lots: Changed in place: remaining, expired, removed and moved are filled, refills and what
            transfers bring are added.
        events: Any order.
        removals: Any order; those of one lot and instant apply by their ids, among its transfers.
        until: End of the books; a lot whose window ended by then has expired.
        extensions: Any order; each of a lot that has not lapsed.
        resets: Any order; at one instant in the order of their ids.
        carrying: Wallets that owe what no lot pays; last in every chain they are in.
        transfers: Any order; of lots that neither roll over nor are extended or reset.
        limits: Any order; the largest excess of each action counts.
    """
    run = Walk(lots, carrying=carrying, limits=limits)
    begins = {lot.usable_from for lot in lots if lot.wallet in carrying or lot.is_late}
    ends = {
        until,
        *(lot.expires_at for lot in lots),
        *(lot.rollover.until for lot in lots if lot.rollover),
        *(extension.until for extension in extensions),
        *(transfer.until for transfer in transfers),
        *(lot.booked_at for lot in lots),
    }
    facts: defaultdict[datetime, list[Extension | Reset | Removal | Transfer | Event]]
    facts = defaultdict(list)
    for fact in (*extensions, *resets, *removals, *transfers, *events):
        facts[fact.at].append(fact)
    for now in sorted({end for end in ends if end is not None} | begins | facts.keys()):
        if now > until:
            break
        rolled = run.end_lots(now) if now in ends else []
        due = facts[now]
        for extension in sorted(
            (x for x in due if isinstance(x, Extension)), key=lambda x: x.extension_id
        ):
            run.extend(extension)
        run.cap(rolled, now)
        for reset in sorted((x for x in due if isinstance(x, Reset)), key=lambda x: x.reset_id):
            run.reset(reset)
        for change in sorted(
            (x for x in due if isinstance(x, Removal | Transfer)),
            key=lambda x: (
                (x.depth, x.lot_id, x.transfer_id)
                if isinstance(x, Transfer)
                else (0, x.lot_id, x.removal_id)
            ),
        ):
            if isinstance(change, Transfer):
                run.transfer(change)
            else:
                run.remove(change)
        if carrying:
            run.repay(now)
        for event in sorted(
            (x for x in due if isinstance(x, Event)),
            key=lambda x: (x.served_at or x.at, x.event_id),
        ):
            run.pay(event)
    return run.outcome
