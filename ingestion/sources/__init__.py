"""The feeds: one module each, its schema, key and control total side by side."""

from __future__ import annotations

from ingestion.sources.customers import CUSTOMERS
from ingestion.sources.feed import Feed
from ingestion.sources.fx_rates import FX_RATES
from ingestion.sources.grants import GRANTS
from ingestion.sources.limits import LIMITS
from ingestion.sources.lot_events import LOT_EVENTS
from ingestion.sources.members import MEMBERS
from ingestion.sources.payments import PAYMENTS
from ingestion.sources.period_closes import PERIOD_CLOSES
from ingestion.sources.settlements import SETTLEMENTS
from ingestion.sources.statements import STATEMENTS
from ingestion.sources.subscriptions import SUBSCRIPTIONS
from ingestion.sources.usage import USAGE

FEEDS: dict[str, Feed] = {
    feed.name: feed
    for feed in (
        USAGE,
        PAYMENTS,
        GRANTS,
        LOT_EVENTS,
        SUBSCRIPTIONS,
        CUSTOMERS,
        MEMBERS,
        LIMITS,
        FX_RATES,
        PERIOD_CLOSES,
        STATEMENTS,
        SETTLEMENTS,
    )
}
"""Feed name -> feed, in the order of the documentation."""
