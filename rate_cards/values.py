"""The scalar types of the configuration: decimals, instants, months, durations, names, currencies.

Each type reads the exact values of `rate_cards.source`, says in plain words what it refuses, and
gives the pattern editors check against.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Annotated, Literal, NoReturn, cast, get_args
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    PlainValidator,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from rate_cards.currencies import MINOR_UNITS

WHOLE_DIGITS = 16
"""Digits before the point that the widest column of a rate, DECIMAL(28, 12), holds."""

RATE_DECIMALS = 12
"""Decimals of credits per unit, amounts per unit and supplier costs."""

QUANTITY_DECIMALS = 9
"""Decimals of credits, money and quantities."""


@dataclass(frozen=True)
class OrText:
    """Tells editors that a mapping may also be written as one text, its shorthand."""

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string"}, handler(core_schema)]}


@dataclass(frozen=True)
class OrItem:
    """Tells editors that a list of one may also be written as its only item."""

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core_schema)
        return {"anyOf": [schema["items"], schema]}


def mapping_or_text(value: object) -> str:
    """Which branch of a `text | mapping` union a value belongs to, for pydantic's Discriminator."""
    return "mapping" if isinstance(value, dict | BaseModel) else "text"


class Model(BaseModel):
    """A part of the authored configuration: closed to unknown fields, never changed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def refuse(message: str, remedy: str) -> NoReturn:
    """Refuse the value under validation, from inside a pydantic validator.

    Args:
        message: What is wrong with it; one line, no full stop.
        remedy: What to do about it, as sentences.
    """
    raise PydanticCustomError("refused", "{message}", {"message": message, "remedy": remedy})


def _not_empty(value: Collection[object]) -> Collection[object]:
    if not value:
        refuse("nothing is listed", "Write at least one.")
    return value


# pydantic's own min_length also reports a list as too short when its items are what is wrong.
AT_LEAST_ONE = AfterValidator(_not_empty)
"""Refuses an empty list or mapping."""


def text_of(value: object) -> str:
    """An authored value as it was written: decimals in digits, dates in ISO form."""
    if isinstance(value, bool):
        return str(value).lower()
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _plain(value: object, belongs: str) -> str:
    """The text of a single value; refuses what is missing, and lists and mappings."""
    if value is None:
        refuse(f"nothing is written where {belongs} belongs", "Fill it in, or remove the field.")
    if isinstance(value, list | dict):
        found = "a list" if isinstance(value, list) else "a mapping"
        refuse(f"{found} stands where {belongs} belongs", "Write a single value.")
    return text_of(value)


def _words(value: object, belongs: str) -> str:
    """The text of a value that must be text already, so that 1.0 and 1.00 stay two names."""
    text = _plain(value, belongs)
    if not isinstance(value, str):
        kind = {bool: "yes or no", date: "a date"}.get(type(value), "a number")
        refuse(f"{text} is read as {kind} where {belongs} belongs", f'Put it in quotes: "{text}".')
    return text


def _exact_decimal(decimals: int) -> Callable[[object], Decimal]:
    """A reader of exact decimals with at most so many digits after the point."""

    def read(value: object) -> Decimal:
        text = _plain(value, "a number")
        if not re.fullmatch(r"[-+]?[0-9]+(\.[0-9]+)?", text):
            refuse(
                f'"{text}" is not a decimal number',
                "Write digits with a point, such as 1.7 or 1000000, without separators, "
                "exponent or currency sign.",
            )
        whole, _, fraction = text.lstrip("+-").partition(".")
        if len(fraction) > decimals:
            refuse(
                f"{text} has {len(fraction)} decimals; at most {decimals} can be kept exactly",
                "Nothing is rounded silently. State the figure for more units at once, "
                "such as 0.5 per 1000000.",
            )
        if len(whole.lstrip("0")) > WHOLE_DIGITS:
            refuse(
                f"{text} has more than {WHOLE_DIGITS} digits before the point",
                "Check the figure; if it is right, count in a larger unit.",
            )
        return Decimal(text)

    return read


def _not_negative(value: Decimal) -> Decimal:
    if value < 0:
        refuse(f"{value:f} is negative", "Write zero or more.")
    return value


def _above_zero(value: Decimal) -> Decimal:
    if value <= 0:
        refuse(f"{value:f} is not above zero", "Write a number above zero.")
    return value


def _below_one(value: Decimal) -> Decimal:
    if not 0 <= value < 1:
        refuse(f"{value:f} is not a share of at least 0 and below 1", "Write ten per cent as 0.10.")
    return value


def _at_most_one(value: Decimal) -> Decimal:
    if not 0 <= value <= 1:
        refuse(f"{value:f} is not a share from 0 to 1", "Write ten per cent as 0.10.")
    return value


_NUMBER = WithJsonSchema(
    {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^[-+]?[0-9]+(\.[0-9]+)?$"}]}
)

Rate = Annotated[
    Decimal,
    BeforeValidator(_exact_decimal(RATE_DECIMALS)),
    AfterValidator(_not_negative),
    _NUMBER,
]
"""Credits or money per unit: zero or more, 12 decimals."""

Quantity = Annotated[
    Decimal,
    BeforeValidator(_exact_decimal(QUANTITY_DECIMALS)),
    AfterValidator(_not_negative),
    _NUMBER,
]
"""Credits, money or units: zero or more, 9 decimals."""

PositiveQuantity = Annotated[
    Decimal,
    BeforeValidator(_exact_decimal(QUANTITY_DECIMALS)),
    AfterValidator(_above_zero),
    _NUMBER,
]
"""Credits, money or units: above zero, 9 decimals."""

Share = Annotated[
    Decimal,
    BeforeValidator(_exact_decimal(QUANTITY_DECIMALS)),
    AfterValidator(_below_one),
    _NUMBER,
]
"""A part of a whole that leaves something: at least 0 and below 1."""

ShareOrAll = Annotated[
    Decimal,
    BeforeValidator(_exact_decimal(QUANTITY_DECIMALS)),
    AfterValidator(_at_most_one),
    _NUMBER,
]
"""A part of a whole, or the whole: 0 to 1."""


PositiveShare = Annotated[
    Decimal,
    BeforeValidator(_exact_decimal(QUANTITY_DECIMALS)),
    AfterValidator(_at_most_one),
    AfterValidator(_above_zero),
    _NUMBER,
]
"""Some part of a whole, or the whole: above 0, up to 1."""


def _name(value: object) -> str:
    name = _words(value, "a name")
    if not re.fullmatch(_NAME_PATTERN, name):
        refuse(
            f'"{name}" is not a name',
            "A name starts with a letter or a digit, and has no spaces: letters, digits and "
            "_ . : / @ + - only.",
        )
    return name


def _text(value: object) -> str:
    text = _words(value, "text")
    if not text.strip():
        refuse("the text is empty", "Write the text, or leave the field out.")
    return text


_NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.:/@+-]*$"

Name = Annotated[
    str, BeforeValidator(_name), WithJsonSchema({"type": "string", "pattern": _NAME_PATTERN})
]
"""A wallet, meter, property, rate, offer, version, customer or segment."""

Text = Annotated[str, BeforeValidator(_text), WithJsonSchema({"type": "string", "minLength": 1})]
"""Words; never empty."""

Expression = Annotated[
    str,
    BeforeValidator(lambda value: _text(_plain(value, "an expression"))),
    WithJsonSchema({"type": ["string", "number", "boolean"]}),
]
"""SQL, or a constant, kept as written."""


def _currency(value: object) -> str:
    currency = _plain(value, "a currency")
    if currency not in MINOR_UNITS:
        refuse(
            f'"{currency}" is not a currency',
            "Write the three capital letters of ISO 4217, such as USD, EUR or JPY.",
        )
    return currency


Currency = Annotated[str, BeforeValidator(_currency), WithJsonSchema({"enum": sorted(MINOR_UNITS)})]
"""A currency by its ISO 4217 letters."""


_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?"
)


def _instant(value: object) -> datetime:
    text = _plain(value, "an instant")
    matched = _INSTANT.fullmatch(text)
    if isinstance(value, date) or (matched and not matched["zone"]):
        completed = f"{text}Z" if matched else f"{text}T00:00:00Z"
        refuse(
            f"{text} does not say in which time zone",
            f"Write the instant with its zone: {completed} is UTC; an offset such as +02:00 "
            "serves as well.",
        )
    try:
        if matched:
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    refuse(f'"{text}" is not an instant', "Write it as 2026-01-31T00:00:00Z.")


Instant = Annotated[
    datetime,
    PlainValidator(_instant),
    WithJsonSchema({"type": "string", "pattern": r"(Z|[+-]\d\d:\d\d)$"}),
]
"""A moment, kept in UTC. Text without a zone is refused: whose midnight it means moves revenue."""


def _day(value: object) -> date:
    text = _plain(value, "a day")
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        refuse(f"{text} is not in the calendar", "Write a day that exists.")
    refuse(f'"{text}" is not a day', "Write it as 2026-01-31.")


Day = Annotated[
    date,
    PlainValidator(_day),
    WithJsonSchema({"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}),
]
"""A calendar day in the book's time zone."""


def _month(value: object) -> date:
    text = _plain(value, "a month")
    matched = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", text)
    if not matched or matched[1] == "0000":
        refuse(f'"{text}" is not a month', "Write the year and the month: 2026-01.")
    return date(int(matched[1]), int(matched[2]), 1)


Month = Annotated[
    date,
    PlainValidator(_month),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}-(0[1-9]|1[0-2])$"}),
]
"""An accounting period, as the first day of its calendar month."""


def zone(name: str) -> tzinfo:
    """The time zone of a name; UTC needs no time zone database.

    Raises:
        KeyError, ValueError: the name is not an IANA time zone.
    """
    return UTC if name == "UTC" else ZoneInfo(name)


def _time_zone(value: object) -> str:
    name = _plain(value, "a time zone")
    try:
        zone(name)
    except (KeyError, ValueError, OSError):
        refuse(
            f'"{name}" is not a time zone',
            "Write UTC or a place of the IANA list, such as Europe/Amsterdam.",
        )
    return name


TimeZone = Annotated[str, BeforeValidator(_time_zone)]
"""An IANA time zone."""

DurationUnit = Literal["day", "week", "month", "year"]


@dataclass(frozen=True)
class Duration:
    """A calendar duration: 12 months are twelve calendar months, not 365 days."""

    count: int
    unit: DurationUnit

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"


def _duration(value: object) -> Duration:
    text = _plain(value, "a duration")
    matched = re.fullmatch(r"(?:([1-9][0-9]{0,4}) )?(day|week|month|year)s?", text)
    if not matched:
        refuse(
            f'"{text}" is not a duration',
            "Write a count and day, week, month or year: 12 months, 30 days, 1 day.",
        )
    return Duration(int(matched[1] or 1), cast(DurationUnit, matched[2]))


_DURATION_PATTERN = r"([1-9][0-9]{0,4} )?(day|week|month|year)s?"

Span = Annotated[
    Duration,
    PlainValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": f"^{_DURATION_PATTERN}$"}),
]
"""A duration as authored: `12 months`, `1 day`, or `month` for one month."""

RolloverTerm = Annotated[
    Duration | Literal["forever"],
    PlainValidator(lambda value: "forever" if value == "forever" else _duration(value)),
    WithJsonSchema({"type": "string", "pattern": f"^(forever|{_DURATION_PATTERN})$"}),
]
"""How long rolled over credits live on: a duration after their first end, or forever."""

NamedEnd = Literal["never", "period_end"]


def _expiry(value: object) -> Duration | NamedEnd:
    return cast(NamedEnd, value) if value in get_args(NamedEnd) else _duration(value)


Expiry = Annotated[
    Duration | NamedEnd,
    PlainValidator(_expiry),
    WithJsonSchema({"type": "string", "pattern": f"^(never|period_end|{_DURATION_PATTERN})$"}),
]
"""When credits end: never, with the billing period, or a duration after they start."""
