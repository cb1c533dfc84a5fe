"""What the marts say, read once per build and asked by customer, lot and instant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from reports.export.focus import read_charges
from tests.golden.compare import ZERO
from tests.golden.money import Cohort, Money, Moved, Posting

UNPAID_ENTRIES = ("overage", "unfunded", "overdraft", "repayment")

Side = Literal["before", "opening", "through"]
"""An instant's movements left out; all but its draws counted; or all of them counted."""


@dataclass(frozen=True)
class Entry:
    """One movement of the credit ledger."""

    entry_type: str
    lot_id: str | None
    customer_id: str
    wallet: str
    credits: Decimal
    amount: Decimal
    moment: datetime
    event_id: str | None
    reason: str | None

    @property
    def is_draw(self) -> bool:
        """Whether usage took the credits."""
        return self.entry_type == "draw"

    def counts(self, at: datetime, side: Side) -> bool:
        """Whether the movement is in the balance of an instant."""
        if self.moment == at:
            return side == "through" or (side == "opening" and not self.is_draw)
        return self.moment < at


@dataclass(frozen=True)
class Lot:
    """One lot."""

    lot_id: str
    customer_id: str
    wallet: str
    kind: str
    credits: Decimal
    consideration: Decimal
    effective_at: datetime
    expires_at: datetime | None
    burn_rank: int
    payment_id: str | None
    parent_lot_id: str | None
    unit_value: Decimal


@dataclass(frozen=True)
class Event:
    """One usage event, priced."""

    event_id: str
    customer_id: str
    quantity: Decimal
    occurred_at: datetime
    cost: Decimal
    card_version: str | None


class Snapshot:
    """The books as one build left them."""

    def __init__(self, database: Path) -> None:
        """Read the marts of a built database."""
        import duckdb

        with duckdb.connect(str(database), read_only=True) as connection:

            def rows(sql: str) -> list[tuple[Any, ...]]:
                return connection.execute(sql).fetchall()

            entries = [
                Entry(*row[:6], moment=_utc(row[6]), event_id=row[7], reason=row[8])
                for row in rows(
                    """
                    select
                        entry_type, lot_id, customer_id, wallet, credits, amount,
                        case when entry_type = 'expire' then occurred_at else booked_at end,
                        event_id, reason
                    from marts.credit_ledger order by all
                    """
                )
            ]
            lots = [
                Lot(*row[:6], _utc(row[6]), row[7] and _utc(row[7]), *row[8:])
                for row in rows(
                    """
                    select
                        lot_id, customer_id, wallet, kind, credits, consideration, effective_at,
                        expires_at, burn_rank, payment_id, parent_lot_id, unit_value
                    from marts.credit_lots order by lot_id
                    """
                )
            ]
            events = [
                Event(row[0], row[1], row[2], _utc(row[3]), row[4] or ZERO, row[5])
                for row in rows(
                    """
                    select event_id, customer_id, quantity, occurred_at, cost, card_version
                    from marts.rated_usage order by event_id
                    """
                )
            ]
            self.recognised: dict[str, Decimal] = dict(
                rows(
                    """
                    select lots.lot_id, sum(schedule.usage_revenue)
                    from marts.deferred_revenue_schedule as schedule
                    inner join marts.credit_lots as lots using (lot_id)
                    group by lots.lot_id
                    """
                )
            )
            self.billed: dict[str, Decimal] = dict(
                rows(
                    """
                    select customer_id, sum(overage_revenue) from marts.revenue_by_meter
                    group by customer_id
                    """
                )
            )
            self._money: defaultdict[str, Money] = defaultdict(Money)
            for currency, *row in rows(
                """
                select
                    currency, booked_period, account_role, account_number, account_type, wallet,
                    debit - credit, functional_debit - functional_credit
                from marts.journal_lines
                """
            ):
                self._money[currency].postings.append(Posting(*row))
            for currency, number, period, closing in rows(
                "select currency, account_number, booked_period, closing from marts.trial_balance"
            ):
                self._money[currency].closings[number, period] = closing
            for currency, *row in rows(
                """
                select
                    currency, booked_period, wallet, opening, additions, usage_revenue,
                    prior_period_revenue, breakage_revenue, refunded, closing
                from marts.liability_rollforward
                """
            ):
                self._money[currency].rollforward.append(Moved(*row))
            for currency, *row in rows(
                """
                select currency, cohort, recognized_period, sold, amount, remaining
                from marts.deferred_revenue_waterfall
                """
            ):
                self._money[currency].waterfall.append(Cohort(*row))
            self.liability: dict[str, Decimal] = dict(
                rows(
                    """
                    select lot_id, max_by(closing, booked_period)
                    from marts.deferred_revenue_schedule group by lot_id
                    """
                )
            )
            read_charges(connection)
            self.list_costs: dict[str, Decimal] = dict(
                rows(
                    """
                    select SkuId, sum(ListCost) from focus_charges
                    where ChargeCategory = 'Usage' group by SkuId
                    """
                )
            )
        self._entries: defaultdict[str, list[Entry]] = defaultdict(list)
        for entry in sorted(entries, key=lambda entry: entry.moment):
            self._entries[entry.customer_id].append(entry)
        self._events: defaultdict[str, list[Event]] = defaultdict(list)
        for event in sorted(events, key=lambda event: (event.occurred_at, event.event_id)):
            self._events[event.customer_id].append(event)
        self.lots = {lot.lot_id: lot for lot in lots}

    def money(self, currency: str) -> Money:
        """What the books say in one currency."""
        return self._money[currency]

    def of(self, *customers: str) -> Account:
        """The part of some customers."""
        return Account(
            [entry for customer in customers for entry in self._entries[customer]],
            [event for customer in customers for event in self._events[customer]],
            [lot for lot in self.lots.values() if lot.customer_id in customers],
        )


@dataclass(frozen=True)
class Account:
    """Movements, events and lots of a case's customers."""

    entries: list[Entry]
    events: list[Event]
    lots: list[Lot]

    def lots_of(self, base: str) -> list[Lot]:
        """The lot of a name, and those a subscription, a payment or a reset made of it."""
        found = [
            lot for lot in self.lots if lot.lot_id == base or lot.lot_id.startswith(f"{base}:")
        ]
        names = {lot.lot_id for lot in found}
        children = [
            lot for lot in self.lots if lot.parent_lot_id in names and lot.lot_id not in names
        ]
        return found + children

    def balance(self, lots: Iterable[Lot], at: datetime, side: Side) -> Decimal:
        """Credits that lots hold at an instant."""
        names = {lot.lot_id for lot in lots}
        return sum(
            (e.credits for e in self.entries if e.lot_id in names and e.counts(at, side)), ZERO
        )

    def draws(
        self,
        *,
        lots: Collection[str] | None = None,
        events: Collection[str] | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
    ) -> list[Entry]:
        """Draws, by lots and events, booked in [since, before)."""
        return [
            entry
            for entry in self.entries
            if entry.is_draw
            and (lots is None or entry.lot_id in lots)
            and (events is None or entry.event_id in events)
            and (since is None or entry.moment >= since)
            and (before is None or entry.moment < before)
        ]

    def drawn(self, **chosen: Any) -> Decimal:
        """Credits of those draws, positive."""
        return -sum((entry.credits for entry in self.draws(**chosen)), ZERO)

    def events_in(
        self, since: datetime | None = None, before: datetime | None = None
    ) -> list[Event]:
        """Events that occurred in [since, before)."""
        return [
            event
            for event in self.events
            if (since is None or event.occurred_at >= since)
            and (before is None or event.occurred_at < before)
        ]

    def unpaid(
        self, *types: str, wallet: str | None = None, events: Collection[str] | None = None
    ) -> Decimal:
        """Credits no lot has paid, positive: sold as overage, unfunded, or owed by a wallet."""
        return -sum(
            (
                entry.credits
                for entry in self.entries
                if entry.entry_type in (types or UNPAID_ENTRIES)
                and (wallet is None or entry.wallet == wallet)
                and (events is None or entry.event_id in events)
            ),
            ZERO,
        )

    def same_as(self, other: Account) -> bool:
        """Whether two builds say the same of these customers."""
        return (self.entries, self.events, self.lots) == (other.entries, other.events, other.lots)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
