"""Anthropic's usage report of messages: tokens per bucket of time."""

from __future__ import annotations

import pandera.polars as pa

from ingestion.exports.export import ISO_INSTANT, WHOLE, Export
from ingestion.exports.token_usage import one_row_per_kind


class AnthropicUsage(pa.DataFrameModel):
    """One row per bucket and group. Source: GET /v1/organizations/usage_report/messages.

    Times are RFC 3339; counts are tokens. `uncached_input_tokens` leaves out what was read from or
    written to the cache, unlike OpenAI's `input_tokens`. A null workspace is the default one.
    """

    starting_at: str = pa.Field(str_matches=ISO_INSTANT)
    """First instant of the bucket."""
    ending_at: str = pa.Field(str_matches=ISO_INSTANT)
    """First instant after it."""
    uncached_input_tokens: str = pa.Field(str_matches=WHOLE)
    """Input at the full price."""
    output_tokens: str = pa.Field(str_matches=WHOLE)
    """All output."""
    cache_read_input_tokens: str | None = pa.Field(nullable=True, str_matches=WHOLE)
    """Input read from the cache."""
    cache_creation: str | None = pa.Field(nullable=True)
    """JSON object: input written to the cache for five minutes and for an hour."""
    server_tool_use: str | None = pa.Field(nullable=True)
    """JSON object: requests of the vendor's own tools."""
    workspace_id: str | None = pa.Field(nullable=True)
    """Workspace; the customer, unless book.yml says otherwise."""
    api_key_id: str | None = pa.Field(nullable=True)
    """Key it was used with; null in the Workbench."""
    model: str | None = pa.Field(nullable=True)
    """Model."""
    service_tier: str | None = pa.Field(nullable=True)
    """Tier, which has its own price: standard, batch, priority and others."""
    context_window: str | None = pa.Field(nullable=True)
    """Whether the request was short or long, where long ones cost more."""


ANTHROPIC_USAGE = Export(
    name="anthropic_usage",
    title="Anthropic's usage report of messages",
    feed="usage",
    container="json",
    schema=AnthropicUsage,
    records=("data", "results"),
    # The last bucket is not over when it is exported.
    restates=True,
    reshape=one_row_per_kind(
        {
            "input": "uncached_input_tokens",
            "cached_input": "cache_read_input_tokens",
            "cache_write_5m": "cache_creation ->> 'ephemeral_5m_input_tokens'",
            "cache_write_1h": "cache_creation ->> 'ephemeral_1h_input_tokens'",
            "output": "output_tokens",
        },
        (
            "starting_at",
            "workspace_id",
            "api_key_id",
            "model",
            "service_tier",
            "context_window",
        ),
    ),
    columns={
        "event_id": "_id",
        "occurred_at": "starting_at",
        "customer_id": "coalesce(workspace_id, 'default')",
        "quantity": "_count",
        "properties.model": "model",
        "properties.kind": "_kind",
        "properties.service_tier": "service_tier",
        "properties.context_window": "context_window",
    },
)
