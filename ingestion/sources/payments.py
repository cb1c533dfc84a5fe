"""The payments feed: invoices, money received and money given back."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

from ingestion.sources.feed import NOT_A_CURRENCY, Feed
from ingestion.sources.times import EARLIEST, LATEST
from rate_cards.currencies import MINOR_UNITS

KINDS = (
    "invoice",
    "payment",
    "balance_applied",
    "refund",
    "dispute_opened",
    "dispute_won",
    "dispute_lost",
    "credit_note",
    "void",
    "write_off",
    "fee",
    "payout",
)
KINDS_WITHOUT_CUSTOMER = ("fee", "payout")
KINDS_ABOUT_A_PAYMENT = ("refund", "dispute_opened", "dispute_won", "dispute_lost")


class Payments(pa.DataFrameModel):
    """One row per billing or cash fact. Source: the payment processor or the billing system.

    Amounts are in major units of `currency` (dollars, not cents) and never negative: the kind says
    which way the money goes.
    """

    payment_id: str
    """The processor's id of this fact."""
    occurred_at: Annotated[pl.Datetime, "us", None] = pa.Field(ge=EARLIEST, lt=LATEST)
    """When it happened, UTC."""
    customer_id: str = pa.Field(nullable=True)
    """Whose money it is; a fee or payout has none, a refund or dispute that of its payment."""
    kind: str = pa.Field(isin=KINDS)
    """What happened."""
    amount: Annotated[pl.Decimal, 28, 9] = pa.Field(ge=0)
    """Gross, tax included."""
    currency: str
    """ISO 4217, of every amount in the row."""
    tax: Annotated[pl.Decimal, 28, 9] = pa.Field(ge=0)
    """Tax within `amount`."""
    fee: Annotated[pl.Decimal, 28, 9] = pa.Field(ge=0)
    """What the processor kept of `amount`."""
    offer: str = pa.Field(nullable=True)
    """Offer of the rate card that was bought."""
    quantity: Annotated[pl.Decimal, 28, 9] = pa.Field(nullable=True, gt=0)
    """How many of the offer; empty = 1."""
    relates_to: str = pa.Field(nullable=True)
    """The payment or invoice a refund, dispute, fee or payment is about."""
    subscription_id: str = pa.Field(nullable=True)
    """Subscription it pays for."""
    period_start: Annotated[pl.Datetime, "us", None] = pa.Field(nullable=True)
    """Start of the billing period it pays for, UTC."""
    period_end: Annotated[pl.Datetime, "us", None] = pa.Field(nullable=True)
    """End of that period, UTC, not included."""
    invoice_id: str = pa.Field(nullable=True)
    """Invoice number as printed."""
    contract_id: str = pa.Field(nullable=True)
    """The contract it bills a part of: an invoice, or a payment without one."""
    received_at: Annotated[pl.Datetime, "us", None] = pa.Field(
        nullable=True, ge=EARLIEST, lt=LATEST
    )
    """When we learned of it, UTC; empty = no later than it occurred."""

    @pa.check("currency", error=NOT_A_CURRENCY)
    def currency_exists(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Minor units, and so rounding, follow from the currency."""
        return data.lazyframe.select(pl.col(data.key).is_in(list(MINOR_UNITS)))

    @pa.dataframe_check(error="customer_id is missing")
    def has_a_customer(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Only what the processor does with its own money, or what names a payment, has none."""
        return data.lazyframe.select(
            pl.col("customer_id").is_not_null()
            | pl.col("kind").is_in(KINDS_WITHOUT_CUSTOMER).fill_null(True)
            | (
                pl.col("kind").is_in(KINDS_ABOUT_A_PAYMENT) & pl.col("relates_to").is_not_null()
            ).fill_null(True)
        )

    @pa.dataframe_check(error="tax is more than amount")
    def tax_is_within_amount(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Tax is a part of the gross amount; a negative one is wrong for its own reason."""
        return data.lazyframe.select(
            ((pl.col("tax") <= pl.col("amount")) | (pl.col("amount") < 0)).fill_null(True)
        )

    @pa.dataframe_check(error="period_end is not after period_start")
    def period_runs_forward(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A billing period has length."""
        return data.lazyframe.select(
            (pl.col("period_end") > pl.col("period_start")).fill_null(True)
        )

    @pa.dataframe_check(error="period_start and period_end are not given together")
    def period_is_whole(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Half a period cannot be spread."""
        return data.lazyframe.select(
            pl.col("period_start").is_null() == pl.col("period_end").is_null()
        )


PAYMENTS = Feed(
    name="payments",
    schema=Payments,
    key=("payment_id",),
    control_total="amount",
    defaults={"tax": "0", "fee": "0"},
    required=("customer_id",),
)
