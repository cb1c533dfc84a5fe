"""What an export is: the layout another system writes, and how its rows become rows of a feed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandera.polars as pa

from rate_cards.currencies import MINOR_UNITS


@dataclass(frozen=True)
class Rule:
    """What every row of an export meets; a row that does not is refused, not its whole file.

    Attributes:
        column: Feed column that comes out wrong otherwise.
        words: What is wrong, after the name of the column.
        holds: SQL predicate over the file's columns; null counts as held.
        shown: SQL of what the row says, as text.
    """

    column: str
    words: str
    holds: str
    shown: str


@dataclass(frozen=True)
class Export:
    """The layout of one kind of file that another system writes.

    A source names it as its `format`. Its columns stand for those of book.yml, which may replace
    any of them one by one.

    Attributes:
        name: As in `sources[].format`.
        title: What people call such a file.
        feed: The feed its rows belong to.
        container: How the file is written.
        schema: The file's own columns, all of them text as they come; units and clocks in its
            docstrings. An optional column may be absent; a rule that a row breaks means that the
            file is not what it claims to be.
        columns: Feed column -> SQL over the file's columns.
        renamed: Former name of a column -> its name in the schema.
        records: Keys of the lists in which a JSON document keeps its rows, outermost first. A row
            takes along the plain values of what it stands in.
        reshape: SQL over `{file}`, where a row of the file is more than one fact; it keeps `_file`
            and numbers the facts anew as `_row`.
        only: SQL predicate of the rows that are facts; the others are counted as left out, as by
            `where` of a source.
        rules: What a row must meet beyond the types and values of its columns.
        restates: Whether a row may come again with another quantity or amount until it is final; it
            then corrects the one before (ingestion/restatements.py).
        adds_up: Whether rows of a file that differ in their amount alone, once they are mapped, are
            parts of one figure and are added up.
    """

    name: str
    title: str
    feed: str
    container: Literal["csv", "json"]
    schema: type[pa.DataFrameModel]
    columns: Mapping[str, str]
    renamed: Mapping[str, str] = field(default_factory=dict)
    records: tuple[str, ...] = ()
    reshape: str | None = None
    only: str | None = None
    rules: tuple[Rule, ...] = ()
    restates: bool = False
    adds_up: bool = False

    def wanted(self, where: str | None) -> str | None:
        """SQL predicate of the rows a source with such a `where` loads; None for all."""
        parts = [f"({part})" for part in (self.only, where) if part]
        return " and ".join(parts) or None


Fields = Mapping[str, str]
"""Column -> SQL over the file's columns, of one fact in a row."""


EPOCH_SECONDS = r"^[0-9]{9,10}$"
"""Seconds since 1970 between 1973 and 2286: neither milliseconds nor a date."""
ISO_INSTANT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})$"
"""A date and time with a zone."""
UTC_TEXT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}(:[0-9]{2})?)?$"
"""A date and time without a zone, in a column that says it is UTC."""
MAJOR_UNITS = r"^-?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]+)?$"
"""An amount in dollars or yen with a decimal point, thousands set apart by commas or not at all."""
ZONED_TEXT = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r" ?(Z|[+-][0-9]{2}:?[0-9]{2})$"
)
"""A date and time with the offset of its zone, set apart by a blank or not."""
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
"""A date."""
INSTANT_OR_UTC = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?$"
)
"""A date and time with a zone, or without one in a file that is in UTC."""
WHOLE = r"^-?[0-9]+$"
"""A whole number."""
DECIMAL = r"^-?[0-9]+(\.[0-9]+)?$"
"""A plain number."""
DOLLARS = (
    r'^\{("currency":"usd",.*"value":"-?[0-9]+(\.[0-9]+)?"'
    r'|"value":"-?[0-9]+(\.[0-9]+)?",.*"currency":"usd").*\}$'
)
"""JSON object of a number of dollars."""
KNOWN_USAGE = r'^\{.*"(promptTokenCount|inputTokens|billed_units|prompt_tokens|input_tokens)".*\}$'
"""The usage object of a language model's API."""
BALANCE_SOURCE = r"(?i)^(capacity|rollover|free usage|overage|rebate)$"
"""What paid for usage of Snowflake."""
CONTRACT_ITEM = r"(?i)^((additional )?capacity|free usage)$"
"""An item of a contract with Snowflake."""
LOWERCASE_CURRENCY = r"^[a-z]{3}$"
"""A currency as Stripe's API and reports write it."""

PATTERNS = {
    EPOCH_SECONDS: "is not a time in epoch seconds",
    ISO_INSTANT: "is not a time with a zone",
    UTC_TEXT: "is not a date and time without a zone",
    ZONED_TEXT: "is not a date and time with the offset of its zone",
    DAY: "is not a date written like 2026-01-31",
    MAJOR_UNITS: "is not an amount with a decimal point",
    INSTANT_OR_UTC: "is not a date and time",
    WHOLE: "is not a whole number",
    DECIMAL: "is not a plain decimal number",
    DOLLARS: "is not an object with a value in usd",
    KNOWN_USAGE: "is not a usage object of an API we know",
    BALANCE_SOURCE: "is none of capacity, rollover, free usage, overage, rebate",
    CONTRACT_ITEM: "is none of capacity, additional capacity, free usage",
    LOWERCASE_CURRENCY: "is not a currency in small letters",
}
"""Pattern -> how people say that a value does not meet it."""


def leniently(sql: str) -> str:
    """SQL whose casts give null for what they cannot read; the schema says what is wrong."""
    return sql.replace("cast(", "try_cast(")


def one_row_per_fact(facts: Mapping[str, tuple[str, Fields]]) -> str:
    """SQL that turns a row that tells several facts into one per fact.

    Args:
        facts: Kind -> SQL of whether the row tells such a fact, and the fact's own columns, the
            same for every kind; they become text.

    Returns:
        SQL over `{file}` with the file's columns, `_kind` and the columns of the fact. `_row`
        counts the facts, in the order given.
    """
    listed = ", ".join(
        "{"
        + f"'_place': {place}, '_holds': {holds}, '_kind': '{kind}', "
        + ", ".join(f"'{name}': cast({sql} as varchar)" for name, sql in fields.items())
        + "}"
        for place, (kind, (holds, fields)) in enumerate(facts.items())
    )
    names = ["_kind", *next(fields for _, fields in facts.values())]
    return (
        "select row_number() over (order by _row, _fact._place) as _row, * exclude (_row, _fact), "
        + ", ".join(f"_fact.{name}" for name in names)
        + f" from (select *, unnest([{listed}]) as _fact from {{file}}) where _fact._holds"
    )


def id_of(column: str) -> str:
    """SQL of the id of what a column names: the id itself, or the object where it was expanded."""
    return f"case when {column} like '{{%' then {column} ->> '$.id' else {column} end"


def from_epoch(column: str) -> str:
    """SQL of the instant of epoch seconds."""
    return f"to_timestamp(cast({column} as bigint))"


def from_utc(column: str) -> str:
    """SQL of the instant that a column without a zone gives in UTC; a day is its first instant."""
    return (
        f"case when length({column}) = 10 then {column} || ' 00:00:00 UTC' "
        f"else {column} || ' UTC' end"
    )


def end_of_day(column: str) -> str:
    """SQL of the first instant after a day in UTC; null where there is no such day."""
    return f"strftime(try_cast({column} as date) + interval 1 day, '%Y-%m-%d 00:00:00Z')"


def from_zoned(column: str) -> str:
    """SQL of the instant of a text with the offset of its zone, which a blank may set apart."""
    return f"regexp_replace({column}, ' (Z|[+-])', '\\1')"


def plain_number(column: str) -> str:
    """SQL of a number as text without separators of thousands."""
    return f"replace({column}, ',', '')"


def without_sign(number: str) -> str:
    """SQL of a number as text, without its minus: which way money goes is said by the kind."""
    return f"ltrim({number}, '-')"


def major_units(amount: str, currency: str, decimals: Mapping[str, int] = MINOR_UNITS) -> str:
    """SQL of an amount in major units from a whole number of minor ones, exactly.

    Args:
        amount: SQL of the minor units, as text.
        currency: SQL of the currency's code in capital letters.
        decimals: Currency -> decimals of its minor unit in this export; 2 where not listed.
    """
    units = " ".join(
        f"when '{code}' then {'1' if digits == 0 else '0.' + '1'.zfill(digits)}"
        for code, digits in decimals.items()
        if digits != 2
    )
    return (
        f"cast({amount} as decimal(18, 0)) "
        f"* cast(case {currency} {units} else 0.01 end as decimal(10, 9))"
    )
