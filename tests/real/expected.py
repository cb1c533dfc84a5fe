"""What a real book must come to: the walk of tests/oracle.py, and the money that follows.

Money of a lot settled to date is consideration x credits settled / credits, rounded once to the
cent; what a month earns, lapses or gives back is the difference of two such values (decision 4).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction

from tests.oracle import BILLION, Event, Lot, Outcome, Removal, rounded, walk
from tests.real.facts import Facts


@dataclass
class Settled:
    """Cents that one lot's liability loses in one month."""

    usage: int = 0
    breakage: int = 0
    refunded: int = 0


@dataclass
class Moved:
    """Billionths of a credit that one lot loses in one month."""

    drawn: int = 0
    expired: int = 0
    refunded: int = 0


@dataclass
class Expected:
    """A book worked out by hand, so to speak.

    Attributes:
        costs: Event -> cost in the first wallet of its chain, billionths.
        lots: Lot -> as the walk leaves it.
        consideration: Lot -> cents; 0 for lots that were given.
        moved, settled: Lot -> month (its first day) -> what it lost.
        overage: Customer and month -> cents billed in arrears.
        overage_parts: Event -> credits in billionths and unrounded money in billionths.
        unfunded: Event -> billionths nobody pays for.
    """

    events: dict[str, Event]
    costs: dict[str, int]
    lots: dict[str, Lot]
    consideration: dict[str, int]
    draws: dict[tuple[str, str], int]
    overage_parts: dict[str, tuple[int, int]]
    unfunded: dict[str, int]
    moved: dict[str, dict[date, Moved]] = field(default_factory=dict)
    settled: dict[str, dict[date, Settled]] = field(default_factory=dict)
    overage: dict[tuple[str, date], int] = field(default_factory=dict)

    def sold_in(self, lot_id: str) -> date:
        """Month the lot was sold in: its cohort."""
        return month_of(self.lots[lot_id].effective_at)

    def billed(self) -> int:
        """Cents lots were sold for."""
        return sum(self.consideration.values())

    def settled_total(self, cause: str) -> int:
        """Cents settled by one cause, over all lots and months."""
        return sum(getattr(one, cause) for of in self.settled.values() for one in of.values())

    def deferred(self) -> int:
        """Cents still owed as service."""
        released = sum(self.settled_total(cause) for cause in ("usage", "breakage", "refunded"))
        return self.billed() - released


def expected(facts: Facts) -> Expected:
    """Walk the book one customer at a time and settle its lots."""
    removed_at: dict[str, datetime] = {}
    outcome = Outcome()
    for customer_lots, customer_events, customer_removals in _by_customer(facts):
        found = walk(customer_lots, customer_events, customer_removals, facts.until)
        outcome.draws.update(found.draws)
        outcome.overage.update(found.overage)
        outcome.unfunded.update(found.unfunded)
        for removal in customer_removals:
            assert removal.lot_id not in removed_at, "one refund a lot, so that its month is known"
            removed_at[removal.lot_id] = removal.at
    result = Expected(
        events={event.event_id: event for event in facts.events},
        costs={event.event_id: event.chain[0].cost(event.quantity) for event in facts.events},
        lots={lot.lot_id: lot for lot in facts.lots},
        consideration={lot.lot_id: facts.consideration.get(lot.lot_id, 0) for lot in facts.lots},
        draws=outcome.draws,
        # Nothing is limited in these books: the chain is the one cause.
        overage_parts={event: parts for (event, _), parts in outcome.overage.items()},
        unfunded={event: credits for (event, _), credits in outcome.unfunded.items()},
    )
    result.moved = _moved(result, removed_at)
    for lot_id, months in result.moved.items():
        result.settled[lot_id] = settle(
            result.consideration[lot_id], result.lots[lot_id].credits, months
        )
    result.overage = _overage(result)
    return result


def settle(cents: int, credits: int, months: dict[date, Moved]) -> dict[date, Settled]:
    """A lot's money by month: used first, then lapsed, then refunded."""
    done, value = 0, 0

    def release(moved: int) -> int:
        nonlocal done, value
        done += moved
        before, value = value, (2 * cents * done + credits) // (2 * credits)
        return value - before

    return {
        month: Settled(
            usage=release(months[month].drawn),
            breakage=release(months[month].expired),
            refunded=release(months[month].refunded),
        )
        for month in sorted(months)
    }


def month_of(moment: datetime) -> date:
    """The first day of the month an instant lies in, UTC."""
    return moment.date().replace(day=1)


def _by_customer(facts: Facts) -> list[tuple[list[Lot], list[Event], list[Removal]]]:
    """The inputs of each customer: wallets are never shared in these books."""
    lots: defaultdict[str, list[Lot]] = defaultdict(list)
    events: defaultdict[str, list[Event]] = defaultdict(list)
    removals: defaultdict[str, list[Removal]] = defaultdict(list)
    owner = {}
    for lot in facts.lots:
        lots[lot.customer].append(lot)
        owner[lot.lot_id] = lot.customer
    for event in facts.events:
        events[event.customer].append(event)
    for removal in facts.removals:
        removals[owner[removal.lot_id]].append(removal)
    customers = sorted(lots.keys() | events.keys())
    return [(lots[each], events[each], removals[each]) for each in customers]


def _moved(result: Expected, removed_at: dict[str, datetime]) -> dict[str, dict[date, Moved]]:
    """Each lot's movements by month. Credits expire with their last usable instant (decision 5)."""
    moved: dict[str, dict[date, Moved]] = {lot_id: defaultdict(Moved) for lot_id in result.lots}
    for (event_id, lot_id), credits in result.draws.items():
        moved[lot_id][month_of(result.events[event_id].at)].drawn += credits
    for lot_id, lot in result.lots.items():
        if lot.expired:
            assert lot.expires_at is not None
            last = max(lot.expires_at - timedelta(microseconds=1), lot.effective_at)
            moved[lot_id][month_of(last)].expired += lot.expired
        if lot.removed:
            moved[lot_id][month_of(removed_at[lot_id])].refunded += lot.removed
    return moved


def _overage(result: Expected) -> dict[tuple[str, date], int]:
    """What each customer owes for a month, rounded once to the cent."""
    unrounded: defaultdict[tuple[str, date], int] = defaultdict(int)
    for event_id, (_, amount) in result.overage_parts.items():
        event = result.events[event_id]
        unrounded[event.customer, month_of(event.at)] += amount
    return {key: rounded(Fraction(amount * 100, BILLION)) for key, amount in unrounded.items()}
