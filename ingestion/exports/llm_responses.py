"""Logs of responses of language models: the `usage` object that each API returns with an answer."""

from __future__ import annotations

from collections.abc import Mapping

import pandera.polars as pa

from ingestion.exports.export import ISO_INSTANT, KNOWN_USAGE, Export
from ingestion.exports.token_usage import one_row_per_kind

APIS = (
    *("chat", "xai_chat", "responses", "messages", "converse", "gemini", "embeddings"),
    *("cohere", "cohere_tokens"),
)
"""The shapes of usage that are known, and the order in which they are told apart."""


def _count(path: str) -> str:
    """SQL of a number in the usage object; what is absent or null counts nothing."""
    return f"coalesce(try_cast(usage ->> '$.{path}' as bigint), 0)"


def _of_modality(details: str, modality: str) -> str:
    """SQL of the tokens of one modality in one of Gemini's lists."""
    listed = (
        f'from_json(usage -> \'$.{details}\', \'[{{"modality":"VARCHAR","tokenCount":"BIGINT"}}]\')'
    )
    return (
        f"coalesce(list_sum(list_transform(list_filter({listed}, lambda part: "
        f"part.modality = '{modality}'), lambda part: part.tokenCount)), 0)"
    )


_PROMPT, _INPUT = "prompt_tokens_details", "input_tokens_details"
_WRITTEN_1H = _count("cache_creation.ephemeral_1h_input_tokens")
_AUDIO_CACHED = _of_modality("cacheTokensDetails", "AUDIO")

# Input includes what was cached and what was audio.
_CHAT = {
    "all_input": _count("prompt_tokens"),
    "input_audio": _count(f"{_PROMPT}.audio_tokens"),
    "cached_input": _count(f"{_PROMPT}.cached_tokens"),
    "cache_write": _count(f"{_PROMPT}.cache_write_tokens"),
    "output": _count("completion_tokens"),
}

READ: Mapping[str, Mapping[str, str]] = {
    "chat": _CHAT,
    # Thinking is not part of the completion.
    "xai_chat": {
        **_CHAT,
        "output": f"{_CHAT['output']} + {_count('completion_tokens_details.reasoning_tokens')}",
    },
    "responses": {
        "all_input": _count("input_tokens"),
        "cached_input": _count(f"{_INPUT}.cached_tokens"),
        "cache_write": _count(f"{_INPUT}.cache_write_tokens"),
        "output": _count("output_tokens"),
    },
    # Input leaves out what was read from or written to the cache.
    "messages": {
        "input": _count("input_tokens"),
        "cached_input": _count("cache_read_input_tokens"),
        "cache_write_5m": f"{_count('cache_creation_input_tokens')} - {_WRITTEN_1H}",
        "cache_write_1h": _WRITTEN_1H,
        "output": _count("output_tokens"),
    },
    "converse": {
        "input": _count("inputTokens"),
        "cached_input": _count("cacheReadInputTokens"),
        "cache_write": _count("cacheWriteInputTokens"),
        "output": _count("outputTokens"),
    },
    # Tools' input is counted apart, and so is thinking.
    "gemini": {
        "all_input": f"{_count('promptTokenCount')} + {_count('toolUsePromptTokenCount')}",
        "input_audio": f"{_of_modality('promptTokensDetails', 'AUDIO')} - {_AUDIO_CACHED}",
        "cached_input": _count("cachedContentTokenCount"),
        "output": f"{_count('candidatesTokenCount')} + {_count('thoughtsTokenCount')}",
    },
    "embeddings": {"all_input": _count("prompt_tokens")},
    # What is billed is less than what the model saw.
    "cohere": {
        "input": _count("billed_units.input_tokens"),
        "output": _count("billed_units.output_tokens"),
    },
    "cohere_tokens": {
        "all_input": _count("tokens.input_tokens"),
        "cached_input": f"case when {_count('tokens.input_tokens')} > 0 "
        f"then {_count('cached_tokens')} else 0 end",
        "output": _count("tokens.output_tokens"),
    },
}
"""API -> kind of token -> SQL of how many; `all_input` is input before the other kinds leave it."""

_PARTS = ("input_audio", "cached_input", "cache_write", "cache_write_5m", "cache_write_1h")
KINDS = ("input", *_PARTS, "output")


def _kind(api: str, kind: str) -> str | None:
    """SQL of one kind of an API; None where it has none."""
    read = READ[api]
    if kind == "input" and "all_input" in read:
        parts = "".join(f" - ({read[part]})" for part in _PARTS if part in read)
        return f"{read['all_input']}{parts}"
    return read.get(kind)


def _counts() -> dict[str, str]:
    """Kind -> SQL as text, by the API of the row.

    Of an unknown object input stays a word, so that its row is not dropped as one without tokens.
    """
    cases = {
        kind: " ".join(
            f"when '{api}' then {sql}" for api in APIS if (sql := _kind(api, kind)) is not None
        )
        for kind in KINDS
    }
    counts = {kind: f"cast(case {API} {listed} end as varchar)" for kind, listed in cases.items()}
    return counts | {"input": f"coalesce({counts['input']}, 'unknown')"}


def _size() -> str:
    """SQL of how long a request was, where vendors charge more for long ones; null otherwise."""
    cases = " ".join(
        f"when '{api}' then "
        + (read.get("all_input") or " + ".join(read[kind] for kind in KINDS[:-1] if kind in read))
        for api, read in READ.items()
    )
    size = f"(case {API} {cases} end)"
    return f"case when {size} > 272000 then 'over_272k' when {size} > 200000 then 'over_200k' end"


_HAS = "json_exists(usage, '$.{}')".format
API = (
    f"coalesce(api, case when {_HAS('promptTokenCount')} then 'gemini' "
    f"when {_HAS('inputTokens')} then 'converse' when {_HAS('billed_units')} then 'cohere' "
    f"when {_HAS('completion_tokens')} then 'chat' when {_HAS('prompt_tokens')} then 'embeddings' "
    f"when {_HAS('input_tokens_details')} then 'responses' "
    f"when {_HAS('input_tokens')} then 'messages' end)"
)
"""SQL of the API a usage object came from: as the log says, or as the object looks."""


class LlmResponses(pa.DataFrameModel):
    """One row per response. Source: a gateway's or product's own log of what models answered.

    `usage` is the object as the API returned it: of OpenAI's chat completions, responses and
    embeddings and of what imitates them, Anthropic's messages, Bedrock's converse, Gemini's
    generateContent (`usageMetadata`) and Cohere's chat. Counts are tokens, times RFC 3339.
    """

    id: str
    """Id of the response."""
    created_at: str = pa.Field(str_matches=ISO_INSTANT)
    """When it was given."""
    model: str
    """Model that answered."""
    usage: str = pa.Field(str_matches=KNOWN_USAGE)
    """JSON object."""
    api: str | None = pa.Field(nullable=True, isin=APIS)
    """Which API's object it is, where its look does not tell."""
    customer: str | None = pa.Field(nullable=True)
    """Who pays, unless book.yml says otherwise."""
    user: str | None = pa.Field(nullable=True)
    """Who asked."""


LLM_RESPONSES = Export(
    name="llm_responses",
    title="a log of responses of language models",
    feed="usage",
    container="json",
    schema=LlmResponses,
    reshape=one_row_per_kind(_counts(), ("id",)),
    columns={
        "event_id": "_id",
        "occurred_at": "created_at",
        "customer_id": "customer",
        "quantity": "_count",
        "user_id": '"user"',
        "properties.model": "model",
        "properties.kind": "_kind",
        "properties.context": _size(),
    },
)
