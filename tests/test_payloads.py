"""Real usage payloads of model providers, priced by load and build, against independent figures."""

from __future__ import annotations

import pytest

from tests.payloads.__main__ import SHARED, report
from tests.payloads.compare import judge
from tests.payloads.run import Answer, Payload

needs_shared = pytest.mark.skipif(not SHARED.exists(), reason=f"{SHARED} is not there")


@needs_shared
@pytest.mark.slow
def test_every_payload_holds_what_others_find_in_it_and_costs_the_same() -> None:
    lines, unexplained, totals = report(SHARED)
    assert not unexplained, "\n".join(lines)
    assert totals["counts equal"] + totals["counts reviewed"] == totals["payloads"]
    # Of OpenAI and Anthropic, whose price lists are at hand, all but two models' odd kinds.
    assert totals["price equal"] > 100 * sum("no price of" in line for line in lines)


def payload(**told: object) -> Payload:
    given = {"provider": "openai", "flavour": "chat", "model": "m", "usage": {}, "figures": ()}
    return Payload(case="0", **{**given, "counts": {"input_tokens": 5}, **told})  # type: ignore[arg-type]


def test_a_count_or_a_cost_that_differs_is_said() -> None:
    answer = Answer()
    answer.counts["input"] = 4
    assert judge(payload(), answer).counts == "input_tokens 5, here 4"
    answer.counts["cached_input"] = 1
    assert judge(payload(), answer).counts == "cache_read_tokens 0, here 1"
