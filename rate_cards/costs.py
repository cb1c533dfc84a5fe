"""costs/*.yml: what the vendor itself pays for what it meters, dated like rate cards."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from rate_cards.policies import Approval
from rate_cards.values import (
    AT_LEAST_ONE,
    Currency,
    Instant,
    Model,
    Name,
    PositiveQuantity,
    Rate,
    Text,
)


class Cost(Model):
    """What one supplier charges for a meter's usage with certain properties."""

    id: Name
    """Name of the cost line, kept from version to version."""
    meter: Name
    """Meter whose usage it costs."""
    match: dict[Name, Text] = Field(default_factory=dict)
    """Properties usage must have; the line with most properties wins."""
    amount: Rate
    """Money for `per` units."""
    currency: Currency
    """Currency of the supplier's price."""
    per: PositiveQuantity = Decimal(1)
    """Units the amount is for."""


class CostCard(Model):
    """One version of a supplier's prices."""

    version: Name
    """Name of the version, in quotes."""
    effective_from: Instant
    """First instant usage is costed by it, until the same supplier's next version."""
    published_at: Instant
    """When the supplier's prices were known."""
    approved: Approval
    """Who entered them on whose decision."""
    supplier: Text | None = None
    """Whose prices they are."""
    costs: Annotated[tuple[Cost, ...], AT_LEAST_ONE]
    """The price lines."""
