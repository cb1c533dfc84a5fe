"""What OpenAI and Anthropic say an organisation's usage cost, by the day.

They bill the organisation, so what they state is what was drawn from its wallet there. Each unit is
the vendor's own: OpenAI's is dollars, Anthropic's cents.
"""

from __future__ import annotations

import pandera.polars as pa

from ingestion.exports.export import (
    DECIMAL,
    DOLLARS,
    EPOCH_SECONDS,
    ISO_INSTANT,
    Export,
    from_epoch,
)


class OpenaiCosts(pa.DataFrameModel):
    """One row per day and group. Source: GET /v1/organization/costs, a page or several.

    Times are epoch seconds. The amount is in dollars, a JSON number, whose digits are taken as they
    are written. Dimensions the report was not grouped by are null.
    """

    start_time: str = pa.Field(str_matches=EPOCH_SECONDS)
    """First instant of the day."""
    end_time: str = pa.Field(str_matches=EPOCH_SECONDS)
    """First instant after it."""
    amount: str = pa.Field(str_matches=DOLLARS)
    """JSON object: value and currency."""
    project_id: str | None = pa.Field(nullable=True)
    """Project; the customer, unless book.yml says otherwise."""
    line_item: str | None = pa.Field(nullable=True)
    """What it is for, in words."""


class AnthropicCosts(pa.DataFrameModel):
    """One row per day and group. Source: GET /v1/organizations/cost_report, a page or several.

    Times are RFC 3339. The amount is in cents, as decimal text: "123.45" is 1.23 dollars. Costs of
    the priority tier are not in the report.
    """

    starting_at: str = pa.Field(str_matches=ISO_INSTANT)
    """First instant of the day."""
    ending_at: str = pa.Field(str_matches=ISO_INSTANT)
    """First instant after it."""
    amount: str = pa.Field(str_matches=DECIMAL)
    """In cents."""
    currency: str = pa.Field(isin=["USD"])
    """Of which they are."""
    workspace_id: str | None = pa.Field(nullable=True)
    """Workspace; the customer, unless book.yml says otherwise."""
    description: str | None = pa.Field(nullable=True)
    """What it is for, in words."""


def _dollars(amount: str, unit: str = "1") -> str:
    """SQL of an amount as dollars, to the ninth decimal, half up: finer is no money."""
    exact = f"cast({amount} as decimal(34, 15)) * cast({unit} as decimal(3, 2))"
    return f"cast(round({exact}, 9) as decimal(28, 9))"


OPENAI_COSTS = Export(
    name="openai_costs",
    title="OpenAI's costs of an organisation",
    feed="statements",
    container="json",
    schema=OpenaiCosts,
    records=("data", "results"),
    adds_up=True,
    restates=True,
    columns={
        "source": "'openai'",
        "customer_id": "project_id",
        "measure": "'drawn'",
        "from_at": from_epoch("start_time"),
        "until_at": from_epoch("end_time"),
        "amount": _dollars("(amount ->> '$.value')"),
    },
)

ANTHROPIC_COSTS = Export(
    name="anthropic_costs",
    title="Anthropic's cost report",
    feed="statements",
    container="json",
    schema=AnthropicCosts,
    records=("data", "results"),
    adds_up=True,
    restates=True,
    columns={
        "source": "'anthropic'",
        "customer_id": "coalesce(workspace_id, 'default')",
        "measure": "'drawn'",
        "from_at": "starting_at",
        "until_at": "ending_at",
        "amount": _dollars("amount", "0.01"),
    },
)
