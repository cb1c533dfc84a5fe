"""Real usage payloads of model providers, priced by load and build, against independent figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.payloads.__main__ import SHARED, report
from tests.payloads.compare import NO_FIGURE, judge
from tests.payloads.prices import HISTORY, price_of, read_prices
from tests.payloads.review import Reviewed, read_reviewed
from tests.payloads.run import Answer, Payload

needs_shared = pytest.mark.skipif(not SHARED.exists(), reason=f"{SHARED} is not there")
PAYLOAD = Payload("0", "openai", "chat", "m", {}, {"input_tokens": 5}, ())


@needs_shared
@pytest.mark.slow
def test_every_payload_holds_what_others_find_in_it_and_costs_the_same() -> None:
    reviewed = read_reviewed()
    found = report(SHARED, reviewed)
    assert not found.unexplained, "\n".join(found.unexplained)
    assert found.used == {entry.place for entry in reviewed}, "an entry that nothing needs"
    # As docs/exports.md says.
    assert (found.all_counts.compared, found.all_counts.equal) == (13_449, 13_330)
    assert (found.all_prices.compared, found.all_prices.equal) == (2_510, 2_285)
    assert found.independent == 2_279
    assert (len(found.entries), sum(found.entries.values())) == (917, 793)


@needs_shared
@pytest.mark.slow
def test_a_file_of_the_same_shape_with_a_wrong_figure_is_told(tmp_path: Path) -> None:
    entries = json.loads(SHARED.read_text(encoding="utf-8"))[:2]
    first = entries[0]["extracted"][0]
    reader = next(r for r in first["extractors"] if r["provider_id"] == "anthropic")
    reader["input_price"] = "0.000043"
    first["usage"]["output_tokens"] += 1
    path = tmp_path / "payloads.json"
    path.write_text(json.dumps(entries), encoding="utf-8")
    found = report(path, read_reviewed())
    assert "0/anthropic/default  counts: output_tokens 66, here 65" in found.unexplained
    [price] = [line for line in found.unexplained if "price:" in line]
    assert price.endswith("costs 0.000043 + 0.000975, here 0.000042 + 0.000975")


def answer(counts: Mapping[str, int], dollars: Mapping[str, str] | None = None) -> Answer:
    """Counts at one dollar a million tokens."""
    costs = {kind: Decimal(count).scaleb(-6) for kind, count in counts.items()}
    told = Answer(dollars={kind: Decimal(cost) for kind, cost in (dollars or {}).items()})
    told.counts.update(counts)
    told.costs.update(costs)
    return told


def test_a_count_that_differs_is_said() -> None:
    verdict = judge(PAYLOAD, answer({"input": 4}))
    assert (verdict.counts, verdict.price) == ("input_tokens 5, here 4", NO_FIGURE)
    verdict = judge(PAYLOAD, answer({"input": 4, "cached_input": 1}))
    assert verdict.counts == "cache_read_tokens 0, here 1"


def test_a_cost_that_differs_in_either_wallet_is_said() -> None:
    priced = replace(PAYLOAD, figures=(Decimal("0.000005"), Decimal(0)))
    assert judge(priced, answer({"input": 5}, {"input": "0.000005"})).price == ""
    assert judge(priced, answer({"input": 4}, {"input": "0.000004"})).price == (
        "m costs 0.000005 + 0, here 0.000004 + 0"
    )
    assert judge(priced, answer({"input": 5}, {"input": "0.000004"})).price == (
        "input is 0.000004 in a wallet of dollars, not 0.000005000"
    )


def test_a_review_of_a_price_holds_only_where_the_price_alone_differs() -> None:
    said = "m costs 0.00001 + 0, here 0.000005 + 0"
    priced = replace(PAYLOAD, figures=(Decimal("0.00001"), Decimal(0)))
    # Five tokens at two dollars a million, cached ones as input.
    theirs = {"input": Decimal(2), "output": Decimal(3)}
    entry = Reviewed("k", "why", "price", "openai/*", "m costs .*", theirs)
    assert entry.covers(priced, answer({"input": 3, "cached_input": 2}), "price", said)
    assert not entry.covers(priced, answer({"input": 4}), "price", said)
    elsewhere = replace(priced, provider="azure")
    assert not entry.covers(elsewhere, answer({"input": 5}), "price", said)


def lists(folder: Path, history: list[str], listed: Any) -> tuple[Path, Path]:
    """Price lists in files."""
    head = "provider,model,unit,usd_per_million,valid_from,valid_to,source,date_kind,note,ref"
    (folder / "history.csv").write_text("\n".join([head, *history]) + "\n", encoding="utf-8")
    (folder / "listed.yml").write_text(json.dumps(listed), encoding="utf-8")
    return folder / "history.csv", folder / "listed.yml"


def test_prices_of_the_project_the_figures_are_from_come_last(tmp_path: Path) -> None:
    history = [
        "openai,m,input_tokens,9,,,pydantic/genai-prices,undated,,",
        "openai,m,input_tokens,1,2024-01-01,2025-01-01,simonw/llm-prices,vendor_date,,",
        "openai,n,input_tokens,9,,,pydantic/genai-prices,undated,,",
    ]
    prices = read_prices(*lists(tmp_path, history, {}))
    found = {name: price_of(prices, "openai", name, "input") for name in "mn"}
    assert found["m"] is not None
    assert found["n"] is not None
    assert (found["m"].dollars, found["m"].is_independent) == (Decimal(1), True)
    assert (found["n"].dollars, found["n"].is_independent) == (Decimal(9), False)


def test_a_list_of_another_time_adds_no_kinds(tmp_path: Path) -> None:
    history = ["openai,m,input_tokens,5,2025-01-01,,simonw/llm-prices,vendor_date,,"]
    newer = {"models": ["m"], "input": "4", "cached_input": "0.4", "output": "20"}
    paths = lists(tmp_path, history, {"newer": {"openai": [newer]}})
    prices = read_prices(*paths)
    assert price_of(prices, "openai", "m", "output") is None
    cached = price_of(prices, "openai", "m-2025-01-01", "cached_input")
    assert cached is not None
    assert cached.dollars == Decimal(5)


@pytest.mark.skipif(not HISTORY.exists(), reason=f"{HISTORY} is not there")
def test_every_source_of_the_history_has_its_place() -> None:
    price = price_of(read_prices(), "openai", "gpt-4o-2024-08-06", "cached_input")
    assert price is not None
    assert price.dollars == Decimal("1.25")
