"""CloudEvents 1.0 in JSON, one or many: how OpenMeter and gateways send usage."""

from __future__ import annotations

import pandera.polars as pa

from ingestion.exports.export import Export


class CloudEvents(pa.DataFrameModel):
    """One row per event. Source: CloudEvents 1.0; times RFC 3339, with a zone.

    (source, id) tells an event from every other. What was measured is `value` in `data`, a number
    or its text; everything else in `data` is a property.
    """

    id: str
    """Unique within its source."""
    type: str
    """The meter."""
    source: str | None = pa.Field(nullable=True)
    """Who measured."""
    subject: str | None = pa.Field(nullable=True)
    """The customer."""
    time: str | None = pa.Field(nullable=True)
    """When it happened."""
    data: str | None = pa.Field(nullable=True)
    """JSON object."""


CLOUDEVENTS = Export(
    name="cloudevents",
    title="CloudEvents",
    feed="usage",
    container="json",
    schema=CloudEvents,
    columns={
        "event_id": "coalesce(source || '/', '') || id",
        "meter": "type",
        "customer_id": "subject",
        "occurred_at": "time",
        "quantity": "data ->> 'value'",
        # Merging a null removes the key.
        "properties": "json_merge_patch(data, '{\"value\": null}')",
    },
)
