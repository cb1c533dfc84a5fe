"""Stripe's dashboard, Payments > Export (unified_payments.csv): one row per attempt to pay."""

from __future__ import annotations

import pandera.polars as pa

from ingestion.exports.export import (
    LOWERCASE_CURRENCY,
    MAJOR_UNITS,
    UTC_TEXT,
    Export,
    Fields,
    from_utc,
    one_row_per_fact,
    plain_number,
)

DISPUTED = ("needs_response", "under_review", "won", "lost")
"""States of a dispute that took money. An inquiry (`warning_…`) and one that was prevented did
not; of one that was refunded (`charge_refunded`) the refund is told."""
NOT_DISPUTED = (
    *("warning_needs_response", "warning_under_review", "warning_closed"),
    *("prevented", "charge_refunded"),
)
NO_MONEY = ("failed", "pending", "canceled", "requires_%")
"""Status of an attempt that moved no money, in small letters, as patterns of `like`."""


class StripeDashboard(pa.DataFrameModel):
    """One row per attempt to pay. Source: the dashboard, Payments > Export; no page describes it.

    Amounts are in major units. `Amount`, `Amount Refunded` and `Disputed Amount` are in the
    currency the customer paid in; the converted ones and `Fee` in the one Stripe settles in. A
    refund is no row but columns of the payment's: one amount, and one date however many refunds it
    sums up. Times are UTC, as the headers say.
    """

    id: str
    """Stripe's id of the charge."""
    created: str = pa.Field(alias="Created date (UTC)", str_matches=UTC_TEXT)
    """When it was made."""
    amount: str = pa.Field(alias="Amount", str_matches=MAJOR_UNITS)
    """What the customer paid, tax included."""
    refunded: str | None = pa.Field(alias="Amount Refunded", nullable=True, str_matches=MAJOR_UNITS)
    """What the customer got back of it so far."""
    currency: str = pa.Field(alias="Currency", str_matches=LOWERCASE_CURRENCY)
    """Of both."""
    status: str = pa.Field(alias="Status", isin=("Paid", "Refunded"))
    """A payment that is partly refunded stays Paid."""
    captured: str | None = pa.Field(alias="Captured", nullable=True)
    """Whether an authorised payment was taken."""
    settled: str | None = pa.Field(alias="Converted Amount", nullable=True, str_matches=MAJOR_UNITS)
    """The amount in the currency Stripe settles in."""
    settled_back: str | None = pa.Field(
        alias="Converted Amount Refunded", nullable=True, str_matches=MAJOR_UNITS
    )
    """The refund in it, at the rate of its own day: it may exceed what was taken."""
    settled_currency: str | None = pa.Field(
        alias="Converted Currency", nullable=True, str_matches=LOWERCASE_CURRENCY
    )
    """Of both, and of the fee."""
    fee: str | None = pa.Field(alias="Fee", nullable=True, str_matches=MAJOR_UNITS)
    """What Stripe kept."""
    refunded_at: str | None = pa.Field(
        alias="Refunded date (UTC)", nullable=True, str_matches=UTC_TEXT
    )
    """When it was refunded."""
    disputed: str | None = pa.Field(alias="Disputed Amount", nullable=True, str_matches=MAJOR_UNITS)
    """What the customer's bank took back."""
    dispute_status: str | None = pa.Field(
        alias="Dispute Status", nullable=True, isin=(*DISPUTED, *NOT_DISPUTED)
    )
    """How the dispute stands."""
    disputed_at: str | None = pa.Field(
        alias="Dispute Date (UTC)", nullable=True, str_matches=UTC_TEXT
    )
    """When it was opened."""
    customer: str | None = pa.Field(alias="Customer ID", nullable=True)
    """The customer."""
    invoice: str | None = pa.Field(alias="Invoice ID", nullable=True)
    """The invoice that was paid."""
    offer: str | None = pa.Field(alias="offer (metadata)", nullable=True)
    """The offer that was bought, where the shop notes it with the payment."""


def _has(amount: str) -> str:
    """SQL: whether an attempt moved money and has such an amount."""
    return f"{_MOVED} and coalesce(regexp_matches(\"{amount}\", '[1-9]'), false)"


def _stands(*statuses: str) -> str:
    """SQL: whether an attempt moved money and its dispute stands so."""
    listed = ", ".join(f"'{status}'" for status in statuses)
    return f'{_MOVED} and coalesce("Dispute Status" in ({listed}), false)'


def _money(at: str, amount: str, settled: str = "null", currency: str = '"Currency"') -> Fields:
    """When a fact happened and its money, as the customer and as Stripe's balance knows it."""
    return {"_at": f'"{at}"', "_amount": f'"{amount}"', "_currency": currency, "_settled": settled}


_MOVED_NOTHING = " or ".join(
    [
        *(f"lower(\"Status\") like '{status}'" for status in NO_MONEY),
        "lower(\"Captured\") = 'false'",
    ]
)
_MOVED = f"not coalesce({_MOVED_NOTHING}, false)"
_MADE = "Created date (UTC)"
# Only when a dispute was opened is known: all its facts have that date.
_OF_A_DISPUTE = _money("Dispute Date (UTC)", "Disputed Amount")

STRIPE_DASHBOARD = Export(
    name="stripe_dashboard",
    title="an export of payments from Stripe's dashboard",
    feed="payments",
    container="csv",
    schema=StripeDashboard,
    renamed={"Created (UTC)": "Created date (UTC)"},
    reshape=one_row_per_fact(
        {
            # Of every attempt, so that those without money are counted as left out.
            "payment": ("true", _money(_MADE, "Amount", '"Converted Amount"')),
            "fee": (
                _has("Fee"),
                _money(_MADE, "Fee", '"Fee"', 'coalesce("Converted Currency", "Currency")'),
            ),
            "refund": (
                _has("Amount Refunded"),
                _money("Refunded date (UTC)", "Amount Refunded", '"Converted Amount Refunded"'),
            ),
            "dispute_opened": (_stands(*DISPUTED), _OF_A_DISPUTE),
            "dispute_won": (_stands("won"), _OF_A_DISPUTE),
            "dispute_lost": (_stands("lost"), _OF_A_DISPUTE),
        }
    ),
    only=_MOVED,
    columns={
        "payment_id": "case _kind when 'payment' then id else id || '/' || _kind end",
        "occurred_at": from_utc("_at"),
        "customer_id": '"Customer ID"',
        "kind": "_kind",
        "amount": plain_number("_amount"),
        "currency": "upper(_currency)",
        "relates_to": "case when _kind <> 'payment' then id end",
        "invoice_id": "case _kind when 'payment' then \"Invoice ID\" end",
        "offer": "case _kind when 'payment' then \"offer (metadata)\" end",
    },
)
