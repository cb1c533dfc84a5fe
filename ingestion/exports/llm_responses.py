"""Logs of responses of language models: the `usage` object that each API returns with an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pandera.polars as pa

from ingestion.exports.export import ISO_INSTANT, KNOWN_USAGE, Export
from ingestion.exports.token_usage import one_row_per_kind

_CHAT = {
    "all_input": "prompt_tokens",
    "input_audio": "prompt_tokens_details.audio_tokens",
    "all_cached": "prompt_tokens_details.cached_tokens",
    "cache_write": "prompt_tokens_details.cache_write_tokens",
    "all_output": "completion_tokens",
    "output_audio": "completion_tokens_details.audio_tokens",
}

READ: Mapping[str, Mapping[str, str]] = {
    "chat": _CHAT,
    # Thinking is not part of the completion.
    "xai_chat": {
        **_CHAT,
        "all_output": "completion_tokens + completion_tokens_details.reasoning_tokens",
    },
    "responses": {
        "all_input": "input_tokens",
        "all_cached": "input_tokens_details.cached_tokens",
        "cache_write": "input_tokens_details.cache_write_tokens",
        "all_output": "output_tokens",
    },
    # Input leaves out what was read from or written to the cache. The total of writes is older than
    # its parts: without parts all of it is for five minutes.
    "messages": {
        "input": "input_tokens",
        "all_cached": "cache_read_input_tokens",
        "cache_write_5m": "cache_creation_input_tokens - cache_creation.ephemeral_1h_input_tokens"
        " | cache_creation.ephemeral_5m_input_tokens",
        "cache_write_1h": "cache_creation.ephemeral_1h_input_tokens",
        "all_output": "output_tokens",
    },
    "converse": {
        "input": "inputTokens",
        "all_cached": "cacheReadInputTokens",
        "cache_write": "cacheWriteInputTokens",
        "all_output": "outputTokens",
    },
    # Tools' input is counted apart, and so is thinking.
    "gemini": {
        "all_input": "promptTokenCount + toolUsePromptTokenCount",
        "input_audio": "promptTokensDetails[AUDIO] - cacheTokensDetails[AUDIO]",
        "all_cached": "cachedContentTokenCount",
        "cached_audio": "cacheTokensDetails[AUDIO]",
        "all_output": "candidatesTokenCount + thoughtsTokenCount",
        "output_audio": "candidatesTokensDetails[AUDIO]",
        "output_image": "candidatesTokensDetails[IMAGE]",
    },
    "embeddings": {"all_input": "prompt_tokens"},
    # What is billed is less than what the model saw.
    "cohere": {
        "input": "billed_units.input_tokens",
        "all_output": "billed_units.output_tokens",
    },
    "cohere_tokens": {
        "all_input": "tokens.input_tokens",
        "all_cached": "cached_tokens",
        "all_output": "tokens.output_tokens",
    },
}
"""API -> kind of token -> where the usage object counts it.

Places are added and taken off; behind `|` stands what counts where the first place is absent;
`list[MODALITY]` is the count of one modality in a list. `all_input`, `all_cached` and `all_output`
are what they say before the finer kinds leave them.
"""
APIS = tuple(READ)

_FINER = {
    "input": (
        "all_input",
        ("input_audio", "all_cached", "cache_write", "cache_write_5m", "cache_write_1h"),
    ),
    "cached_input": ("all_cached", ("cached_audio",)),
    "output": ("all_output", ("output_audio", "output_image")),
}
"""Kind -> the total it is the rest of, and what leaves that total."""
KINDS = (
    *("input", "input_audio", "cached_input", "cached_audio"),
    *("cache_write", "cache_write_5m", "cache_write_1h"),
    *("output", "output_audio", "output_image"),
)

_TERM = re.compile(r"([+-]?) ?([\w.]+)(?:\[(\w+)\])?")
_WHOLE_NUMBER = r"-?[0-9]+(\.0*)?"


def _texts(path: str, modality: str) -> str:
    """SQL of the list of what stands at a place, as text; null where nothing does."""
    if not modality:
        return f"[usage ->> '$.{path}']"
    parts = f'from_json(usage -> \'$.{path}\', \'[{{"modality":"VARCHAR","tokenCount":"JSON"}}]\')'
    return (
        f"list_transform(list_filter({parts}, lambda part: part.modality = '{modality}'), "
        "lambda part: part.tokenCount ->> '$')"
    )


def _terms(places: str) -> Iterator[tuple[str, str, str]]:
    """Sign, path and modality of each place of an expression."""
    for term in _TERM.finditer(places):
        sign, path, modality = term.groups()
        yield sign or "+", path, modality or ""


def _number(path: str, modality: str) -> str:
    """SQL of the tokens counted at a place; what is absent or null counts nothing."""
    numbers = f"list_transform({_texts(path, modality)}, lambda text: try_cast(text as bigint))"
    return f"coalesce(list_sum({numbers}), 0)"


def _sum(places: str) -> str:
    """SQL of an expression of `READ`."""
    *firsts, last = (part.strip() for part in places.split("|"))
    sql = " ".join(f"{sign} {_number(path, name)}" for sign, path, name in _terms(last))
    for first in reversed(firsts):
        total = " ".join(f"{sign} {_number(path, name)}" for sign, path, name in _terms(first))
        _, leading, _ = next(_terms(first))
        sql = f"case when usage ->> '$.{leading}' is not null then {total} else {sql} end"
    return f"({sql})"


def _kind(api: str, kind: str) -> str | None:
    """SQL of one kind of an API; None where it has none."""
    read = READ[api]
    total, parts = _FINER.get(kind, ("", ()))
    if total not in read:
        return _sum(read[kind]) if kind in read else None
    return " - ".join(_sum(read[name]) for name in (total, *parts) if name in read)


def _places(api: str) -> list[tuple[str, str]]:
    """Every place an API counts something at, once."""
    terms = (term for places in READ[api].values() for term in _terms(places))
    return list(dict.fromkeys((path, modality) for _, path, modality in terms))


def _trouble(api: str) -> str:
    """SQL of what is wrong with a usage object as one of an API's; null for one that can be read.

    A count that is no whole number must not become no tokens, nor an object that has none of the
    places: nobody would be billed for it.
    """
    told = ", ".join(
        f"list_transform({_texts(path, modality)}, lambda text: {{'at': '{path}', 'text': text}})"
        for path, modality in _places(api)
    )
    counts = f"flatten([{told}])"
    present = f"list_filter({counts}, lambda count: count.text is not null)"
    broken = (
        f"list_filter({present}, lambda count: "
        f"not regexp_full_match(count.text, '{_WHOLE_NUMBER}'))[1]"
    )
    has_a_place = " or ".join(
        dict.fromkeys(f"json_exists(usage, '$.{path}')" for path, _ in _places(api))
    )
    return (
        f"case when not ({has_a_place}) then 'no counts of {api}' "
        f"else {broken}.at || ' ' || {broken}.text end"
    )


def _by_api(sqls: Mapping[str, str | None]) -> str:
    """SQL of a value by the API of the row; null where an API, or we, know none."""
    cases = " ".join(f"when '{api}' then {sql}" for api, sql in sqls.items() if sql is not None)
    return f"case {_API} {cases} end"


def _counts() -> dict[str, str]:
    """Kind -> SQL as text.

    Input of an object that cannot be read is said in words, so that its row is refused with them
    and not dropped as one without tokens.
    """
    counts = {
        kind: f"cast({_by_api({api: _kind(api, kind) for api in APIS})} as varchar)"
        for kind in KINDS
    }
    trouble = _by_api({api: _trouble(api) for api in APIS})
    return counts | {"input": f"coalesce({trouble}, {counts['input']}, 'no counts we know')"}


def _size() -> str:
    """SQL of how long a request was, where vendors charge more for long ones; null otherwise."""
    sizes = {
        api: _sum(read["all_input"])
        if "all_input" in read
        else " + ".join(f"({sql})" for kind in KINDS[:-3] if (sql := _kind(api, kind)) is not None)
        for api, read in READ.items()
    }
    size = f"({_by_api(dict(sizes))})"
    return f"case when {size} > 272000 then 'over_272k' when {size} > 200000 then 'over_200k' end"


_LOOKS = {
    "promptTokenCount": "gemini",
    "inputTokens": "converse",
    "billed_units": "cohere",
    "completion_tokens": "chat",
    "prompt_tokens": "embeddings",
    "input_tokens_details": "responses",
    "input_tokens": "messages",
}
"""What an object has -> the API it is from; the first that holds."""
_API = (
    "coalesce(api, case "
    + " ".join(f"when json_exists(usage, '$.{path}') then '{api}'" for path, api in _LOOKS.items())
    + " end)"
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
