"""Stripe's report "Itemized balance change from activity": every movement of the Stripe balance."""

from __future__ import annotations

import pandera.polars as pa

from ingestion.exports.export import (
    LOWERCASE_CURRENCY,
    MAJOR_UNITS,
    UTC_TEXT,
    Export,
    from_utc,
    plain_number,
    without_sign,
)

KINDS = {
    "charge": "payment",
    "refund": "refund",
    "dispute": "dispute_opened",
    "dispute_reversal": "dispute_won",
    "fee": "fee",
    "payout": "payout",
}
"""Reporting category -> kind of the payments feed. Others move money that is not a sale's."""


class StripeBalanceReport(pa.DataFrameModel):
    """One row per balance transaction. Source: docs.stripe.com/reports/balance, itemized.

    Amounts are in major units of the currency (dollars, and yen), signed as they move the balance;
    fees are positive. `_utc` columns are UTC whatever zone the report was run for.
    """

    balance_transaction_id: str
    """Stripe's id of the movement."""
    created_utc: str = pa.Field(str_matches=UTC_TEXT)
    """When it happened, UTC."""
    currency: str = pa.Field(str_matches=LOWERCASE_CURRENCY)
    """Of every amount in the row, in small letters."""
    gross: str = pa.Field(str_matches=MAJOR_UNITS)
    """What the customer paid or got back."""
    fee: str = pa.Field(str_matches=MAJOR_UNITS)
    """What Stripe kept of it."""
    reporting_category: str = pa.Field(isin=tuple(KINDS))
    """What moved the balance."""
    source_id: str | None = pa.Field(nullable=True)
    """The charge, refund, dispute or payout behind it."""
    customer_id: str | None = pa.Field(nullable=True)
    """The customer, of refunds and disputes too."""
    charge_id: str | None = pa.Field(nullable=True)
    """The charge a refund or dispute is about."""
    invoice_id: str | None = pa.Field(nullable=True)
    """The invoice that was paid."""
    subscription_id: str | None = pa.Field(nullable=True)
    """The subscription it was for."""
    offer: str | None = pa.Field(nullable=True, alias="payment_metadata[offer]")
    """The offer that was bought, where the shop notes it with the payment."""


_KIND = " ".join(f"when '{category}' then '{kind}'" for category, kind in KINDS.items())
_OF_A_CHARGE = "reporting_category in ('refund', 'dispute', 'dispute_reversal')"

STRIPE_BALANCE_REPORT = Export(
    name="stripe_balance_report",
    title="Stripe's itemized balance report",
    feed="payments",
    container="csv",
    schema=StripeBalanceReport,
    columns={
        # A dispute that is won gives back under the id it was opened with.
        "payment_id": "case reporting_category when 'dispute_reversal' then balance_transaction_id "
        "else coalesce(source_id, balance_transaction_id) end",
        "occurred_at": from_utc("created_utc"),
        "customer_id": "customer_id",
        "kind": f"case reporting_category {_KIND} end",
        "amount": without_sign(plain_number("gross")),
        "currency": "upper(currency)",
        "fee": without_sign(plain_number("fee")),
        "relates_to": f"case when {_OF_A_CHARGE} then charge_id end",
        "invoice_id": "invoice_id",
        "offer": '"payment_metadata[offer]"',
    },
)
