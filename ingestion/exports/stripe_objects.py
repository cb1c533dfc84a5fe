"""Objects of Stripe's API, as lists or one to a line: charges, credit grants and meter events.

Money is a whole number of minor units (cents, yen) and a currency in small letters; times are
epoch seconds. The reports of the same company are in major units and text times
(stripe_balance_report).
"""

from __future__ import annotations

import pandera.polars as pa

from ingestion.exports.export import (
    EPOCH_SECONDS,
    LOWERCASE_CURRENCY,
    WHOLE,
    Export,
    from_epoch,
    major_units,
)

LIST = ("data",)


def _id_of(column: str) -> str:
    """SQL of the id of what a column names: the id itself, or the object where it was expanded."""
    return f"case when {column} like '{{%' then {column} ->> '$.id' else {column} end"


class StripeCharge(pa.DataFrameModel):
    """One row per charge that succeeded. Source: GET /v1/charges."""

    id: str
    """Stripe's id."""
    amount: str = pa.Field(str_matches=WHOLE)
    """What the customer paid, tax included, in minor units."""
    currency: str = pa.Field(str_matches=LOWERCASE_CURRENCY)
    """Of the amount."""
    created: str = pa.Field(str_matches=EPOCH_SECONDS)
    """When it was made."""
    status: str = pa.Field(isin=["succeeded"])
    """Charges that failed or are pending move no money: leave them out with `where`."""
    customer: str | None = pa.Field(nullable=True)
    """The customer, by id or expanded."""
    invoice: str | None = pa.Field(nullable=True)
    """The invoice it pays, by id or expanded."""
    balance_transaction: str | None = pa.Field(nullable=True)
    """Its movement of the balance: where it is expanded, the fee is read from it."""
    metadata: str | None = pa.Field(nullable=True)
    """JSON object; `offer` in it is the offer that was bought."""


STRIPE_CHARGES = Export(
    name="stripe_charges",
    title="a list of Stripe's charges",
    feed="payments",
    container="json",
    schema=StripeCharge,
    records=LIST,
    columns={
        "payment_id": "id",
        "occurred_at": from_epoch("created"),
        "customer_id": _id_of("customer"),
        "kind": "'payment'",
        "amount": major_units("amount", "upper(currency)"),
        "currency": "upper(currency)",
        "fee": "case when balance_transaction like '{%' then "
        + major_units(
            "(balance_transaction ->> '$.fee')", "upper(balance_transaction ->> '$.currency')"
        )
        + " end",
        "invoice_id": _id_of("invoice"),
        "offer": "metadata ->> '$.offer'",
    },
)


class StripeCreditGrant(pa.DataFrameModel):
    """One row per billing credit grant. Source: GET /v1/billing/credit_grants.

    What it holds is money, for a wallet in its currency, which the source names as a constant. What
    a paid one was sold for is not in it: `payment_id` or `consideration` say so in book.yml.
    """

    id: str
    """Stripe's id."""
    amount: str = pa.Field(str_matches=r'^\{.*"monetary".*\}$')
    """JSON object: type and monetary value in minor units, with its currency."""
    category: str = pa.Field(isin=("paid", "promotional"))
    """Whether it was bought."""
    created: str = pa.Field(str_matches=EPOCH_SECONDS)
    """When it was made."""
    customer: str
    """The customer, by id or expanded."""
    effective_at: str | None = pa.Field(nullable=True, str_matches=EPOCH_SECONDS)
    """Usable from; null for from its creation."""
    expires_at: str | None = pa.Field(nullable=True, str_matches=EPOCH_SECONDS)
    """Usable until; null for ever."""
    priority: str | None = pa.Field(nullable=True, str_matches=WHOLE)
    """Lower burns first."""
    name: str | None = pa.Field(nullable=True)
    """In words."""


_VALUE = "(amount ->> '$.monetary.value')"
_CURRENCY = "upper(amount ->> '$.monetary.currency')"

STRIPE_CREDIT_GRANTS = Export(
    name="stripe_credit_grants",
    title="a list of Stripe's credit grants",
    feed="grants",
    container="json",
    schema=StripeCreditGrant,
    records=LIST,
    columns={
        "grant_id": "id",
        "customer_id": _id_of("customer"),
        "credits": major_units(_VALUE, _CURRENCY),
        "kind": "case category when 'paid' then 'paid' else 'promo' end",
        "effective_at": from_epoch("coalesce(effective_at, created)"),
        "expires_at": from_epoch("expires_at"),
        "priority": "priority",
        "currency": _CURRENCY,
        "reason": "name",
    },
)


class StripeMeterEvent(pa.DataFrameModel):
    """One row per meter event. Source: what was sent to POST /v1/billing/meter_events."""

    identifier: str
    """Its id: what is sent again counts once."""
    event_name: str
    """The meter."""
    timestamp: str = pa.Field(str_matches=EPOCH_SECONDS)
    """When it happened."""
    payload: str = pa.Field(str_matches=r'^\{.*"stripe_customer_id".*\}$')
    """JSON object: customer, value, and whatever else was noted, which become properties."""


STRIPE_METER_EVENTS = Export(
    name="stripe_meter_events",
    title="Stripe's meter events",
    feed="usage",
    container="json",
    schema=StripeMeterEvent,
    records=LIST,
    columns={
        "event_id": "identifier",
        "meter": "event_name",
        "customer_id": "payload ->> '$.stripe_customer_id'",
        "occurred_at": from_epoch("timestamp"),
        "quantity": "payload ->> '$.value'",
        # Merging a null removes the key.
        "properties": 'json_merge_patch(payload, \'{"stripe_customer_id": null, "value": null}\')',
    },
)
