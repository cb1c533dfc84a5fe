"""A plain, event-by-event drawdown: slow, obvious, and written without looking at the SQL.

It knows the rules (half-open windows, burn order, chains with a price in each wallet, the rest to
overage or unfunded) and walks events one at a time in whole billionths of a credit. Tests compare
the engine with it; nothing else may import it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction

BILLION = 10**9
FOREVER = datetime(9999, 12, 31, tzinfo=UTC)


def rounded(value: Fraction) -> int:
    """To a whole number, half away from zero (values are never negative here)."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


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
    remaining: int = 0
    expired: int = 0
    removed: int = 0

    def burn_key(self) -> tuple[int, datetime, int, datetime, str]:
        """Default burn order: priority, soonest expiry, free kinds first, oldest, id."""
        return (
            self.priority,
            self.expires_at or FOREVER,
            self.kind_rank,
            self.effective_at,
            self.lot_id,
        )


@dataclass(frozen=True)
class Removal:
    """Takes up to `credits` out of a lot at an instant, before demand of that instant."""

    removal_id: str
    lot_id: str
    at: datetime
    credits: int


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
    """One usage event; `chain` is the ordered prices of its rate."""

    event_id: str
    customer: str
    at: datetime
    quantity: Fraction
    chain: tuple[Price, ...]
    overage: Fraction | None = None
    """Money per unit of quantity beyond the chain; None leaves it unfunded."""


@dataclass
class Outcome:
    """What the walk found, all in billionths."""

    draws: dict[tuple[str, str], int] = field(default_factory=dict)
    overage: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Event -> credits in the last wallet of its chain, and money."""
    unfunded: dict[str, int] = field(default_factory=dict)


def walk(lots: list[Lot], events: list[Event], removals: list[Removal], until: datetime) -> Outcome:
    """Draw every event down, one at a time, in the order (time, event id).

    Args:
        lots: Changed in place: remaining, expired and removed are filled.
        events: Any order.
        removals: Any order; at one instant they apply in the order (lot burn key, removal id).
        until: End of the books; a lot whose window ended by then has expired.
    """
    by_id = {lot.lot_id: lot for lot in lots}
    for lot in lots:
        lot.remaining = lot.credits
    pending = sorted(
        removals, key=lambda r: (r.at, by_id[r.lot_id].burn_key(), r.removal_id), reverse=True
    )
    outcome = Outcome()

    def apply_removals(now: datetime) -> None:
        while pending and pending[-1].at <= now:
            removal = pending.pop()
            lot = by_id[removal.lot_id]
            if lot.expires_at is not None and lot.expires_at <= removal.at:
                continue  # it expired first; nothing is left to remove
            taken = min(lot.remaining, removal.credits)
            lot.remaining -= taken
            lot.removed += taken

    for event in sorted(events, key=lambda e: (e.at, e.event_id)):
        apply_removals(event.at)
        unpaid, full = 0, 0
        for place, price in enumerate(event.chain):
            next_full = price.cost(event.quantity)
            if place == 0:
                unpaid = next_full
            elif unpaid:
                unpaid = (
                    next_full if unpaid == full else rounded(Fraction(next_full * unpaid, full))
                )
            full = next_full
            usable = [
                lot
                for lot in lots
                if lot.customer == event.customer
                and lot.wallet == price.wallet
                and lot.effective_at <= event.at
                and (lot.expires_at is None or event.at < lot.expires_at)
                and lot.remaining > 0
            ]
            for lot in sorted(usable, key=Lot.burn_key):
                taken = min(lot.remaining, unpaid)
                if taken:
                    lot.remaining -= taken
                    unpaid -= taken
                    outcome.draws[event.event_id, lot.lot_id] = taken
            if not unpaid:
                break
        if unpaid and event.overage is not None:
            share = (
                event.quantity
                if unpaid == full
                else Fraction(rounded(event.quantity * BILLION * unpaid / full), BILLION)
            )
            outcome.overage[event.event_id] = (unpaid, rounded(share * event.overage * BILLION))
        elif unpaid:
            outcome.unfunded[event.event_id] = unpaid

    apply_removals(until)
    for lot in lots:
        if lot.expires_at is not None and lot.expires_at <= until:
            lot.expired, lot.remaining = lot.remaining, 0
    return outcome
