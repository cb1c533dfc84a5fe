"""Objects of Stripe's API, as lists or one to a line: money, credit grants and meter events.

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
    id_of,
    without_sign,
)
from ingestion.exports.stripe_units import stripe_amount

LIST = ("data",)


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
        "customer_id": id_of("customer"),
        "kind": "'payment'",
        "amount": stripe_amount("amount", "upper(currency)"),
        "currency": "upper(currency)",
        "fee": "case when balance_transaction like '{%' then "
        + stripe_amount(
            "(balance_transaction ->> '$.fee')", "upper(balance_transaction ->> '$.currency')"
        )
        + " end",
        "invoice_id": id_of("invoice"),
        "offer": "metadata ->> '$.offer'",
    },
)


class StripeRefund(pa.DataFrameModel):
    """One row per refund that succeeded. Source: GET /v1/refunds. Its customer is its charge's."""

    id: str
    """Stripe's id."""
    amount: str = pa.Field(str_matches=WHOLE)
    """What the customer gets back, in minor units."""
    currency: str = pa.Field(str_matches=LOWERCASE_CURRENCY)
    """Of the amount."""
    created: str = pa.Field(str_matches=EPOCH_SECONDS)
    """When it was made."""
    status: str = pa.Field(isin=["succeeded"])
    """Refunds that failed or are pending move no money: leave them out with `where`."""
    charge: str
    """The charge, by id or expanded."""


STRIPE_REFUNDS = Export(
    name="stripe_refunds",
    title="a list of Stripe's refunds",
    feed="payments",
    container="json",
    schema=StripeRefund,
    records=LIST,
    columns={
        "payment_id": "id",
        "occurred_at": from_epoch("created"),
        "customer_id": "cast(null as varchar)",
        "kind": "'refund'",
        "amount": stripe_amount("amount", "upper(currency)"),
        "currency": "upper(currency)",
        "relates_to": id_of("charge"),
    },
)


class StripeDispute(pa.DataFrameModel):
    """One row per movement of the balance for a dispute. Source: GET /v1/disputes.

    A dispute holds its movements, `balance_transactions`: taken when it was opened, with a fee, and
    given back if it was won. When one was lost nothing moves, so it is not told.
    """

    id: str
    """Stripe's id of the movement."""
    source: str
    """The dispute."""
    amount: str = pa.Field(str_matches=WHOLE)
    """In minor units, negative where it is taken."""
    fee: str = pa.Field(str_matches=WHOLE)
    """What Stripe keeps, in minor units; negative where it gives it back."""
    currency: str = pa.Field(str_matches=LOWERCASE_CURRENCY)
    """Of both."""
    created: str = pa.Field(str_matches=EPOCH_SECONDS)
    """When it moved."""
    charge: str
    """The charge, by id."""


STRIPE_DISPUTES = Export(
    name="stripe_disputes",
    title="a list of Stripe's disputes",
    feed="payments",
    container="json",
    schema=StripeDispute,
    records=(*LIST, "balance_transactions"),
    columns={
        "payment_id": "case when amount like '-%' then source else id end",
        "occurred_at": from_epoch("created"),
        "customer_id": "cast(null as varchar)",
        "kind": "case when amount like '-%' then 'dispute_opened' else 'dispute_won' end",
        "amount": stripe_amount(without_sign("amount"), "upper(currency)"),
        "currency": "upper(currency)",
        "fee": stripe_amount("case when fee like '-%' then '0' else fee end", "upper(currency)"),
        "relates_to": "charge",
    },
)


class StripePayout(pa.DataFrameModel):
    """One row per payout that arrived. Source: GET /v1/payouts."""

    id: str
    """Stripe's id."""
    amount: str = pa.Field(str_matches=WHOLE)
    """What was paid out, in minor units."""
    currency: str = pa.Field(str_matches=LOWERCASE_CURRENCY)
    """Of the amount."""
    arrival_date: str = pa.Field(str_matches=EPOCH_SECONDS)
    """When it reaches the bank."""
    status: str = pa.Field(isin=["paid"])
    """Payouts that failed or are on their way: leave them out with `where`."""


STRIPE_PAYOUTS = Export(
    name="stripe_payouts",
    title="a list of Stripe's payouts",
    feed="payments",
    container="json",
    schema=StripePayout,
    records=LIST,
    columns={
        "payment_id": "id",
        "occurred_at": from_epoch("arrival_date"),
        "customer_id": "cast(null as varchar)",
        "kind": "'payout'",
        "amount": stripe_amount("amount", "upper(currency)"),
        "currency": "upper(currency)",
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
        "customer_id": id_of("customer"),
        "credits": stripe_amount(_VALUE, _CURRENCY),
        "kind": "case category when 'paid' then 'paid' else 'promo' end",
        "effective_at": from_epoch("coalesce(effective_at, created)"),
        "expires_at": from_epoch("expires_at"),
        "priority": "priority",
        "currency": _CURRENCY,
        "reason": "name",
    },
)


class StripeVoidedCreditGrant(pa.DataFrameModel):
    """One row per billing credit grant; those that were voided tell when.

    The same list as stripe_credit_grants: that one grants, this one takes back what is left.
    """

    id: str
    """Stripe's id; the lot."""
    created: str = pa.Field(str_matches=EPOCH_SECONDS)
    """When it was made."""
    effective_at: str | None = pa.Field(nullable=True, str_matches=EPOCH_SECONDS)
    """Usable from; null for from its creation."""
    voided_at: str | None = pa.Field(nullable=True, str_matches=EPOCH_SECONDS)
    """From when it cannot be used any more; what was used of it stays used."""


STRIPE_VOIDED_CREDIT_GRANTS = Export(
    name="stripe_voided_credit_grants",
    title="a list of Stripe's credit grants",
    feed="lot_events",
    container="json",
    schema=StripeVoidedCreditGrant,
    records=LIST,
    columns={
        "lot_event_id": "id || '/void'",
        # A grant that is voided before it can be used is taken back as it arrives.
        "occurred_at": "greatest("
        + ", ".join(from_epoch(time) for time in ("voided_at", "coalesce(effective_at, created)"))
        + ")",
        "lot_id": "id",
        "kind": "'void'",
        "reason": "'voided in Stripe'",
    },
    only="voided_at is not null",
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
