"""The fx_rates feed: what one unit of a currency is worth in the functional currency."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

from ingestion.sources.feed import NOT_A_CURRENCY, Feed
from rate_cards.currencies import MINOR_UNITS


class FxRates(pa.DataFrameModel):
    """One row per currency and day. Source: the bank or agency the accounting policy names."""

    rate_date: pl.Date
    """Day the rate is for. Written `date`."""
    currency: str
    """ISO 4217."""
    rate: Annotated[pl.Decimal, 28, 12] = pa.Field(gt=0)
    """Functional currency per one unit of `currency`."""

    @pa.check("currency", error=NOT_A_CURRENCY)
    def currency_exists(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Minor units, and so rounding, follow from the currency."""
        return data.lazyframe.select(pl.col(data.key).is_in(list(MINOR_UNITS)))


FX_RATES = Feed(
    name="fx_rates",
    schema=FxRates,
    key=("rate_date", "currency"),
    control_total="rate",
    written_as={"rate_date": "date"},
)
