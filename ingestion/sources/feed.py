"""What a feed is: the schema its rows must meet, and how rows are told apart and added up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

import pandera.polars as pa
import polars as pl

NOT_A_CURRENCY = "is not a currency of ISO 4217"


class Kind(Enum):
    """What the values of a column are, once read."""

    TEXT = "text"
    DECIMAL = "decimal"
    INTEGER = "integer"
    TIME = "time"
    DATE = "date"
    PERIOD = "period"
    """A calendar month written 2026-01, stored as its first day."""
    PROPERTIES = "properties"
    """A JSON object of scalars, as text."""


@dataclass(frozen=True)
class Column:
    """One column of a feed.

    Attributes:
        name: Name in the raw table.
        written: Name in `book.yml` and in files; differs where SQL reserves the word.
        kind: What its values are.
        sql_type: DuckDB type it is stored as.
        scale: Decimal places a DECIMAL keeps; 0 for every other kind.
        is_required: A file must have it, by name or by mapping.
        default: SQL literal for rows that leave it empty.
    """

    name: str
    written: str
    kind: Kind
    sql_type: str
    scale: int
    is_required: bool
    default: str | None


@dataclass(frozen=True)
class Feed:
    """One kind of fact, as companies hand it over.

    Attributes:
        name: As in `sources[].feed`; also the name of its raw table.
        schema: Column types and rules, units and grain in its docstrings.
        key: Columns that identify a row: a row seen again under the same key is a duplicate if all
            other columns agree too, a conflict if not, unless it fills what the other leaves empty.
        control_total: Column added up per file, to agree with the sender's own total; None where
            no column can be added up.
        written_as: Raw column name -> the name people write, where they differ.
        defaults: Raw column name -> SQL expression over the other raw columns, for empty values.
        kinds: Raw column name -> kind, where the type alone does not say it.
        required: Columns a file must have although some rows may leave them empty.
        filled_later: Columns that a row may leave empty, such as an end nobody knows yet, and a
            later row with the same key fill in: both are kept, and together they are the fact.
        restated: Column that may differ where a source restates a fact (ingestion/restatements.py);
            the feed then has `corrects`. None where facts are final.
        known_at: SQL of when a row was known, where a fact may be restated.
    """

    name: str
    schema: type[pa.DataFrameModel]
    key: tuple[str, ...]
    control_total: str | None = None
    written_as: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    filled_later: tuple[str, ...] = ()
    restated: str | None = None
    known_at: str = ""

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns in the order of the schema."""
        found = []
        for name, column in self.schema.to_schema().columns.items():
            kind, sql_type, scale = _stored_as(column.dtype.type)
            default = self.defaults.get(name)
            found.append(
                Column(
                    name=name,
                    written=self.written_as.get(name, name),
                    kind=self.kinds.get(name, kind),
                    sql_type=sql_type,
                    scale=scale,
                    is_required=name in self.required or (not column.nullable and default is None),
                    default=default,
                )
            )
        return tuple(found)

    def written(self, name: str) -> str:
        """The name people write for a raw column."""
        return self.written_as.get(name, name)


def _stored_as(dtype: object) -> tuple[Kind, str, int]:
    """Kind, DuckDB type and decimal places of a schema's polars type."""
    if isinstance(dtype, pl.Decimal):
        return Kind.DECIMAL, f"DECIMAL({dtype.precision}, {dtype.scale})", dtype.scale
    if isinstance(dtype, pl.Datetime):
        return Kind.TIME, "TIMESTAMP", 0
    if dtype == pl.Date:
        return Kind.DATE, "DATE", 0
    if dtype == pl.Int32:
        return Kind.INTEGER, "INTEGER", 0
    if dtype == pl.String:
        return Kind.TEXT, "VARCHAR", 0
    raise TypeError(f"no raw column type for {dtype}")
