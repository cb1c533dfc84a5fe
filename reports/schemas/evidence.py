"""Output schemas of the evidence: what was loaded, and which periods were closed."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl

from reports.schemas.base import Instant, Mart, first_of_month, holds, total

SHA256 = r"^[0-9a-f]{64}$"


class LoadAudit(Mart):
    """One row per file loaded: what became of each of its rows."""

    file_no: pl.Int32 = pa.Field(unique=True, ge=1)
    feed: str
    format: str
    path: str
    sha256: str = pa.Field(str_matches=SHA256)
    rows: pl.Int64 = pa.Field(ge=0)
    loaded: pl.Int64 = pa.Field(ge=0)
    duplicates: pl.Int64 = pa.Field(ge=0)
    rejected: pl.Int64 = pa.Field(ge=0)
    excluded: pl.Int64 = pa.Field(ge=0)

    @pa.dataframe_check(error="every row was loaded, a duplicate, rejected or excluded")
    def accounts_for_every_row(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Identity 6: nothing disappears."""
        fates = ("loaded", "duplicates", "rejected", "excluded")
        return holds(data, total(fates) == pl.col("rows"))


class PeriodCloses(Mart):
    """One row per entry of the close register that the books know."""

    close_id: str = pa.Field(unique=True)
    period: pl.Date
    closed_at: Instant
    action: str = pa.Field(isin=("close", "reopen"))
    reason: str = pa.Field(nullable=True)
    closed_by: str = pa.Field(nullable=True)

    @pa.dataframe_check(error="periods are months")
    def periods_are_months(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A period is named by its first day."""
        return holds(data, first_of_month("period"))
