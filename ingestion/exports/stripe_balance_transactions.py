"""Movements of Stripe's balance: objects of the API, a loader's table of them, and the report.

The same movement is 2500 in the API and in a table, and 25.00 in the report. All three say what it
was (a reporting category, or a type), what Stripe kept, and which charge, refund, dispute or payout
it settles. What a payout is made of is in the report and in a loader's table; the API answers it by
asking for the movements of one payout.
"""

from __future__ import annotations

import pandera.polars as pa

from ingestion.exports.export import (
    EPOCH_SECONDS,
    LOWERCASE_CURRENCY,
    MAJOR_UNITS,
    UTC_TEXT,
    WHOLE,
    Export,
    from_epoch,
    from_utc,
    id_of,
    plain_number,
)
from ingestion.exports.stripe_units import stripe_amount

KINDS = {
    "charge": ("charge", "payment"),
    "refund": ("refund", "payment_refund", "refund_failure", "payment_failure_refund"),
    "dispute": ("dispute", "dispute_reversal"),
    "fee": ("fee", "stripe_fee", "network_cost", "stripe_fx_fee", "tax_fee"),
    "payout": ("payout", "payout_reversal", "payout_cancel", "payout_failure"),
}
"""Kind of a settlement -> reporting categories and types that mean it. All others are adjustments:
money that moves the balance and is no sale's."""


def _kind(word: str) -> str:
    """SQL of the kind, from a reporting category or a type."""
    cases = " ".join(
        f"when {word} in ({', '.join(repr(name) for name in names)}) then '{kind}'"
        for kind, names in KINDS.items()
    )
    return f"case {cases} else 'adjustment' end"


class StripeBalanceTransaction(pa.DataFrameModel):
    """One row per movement of the balance. Source: GET /v1/balance_transactions.

    Amounts are signed and in minor units; times are epoch seconds.
    """

    id: str
    """Stripe's id."""
    amount: str = pa.Field(str_matches=WHOLE)
    """Before the fee, in minor units."""
    fee: str = pa.Field(str_matches=WHOLE)
    """What Stripe keeps, in minor units."""
    net: str = pa.Field(str_matches=WHOLE)
    """What the balance moves by, in minor units."""
    currency: str = pa.Field(str_matches=LOWERCASE_CURRENCY)
    """What Stripe settles in."""
    created: str = pa.Field(str_matches=EPOCH_SECONDS)
    """When it moved."""
    available_on: str = pa.Field(str_matches=EPOCH_SECONDS)
    """From when it can be paid out."""
    type: str
    """What moved it; a dispute is an adjustment."""
    reporting_category: str | None = pa.Field(nullable=True)
    """The same as reports call it; a dispute has its own."""
    source: str | None = pa.Field(nullable=True)
    """What it settles, by id or expanded."""


# A dispute takes money under its own id, and gives it back under the movement's, as the payments
# of stripe_disputes and stripe_balance_report do.
_RETURNED = "regexp_matches({source}, '^(dp|du)_') and {amount} not like '-%'"

STRIPE_BALANCE_TRANSACTIONS = Export(
    name="stripe_balance_transactions",
    title="a list of Stripe's balance transactions",
    feed="settlements",
    container="json",
    schema=StripeBalanceTransaction,
    records=("data",),
    columns={
        "settlement_id": "id",
        "processor": "'stripe'",
        "occurred_at": from_epoch("created"),
        "kind": _kind("coalesce(reporting_category, type)"),
        "amount": stripe_amount("amount", "upper(currency)"),
        "fee": stripe_amount("fee", "upper(currency)"),
        "net": stripe_amount("net", "upper(currency)"),
        "currency": "upper(currency)",
        "payment_id": f"case when {_RETURNED.format(source=id_of('source'), amount='amount')} "
        f"then id else coalesce({id_of('source')}, id) end",
        "available_at": from_epoch("available_on"),
        "payout_id": f"case when type like 'payout%' then {id_of('source')} end",
    },
)


class StripeBalanceTransactionTable(pa.DataFrameModel):
    """One row per movement of the balance, as a loader writes it: minor units, text times in UTC.

    A dispute's type is adjustment, and its source says that it is one.
    """

    id: str
    """Stripe's id."""
    amount: str = pa.Field(str_matches=WHOLE)
    """Before the fee, in minor units."""
    fee: str = pa.Field(str_matches=WHOLE)
    """What Stripe keeps, in minor units."""
    net: str = pa.Field(str_matches=WHOLE)
    """What the balance moves by, in minor units."""
    currency: str = pa.Field(str_matches=LOWERCASE_CURRENCY)
    """What Stripe settles in."""
    created: str = pa.Field(str_matches=UTC_TEXT)
    """When it moved, UTC."""
    available_on: str = pa.Field(str_matches=UTC_TEXT)
    """From when it can be paid out, UTC."""
    type: str
    """What moved it."""
    source: str | None = pa.Field(nullable=True)
    """What it settles."""
    payout_id: str | None = pa.Field(nullable=True)
    """The payout it went out with, where the table was joined with it."""


STRIPE_BALANCE_TRANSACTION_TABLE = Export(
    name="stripe_balance_transaction_table",
    title="a table of Stripe's balance transactions",
    feed="settlements",
    container="csv",
    schema=StripeBalanceTransactionTable,
    columns={
        "settlement_id": "id",
        "processor": "'stripe'",
        "occurred_at": from_utc("created"),
        "kind": "case when regexp_matches(source, '^(dp|du)_') then 'dispute' "
        f"else {_kind('type')} end",
        "amount": stripe_amount("amount", "upper(currency)"),
        "fee": stripe_amount("fee", "upper(currency)"),
        "net": stripe_amount("net", "upper(currency)"),
        "currency": "upper(currency)",
        "payment_id": f"case when {_RETURNED.format(source='source', amount='amount')} "
        "then id else coalesce(source, id) end",
        "available_at": from_utc("available_on"),
        "payout_id": "payout_id",
    },
)


class StripeBalanceMovements(pa.DataFrameModel):
    """One row per movement of the balance. Source: docs.stripe.com/reports/balance, itemized.

    The same file as stripe_balance_report, read as what Stripe says and not as our payments.
    Amounts are in major units, signed; `_utc` columns are UTC.
    """

    balance_transaction_id: str
    """Stripe's id."""
    created_utc: str = pa.Field(str_matches=UTC_TEXT)
    """When it moved, UTC."""
    available_on_utc: str | None = pa.Field(nullable=True, str_matches=UTC_TEXT)
    """From when it can be paid out, UTC."""
    currency: str = pa.Field(str_matches=LOWERCASE_CURRENCY)
    """What Stripe settles in."""
    gross: str = pa.Field(str_matches=MAJOR_UNITS)
    """Before the fee."""
    fee: str = pa.Field(str_matches=MAJOR_UNITS)
    """What Stripe keeps of it."""
    net: str = pa.Field(str_matches=MAJOR_UNITS)
    """What the balance moves by."""
    reporting_category: str
    """What moved it."""
    source_id: str | None = pa.Field(nullable=True)
    """What it settles."""
    automatic_payout_id: str | None = pa.Field(nullable=True)
    """The payout it went out with."""


STRIPE_BALANCE_MOVEMENTS = Export(
    name="stripe_balance_movements",
    title="Stripe's itemized balance report",
    feed="settlements",
    container="csv",
    schema=StripeBalanceMovements,
    columns={
        "settlement_id": "balance_transaction_id",
        "processor": "'stripe'",
        "occurred_at": from_utc("created_utc"),
        "kind": _kind("reporting_category"),
        "amount": plain_number("gross"),
        "fee": plain_number("fee"),
        "net": plain_number("net"),
        "currency": "upper(currency)",
        "payment_id": "case reporting_category when 'dispute_reversal' then balance_transaction_id "
        "else coalesce(source_id, balance_transaction_id) end",
        "available_at": from_utc("available_on_utc"),
        "payout_id": "coalesce(automatic_payout_id, "
        "case reporting_category when 'payout' then source_id end)",
    },
)
