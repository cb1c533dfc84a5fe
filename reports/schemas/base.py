"""What every output schema shares: the exact types of the books, and how a mart is named."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import add, and_
from typing import Annotated, TypeAlias

import pandera.polars as pa
import polars as pl

Credits: TypeAlias = Annotated[pl.Decimal, 28, 9]
"""Credits and quantities: nine decimals."""
Amount: TypeAlias = Annotated[pl.Decimal, 28, 9]
"""Money that is not yet rounded to a minor unit."""
Money: TypeAlias = Annotated[pl.Decimal, 20, 3]
"""Money as booked: whole minor units, three decimals because some currencies have three."""
Instant: TypeAlias = Annotated[pl.Datetime, "us", None]
"""UTC, without a zone in storage."""

LIABILITIES = ("contract_liability", "refund_liability", "customer_deposit")
LOT_KINDS = ("included", "promo", "goodwill", "bonus", "migration", "paid")
CURRENCY = r"^[A-Z]{3}$"


class Mart(pa.DataFrameModel):
    """One mart as people read it; subclasses say its columns, ranges and identities."""


def holds(data: pa.PolarsData, *rules: pl.Expr) -> pl.LazyFrame:
    """Whether every rule is true, row by row, for a check over several columns.

    Args:
        data: What pandera hands to a dataframe check.
        rules: Boolean expressions; a null counts as broken.
    """
    return data.lazyframe.select(reduce(and_, rules).fill_null(False))


def first_of_month(column: str) -> pl.Expr:
    """Whether a date column holds first days of months only."""
    return pl.col(column).dt.day() == 1


def total(columns: Iterable[str]) -> pl.Expr:
    """The sum of columns, row by row; null when one of them is, unlike polars' own."""
    return reduce(add, map(pl.col, columns))
