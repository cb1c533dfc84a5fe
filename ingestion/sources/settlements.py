"""The settlements feed: what a payment processor says of every movement of its balance with us."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

from ingestion.sources.feed import NOT_A_CURRENCY, Feed
from ingestion.sources.times import EARLIEST, LATEST
from rate_cards.currencies import MINOR_UNITS

KINDS = ("charge", "refund", "dispute", "fee", "payout", "adjustment")


class Settlements(pa.DataFrameModel):
    """One row per movement of the balance a processor holds for us.

    The books compare it with cash in transit, and book nothing.

    Amounts are in major units of `currency`, signed as they move the balance: what a customer pays
    is positive; refunds, disputes and payouts are negative, and positive where they come back.
    """

    settlement_id: str
    """The processor's id of the movement."""
    processor: str
    """Who holds the balance: stripe."""
    occurred_at: Annotated[pl.Datetime, "us", None] = pa.Field(ge=EARLIEST, lt=LATEST)
    """When it moved, UTC."""
    kind: str = pa.Field(isin=KINDS)
    """What moved it."""
    amount: Annotated[pl.Decimal, 28, 9]
    """Before the fee, signed."""
    fee: Annotated[pl.Decimal, 28, 9]
    """What the processor keeps of it; negative where it gives a fee back; empty = none."""
    net: Annotated[pl.Decimal, 28, 9]
    """What the balance moved by: amount less fee; empty = that."""
    currency: str
    """ISO 4217, of every amount in the row: what the processor settles in."""
    payment_id: str = pa.Field(nullable=True)
    """The fact of the payments feed that it settles."""
    available_at: Annotated[pl.Datetime, "us", None] = pa.Field(
        nullable=True, ge=EARLIEST, lt=LATEST
    )
    """From when it can be paid out, UTC."""
    payout_id: str = pa.Field(nullable=True)
    """The payout it went out with, by its id in the payments feed, once that is known."""
    received_at: Annotated[pl.Datetime, "us", None] = pa.Field(
        nullable=True, ge=EARLIEST, lt=LATEST
    )
    """When we learned of it, UTC; empty = no later than it occurred."""

    @pa.check("currency", error=NOT_A_CURRENCY)
    def currency_exists(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Minor units, and so rounding, follow from the currency."""
        return data.lazyframe.select(pl.col(data.key).is_in(list(MINOR_UNITS)))

    @pa.dataframe_check(error="net is not amount less fee")
    def net_is_amount_less_fee(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """The three are one statement; where they disagree, one column is in another unit."""
        return data.lazyframe.select(
            (pl.col("amount") - pl.col("fee") == pl.col("net")).fill_null(True)
        )


SETTLEMENTS = Feed(
    name="settlements",
    schema=Settlements,
    key=("settlement_id",),
    control_total="net",
    defaults={"fee": "0", "net": "amount - coalesce(fee, 0)"},
    filled_later=("payout_id",),
)
