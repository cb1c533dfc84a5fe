"""Lago's usage events."""

from __future__ import annotations

import pandera.polars as pa

from ingestion.exports.export import ISO_INSTANT, Export


class LagoEvent(pa.DataFrameModel):
    """One row per event. Source: GET /api/v1/events, or the same objects one to a line.

    Times are ISO 8601 with a zone. How much an event counts depends on the billable metric, which
    is not in it: `quantity` says so in book.yml (`properties ->> 'tokens'`, or 1 for a count).
    """

    transaction_id: str
    """Idempotency key: what is sent again counts once."""
    code: str
    """The billable metric; the meter, unless book.yml says otherwise."""
    timestamp: str = pa.Field(str_matches=ISO_INSTANT)
    """When it happened."""
    external_subscription_id: str | None = pa.Field(nullable=True)
    """The subscription, where the event names no customer."""
    external_customer_id: str | None = pa.Field(nullable=True)
    """The customer."""
    properties: str | None = pa.Field(nullable=True)
    """JSON object; values may be text."""


LAGO_EVENTS = Export(
    name="lago_events",
    title="Lago's events",
    feed="usage",
    container="json",
    schema=LagoEvent,
    records=("events",),
    columns={
        # Unique per subscription there.
        "event_id": "coalesce(external_subscription_id || '/', '') || transaction_id",
        "meter": "code",
        "customer_id": "coalesce(external_customer_id, external_subscription_id)",
        "occurred_at": "timestamp",
        "properties": "properties",
    },
)
