"""OpenAI's organisation usage of completions: tokens per bucket of time."""

from __future__ import annotations

import pandera.polars as pa

from ingestion.exports.export import EPOCH_SECONDS, WHOLE, Export, from_epoch
from ingestion.exports.token_usage import one_row_per_kind


class OpenaiUsage(pa.DataFrameModel):
    """One row per bucket and group. Source: GET /v1/organization/usage/completions.

    Times are epoch seconds; counts are tokens. `input_tokens` includes the cached ones and those
    written to the cache, unlike Anthropic's. Dimensions the export was not grouped by are null.
    """

    start_time: str = pa.Field(str_matches=EPOCH_SECONDS)
    """First instant of the bucket."""
    end_time: str = pa.Field(str_matches=EPOCH_SECONDS)
    """First instant after it."""
    input_tokens: str = pa.Field(str_matches=WHOLE)
    """All input, cached or not."""
    output_tokens: str = pa.Field(str_matches=WHOLE)
    """All output."""
    input_cached_tokens: str | None = pa.Field(nullable=True, str_matches=WHOLE)
    """Input read from the cache."""
    input_cache_write_tokens: str | None = pa.Field(nullable=True, str_matches=WHOLE)
    """Input written to the cache."""
    project_id: str | None = pa.Field(nullable=True)
    """Project; the customer, unless book.yml says otherwise."""
    user_id: str | None = pa.Field(nullable=True)
    """Who used it."""
    api_key_id: str | None = pa.Field(nullable=True)
    """Key it was used with."""
    model: str | None = pa.Field(nullable=True)
    """Model."""
    batch: str | None = pa.Field(nullable=True, isin=("true", "false"))
    """Whether through the batch API, at its price."""
    service_tier: str | None = pa.Field(nullable=True)
    """Tier, which has its own price."""


OPENAI_USAGE = Export(
    name="openai_usage",
    title="OpenAI's usage of completions",
    feed="usage",
    container="json",
    schema=OpenaiUsage,
    records=("data", "results"),
    # The last bucket is not over when it is exported.
    restates=True,
    reshape=one_row_per_kind(
        {
            "input": "cast(cast(input_tokens as bigint) "
            "- coalesce(cast(input_cached_tokens as bigint), 0) "
            "- coalesce(cast(input_cache_write_tokens as bigint), 0) as varchar)",
            "cached_input": "input_cached_tokens",
            "cache_write": "input_cache_write_tokens",
            "output": "output_tokens",
        },
        (
            "start_time",
            "project_id",
            "user_id",
            "api_key_id",
            "model",
            "batch",
            "service_tier",
        ),
    ),
    columns={
        "event_id": "_id",
        "occurred_at": from_epoch("start_time"),
        "customer_id": "project_id",
        "quantity": "_count",
        "user_id": "user_id",
        "properties.model": "model",
        "properties.kind": "_kind",
        "properties.batch": "batch",
        "properties.service_tier": "service_tier",
    },
)
