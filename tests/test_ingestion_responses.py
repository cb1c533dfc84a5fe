"""Logs of what language models answered: usage objects of many APIs, each with its own counting."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rate_cards.problems import InputError
from tests.ingestion_company import Company

LOG = (
    "{feed: usage, format: llm_responses, path: log.jsonl, constants: {meter: llm_tokens}, "
    "columns: {properties.model: model, properties.direction: _kind}}"
)
USAGE = """
    select properties ->> 'direction', quantity
    from raw.usage
    inner join raw.property_sets using (property_set_no)
"""

RESPONSES = [
    (
        {
            "prompt_tokens": 100,
            "completion_tokens": 9,
            "prompt_tokens_details": {"cached_tokens": 40},
        },
        {"input": 60, "cached_input": 40, "output": 9},
    ),
    (
        {"input_tokens": 100, "input_tokens_details": {"cached_tokens": 40}, "output_tokens": 9},
        {"input": 60, "cached_input": 40, "output": 9},
    ),
    (
        {
            "input_tokens": 60,
            "cache_read_input_tokens": 40,
            "cache_creation_input_tokens": 7,
            "cache_creation": {"ephemeral_1h_input_tokens": 2},
            "output_tokens": 9,
        },
        {"input": 60, "cached_input": 40, "cache_write_5m": 5, "cache_write_1h": 2, "output": 9},
    ),
    (
        {"inputTokens": 60, "cacheWriteInputTokens": 7, "outputTokens": 9},
        {"input": 60, "cache_write": 7, "output": 9},
    ),
    (
        {
            "promptTokenCount": 100,
            "toolUsePromptTokenCount": 10,
            "cachedContentTokenCount": 40,
            "promptTokensDetails": [
                {"modality": "TEXT", "tokenCount": 70},
                {"modality": "AUDIO", "tokenCount": 30},
            ],
            "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 12}],
            "candidatesTokenCount": 9,
            "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 7}],
            "thoughtsTokenCount": 4,
        },
        # Input 110: 30 audio, of which 12 cached; 40 cached in all. Output 13: 7 for an image.
        {
            "input": 52,
            "input_audio": 18,
            "cached_input": 28,
            "cached_audio": 12,
            "output": 6,
            "output_image": 7,
        },
    ),
    ({"prompt_tokens": 5, "total_tokens": 5}, {"input": 5}),
    (
        {"billed_units": {"input_tokens": 3, "output_tokens": 2}, "tokens": {"input_tokens": 90}},
        {"input": 3, "output": 2},
    ),
    (
        {
            "prompt_tokens": 100,
            "completion_tokens": 9,
            "prompt_tokens_details": {"audio_tokens": 80},
            "completion_tokens_details": {"audio_tokens": 6},
        },
        {"input": 20, "input_audio": 80, "output": 3, "output_audio": 6},
    ),
    (
        {
            "input_tokens": 60,
            "cache_creation": {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 2},
            "output_tokens": 9,
        },
        {"input": 60, "cache_write_5m": 5, "cache_write_1h": 2, "output": 9},
    ),
]


@pytest.mark.parametrize(
    ("usage", "kinds"),
    RESPONSES,
    ids=[
        *("chat", "responses", "messages", "converse", "gemini", "embeddings", "cohere"),
        *("audio", "writes-without-a-total"),
    ],
)
def test_the_usage_of_a_response_is_read_as_its_api_means_it(
    tmp_path: Path, usage: dict[str, Any], kinds: dict[str, int]
) -> None:
    company = Company(tmp_path, LOG)
    company.file("log.jsonl", json.dumps(response(usage)))
    company.load()
    assert dict(company.rows(USAGE)) == {kind: Decimal(count) for kind, count in kinds.items()}


def response(usage: dict[str, Any]) -> dict[str, Any]:
    at = {"created_at": "2026-03-02T10:00:00Z", "customer": "acme", "user": "u1"}
    return {"id": "r1", "model": "gpt-4o", "usage": usage, **at}


def test_usage_that_no_api_writes_is_refused(tmp_path: Path) -> None:
    company = Company(tmp_path, LOG)
    company.file("log.jsonl", json.dumps(response({"tokens_used": 5})))
    [message] = company.messages()
    assert "usage is not a usage object of an API we know in 1 row" in message


@pytest.mark.parametrize(
    ("usage", "api", "says"),
    [
        ({"prompt_tokens": "12x", "completion_tokens": 3}, None, "prompt_tokens 12x"),
        ({"prompt_tokens": 12.7, "completion_tokens": 3}, None, "prompt_tokens 12.7"),
        ({"prompt_tokens": 5, "completion_tokens": 3}, "messages", "no counts of messages"),
        ({"answer": {"input_tokens": 5}}, None, "no counts we know"),
        (
            {
                "promptTokenCount": 5,
                "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": "?"}],
            },
            None,
            "promptTokensDetails ?",
        ),
    ],
    ids=["no-number", "part-of-a-token", "another-api", "counts-elsewhere", "in-a-list"],
)
def test_counts_that_cannot_be_read_are_refused_and_never_taken_for_none(
    tmp_path: Path, usage: dict[str, Any], api: str | None, says: str
) -> None:
    company = Company(tmp_path, LOG)
    company.file("log.jsonl", json.dumps({**response(usage), "api": api}))
    with pytest.raises(InputError) as refused:
        company.load()
    assert "quantity is not a plain decimal number in 1 of" in str(refused.value)
    assert f"r1/input  {says}" in str(refused.value)


def test_more_cached_than_there_was_input_is_refused(tmp_path: Path) -> None:
    company = Company(tmp_path, LOG)
    usage = {"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 40}}
    company.file("log.jsonl", json.dumps(response({**usage, "completion_tokens": 3})))
    assert company.messages() == ["quantity is negative in 1 of 3 rows"]
