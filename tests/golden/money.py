"""The money of one currency: what the journals posted, what the trial balance and schedules say.

A case about revenue has a currency of its own, so that journals, which sum over customers, show it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from tests.golden.compare import ZERO

RECEIVABLES = ("accounts_receivable", "unbilled_receivable")
REVENUE = ("usage_revenue", "overage_revenue", "supplier_share")
"""What was earned; what is sold as agent, less the supplier's part."""
BREAKAGE = ("breakage_revenue",)
REVENUE_TYPES = ("revenue", "contra_revenue")


@dataclass(frozen=True)
class Posting:
    """One line of a journal."""

    period: date
    role: str
    number: str
    account_type: str
    wallet: str | None
    amount: Decimal
    functional: Decimal


@dataclass(frozen=True)
class Moved:
    """One row of the roll-forward, of one liability and wallet."""

    period: date
    wallet: str
    opening: Decimal
    additions: Decimal
    usage_revenue: Decimal
    prior_period_revenue: Decimal
    breakage_revenue: Decimal
    refunded: Decimal
    closing: Decimal


@dataclass(frozen=True)
class Cohort:
    """One row of the waterfall: what a month's sales earned in a month."""

    cohort: date
    period: date
    sold: Decimal
    amount: Decimal
    remaining: Decimal


@dataclass
class Money:
    """Everything the marts say in one currency."""

    postings: list[Posting] = field(default_factory=list)
    closings: dict[tuple[str, date], Decimal] = field(default_factory=dict)
    rollforward: list[Moved] = field(default_factory=list)
    waterfall: list[Cohort] = field(default_factory=list)

    def moved(
        self,
        roles: Collection[str],
        periods: Iterable[date],
        *,
        wallets: Collection[str] | None = None,
        functional: bool = False,
    ) -> Decimal:
        """Debits less credits of some roles in some months."""
        chosen = set(periods)
        return sum(
            (
                posting.functional if functional else posting.amount
                for posting in self.postings
                if posting.role in roles
                and posting.period in chosen
                and (wallets is None or posting.wallet in wallets)
            ),
            ZERO,
        )

    def earned(self, periods: Iterable[date], *, functional: bool = False) -> Decimal:
        """All revenue of some months, contra revenue taken off."""
        roles = {p.role for p in self.postings if p.account_type in REVENUE_TYPES}
        return -self.moved(roles, periods, functional=functional)

    def closing(self, roles: Collection[str], period: date) -> Decimal:
        """Debits less credits of some roles up to a month, as the trial balance has them."""
        numbers = {posting.number for posting in self.postings if posting.role in roles}
        return sum((self.closings.get((number, period), ZERO) for number in numbers), ZERO)

    def closing_functional(self, roles: Collection[str], period: date) -> Decimal:
        """The same in functional currency, which the trial balance does not show."""
        months = {posting.period for posting in self.postings if posting.period <= period}
        return self.moved(roles, months, functional=True)

    def roles(self, periods: Iterable[date]) -> set[str]:
        """Every role something was posted to in some months."""
        chosen = set(periods)
        return {posting.role for posting in self.postings if posting.period in chosen}
