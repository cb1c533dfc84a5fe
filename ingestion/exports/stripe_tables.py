"""Stripe's objects as a loader writes them to a warehouse: a table of each kind, exported as CSV.

Money is in minor units, as in the API, but times are text in UTC, and what an object names is a
column that ends in `_id`.
"""

from __future__ import annotations

import pandera.polars as pa

from ingestion.exports.export import (
    LOWERCASE_CURRENCY,
    UTC_TEXT,
    WHOLE,
    Export,
    from_utc,
)
from ingestion.exports.stripe_units import stripe_amount

_AMOUNT = {
    "amount": stripe_amount("amount", "upper(currency)"),
    "currency": "upper(currency)",
}


class StripeTable(pa.DataFrameModel):
    """What every such table has."""

    id: str
    """Stripe's id."""
    amount: str = pa.Field(str_matches=WHOLE)
    """In minor units."""
    currency: str = pa.Field(str_matches=LOWERCASE_CURRENCY)
    """Of the amount."""


class StripeChargeTable(StripeTable):
    """One row per charge that succeeded."""

    created: str = pa.Field(str_matches=UTC_TEXT)
    """When it was made, UTC."""
    status: str = pa.Field(isin=["succeeded"])
    """Charges that failed or are pending move no money: leave them out with `where`."""
    customer_id: str | None = pa.Field(nullable=True)
    """The customer."""
    invoice_id: str | None = pa.Field(nullable=True)
    """The invoice it pays."""
    metadata: str | None = pa.Field(nullable=True)
    """JSON object; `offer` in it is the offer that was bought."""


STRIPE_CHARGE_TABLE = Export(
    name="stripe_charge_table",
    title="a table of Stripe's charges",
    feed="payments",
    container="csv",
    schema=StripeChargeTable,
    columns={
        "payment_id": "id",
        "occurred_at": from_utc("created"),
        "customer_id": "customer_id",
        "kind": "'payment'",
        **_AMOUNT,
        "invoice_id": "invoice_id",
        "offer": "metadata ->> '$.offer'",
    },
)


class StripeRefundTable(StripeTable):
    """One row per refund that succeeded. Its customer is its charge's."""

    created: str = pa.Field(str_matches=UTC_TEXT)
    """When it was made, UTC."""
    status: str = pa.Field(isin=["succeeded"])
    """Refunds that failed or are pending move no money: leave them out with `where`."""
    charge_id: str
    """The charge."""


STRIPE_REFUND_TABLE = Export(
    name="stripe_refund_table",
    title="a table of Stripe's refunds",
    feed="payments",
    container="csv",
    schema=StripeRefundTable,
    columns={
        "payment_id": "id",
        "occurred_at": from_utc("created"),
        "customer_id": "cast(null as varchar)",
        "kind": "'refund'",
        **_AMOUNT,
        "relates_to": "charge_id",
    },
)


class StripeDisputeTable(StripeTable):
    """One row per dispute. When it was won or lost is not in it: that it was opened is told."""

    created: str = pa.Field(str_matches=UTC_TEXT)
    """When it was opened, UTC."""
    status: str = pa.Field(isin=("needs_response", "under_review", "won", "lost"))
    """An inquiry (`warning_…`) moves no money: leave those out with `where`."""
    charge_id: str
    """The charge."""


STRIPE_DISPUTE_TABLE = Export(
    name="stripe_dispute_table",
    title="a table of Stripe's disputes",
    feed="payments",
    container="csv",
    schema=StripeDisputeTable,
    columns={
        "payment_id": "id",
        "occurred_at": from_utc("created"),
        "customer_id": "cast(null as varchar)",
        "kind": "'dispute_opened'",
        **_AMOUNT,
        "relates_to": "charge_id",
    },
)


class StripePayoutTable(StripeTable):
    """One row per payout that arrived."""

    arrival_date: str = pa.Field(str_matches=UTC_TEXT)
    """When it reaches the bank, UTC."""
    status: str = pa.Field(isin=["paid"])
    """Payouts that failed or are on their way: leave them out with `where`."""


STRIPE_PAYOUT_TABLE = Export(
    name="stripe_payout_table",
    title="a table of Stripe's payouts",
    feed="payments",
    container="csv",
    schema=StripePayoutTable,
    columns={
        "payment_id": "id",
        "occurred_at": from_utc("arrival_date"),
        "customer_id": "cast(null as varchar)",
        "kind": "'payout'",
        **_AMOUNT,
    },
)
