"""From what a file holds to what a raw column stores: exact, or refused with the reason.

Everything here is SQL text. Nothing is rounded, no zone is assumed, no float becomes money.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ingestion.sources.feed import Column, Kind

FLOATS = ("FLOAT", "DOUBLE")
INTEGERS = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT",
    "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
)  # fmt: skip
INTEGERS_OF_ANY_DECIMAL = tuple(
    name for name in INTEGERS if name not in ("UBIGINT", "HUGEINT", "UHUGEINT")
)
"""Integer types whose every value has at most 19 digits."""

ZONED_TIME = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?"
    r"( ?(Z|UTC)|[+-][0-9]{2}(:?[0-9]{2})?)"
)
TIME_WITHOUT_ZONE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?)?"

NO_ZONE = "has no time zone"
NO_TIME = "is not a time written like 2026-01-31T12:00:00Z"
NO_DECIMAL = "is not a plain decimal number"
SCIENTIFIC = "is in scientific notation"


@dataclass(frozen=True)
class Conversion:
    """How one mapped column becomes its stored type.

    Attributes:
        value: SQL of the stored value; null where the file's value is empty or cannot be read.
        fault: SQL of why a value cannot be read, null where it can; None if it always can.
    """

    value: str
    fault: str | None = None


@dataclass(frozen=True)
class Unsuitable:
    """The file's type says that no value of the column can be read exactly."""

    message: str
    remedy: str


def conversion(column: Column, file_type: str, sql: str) -> Conversion | Unsuitable:
    """How to store a column.

    Args:
        column: The feed's column.
        file_type: DuckDB type of the mapped expression.
        sql: SQL of the mapped value; used several times, so best a plain column reference.
    """
    if file_type == '"NULL"':
        return Conversion(f"cast(null as {column.sql_type})")
    match column.kind:
        case Kind.TEXT:
            return _text(column, file_type, sql)
        case Kind.DECIMAL:
            return _decimal(column, file_type, sql)
        case Kind.INTEGER:
            return _integer(column, file_type, sql)
        case Kind.TIME:
            return _time(column, file_type, sql)
        case Kind.DATE | Kind.PERIOD:
            return _date(column, file_type, sql)
        case Kind.PROPERTIES:
            return _properties(column, file_type, sql)


def _text(column: Column, file_type: str, sql: str) -> Conversion | Unsuitable:
    """Text as it is, an empty one as no value: CSV cannot tell the two apart."""
    if file_type in ("VARCHAR", "JSON"):
        return Conversion(f"nullif(cast({sql} as varchar), '')")
    if file_type in FLOATS or _is_nested(file_type):
        return Unsuitable(
            f"{column.written} is {_a(file_type)} and cannot be used as text",
            f"Say how it is written, under columns: {column.written}: cast(… as varchar).",
        )
    return Conversion(f"cast({sql} as varchar)")


def _decimal(column: Column, file_type: str, sql: str) -> Conversion | Unsuitable:
    """A number with all its digits."""
    if file_type == "VARCHAR":
        return _decimal_text(column, sql)
    typed = f"try_cast({sql} as {column.sql_type})"
    whole_digits = _whole_digits(column)
    if found := re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", file_type):
        precision, scale = int(found[1]), int(found[2])
        if scale <= column.scale and precision - scale <= whole_digits:
            return Conversion(f"cast({sql} as {column.sql_type})")
        return Conversion(
            f"case when cast({typed} as {file_type}) = {sql} then {typed} end",
            f"case when {sql} is null then null"
            f" when {typed} is null then {_quote(_too_large(column))}"
            f" when cast({typed} as {file_type}) <> {sql}"
            f" then {_quote(too_fine(column.scale))} end",
        )
    if file_type in INTEGERS:
        if file_type in INTEGERS_OF_ANY_DECIMAL and whole_digits >= len(str(2**63)):
            return Conversion(f"cast({sql} as {column.sql_type})")
        return Conversion(
            typed,
            f"case when {sql} is not null and {typed} is null"
            f" then {_quote(_too_large(column))} end",
        )
    if file_type in FLOATS:
        return Unsuitable(
            f"{column.written} is a binary floating-point number ({file_type}), not a decimal",
            "Export it as text or as a decimal. If its digits can be trusted, say how many, under "
            f'columns: {column.written}: "cast({column.written} as decimal(28, 9))". '
            "An expression that divides gives such a number too: multiply by 0.01 instead.",
        )
    return Unsuitable(
        f"{column.written} is {_a(file_type)}, not a decimal", "Map it to a number or to text."
    )


def _decimal_text(column: Column, sql: str) -> Conversion:
    """Digits, a point and a sign; zeros beyond the last place kept change nothing and may stand."""
    text = f"trim({sql})"
    whole, places = _whole_digits(column), column.scale
    readable = (
        f"regexp_full_match({text}, "
        rf"'[+-]?(0*[0-9]{{1,{whole}}}(\.[0-9]{{0,{places}}}0*)?|\.[0-9]{{1,{places}}}0*)')"
    )
    return Conversion(
        f"case when {readable} then cast({text} as {column.sql_type}) end",
        f"case when {text} is null or {text} = '' or {readable} then null"
        rf" when regexp_full_match({text}, '[+-]?[0-9.]+[eE][+-]?[0-9]+')"
        f" then {_quote(SCIENTIFIC)}"
        rf" when regexp_full_match({text}, '[+-]?0*[0-9]{{0,{whole}}}\.[0-9]+')"
        f" then {_quote(too_fine(column.scale))}"
        rf" when regexp_full_match({text}, '[+-]?[0-9]+(\.[0-9]*)?')"
        f" then {_quote(_too_large(column))}"
        f" else {_quote(NO_DECIMAL)} end",
    )


def _integer(column: Column, file_type: str, sql: str) -> Conversion | Unsuitable:
    """A whole number."""
    if file_type != "VARCHAR" and file_type not in INTEGERS:
        return Unsuitable(
            f"{column.written} is {_a(file_type)}, not a whole number",
            f"Map it to one: {column.written}: cast(… as integer).",
        )
    text = f"trim(cast({sql} as varchar))"
    readable = f"regexp_full_match({text}, '[+-]?[0-9]{{1,9}}')"
    return Conversion(
        f"case when {readable} then cast({text} as integer) end",
        f"case when {text} is null or {text} = '' or {readable} then null"
        " else 'is not a whole number of at most 9 digits' end",
    )


def _time(column: Column, file_type: str, sql: str) -> Conversion | Unsuitable:
    """An instant, as UTC. What is finer than a microsecond is cut off."""
    if file_type == "TIMESTAMP WITH TIME ZONE":
        return Conversion(f"cast({sql} as timestamp)")
    if file_type == "VARCHAR":
        text = f"trim({sql})"
        instant = (
            f"case when regexp_full_match({text}, '{ZONED_TIME}')"
            f" then cast(try_cast({text} as timestamptz) as timestamp) end"
        )
        return Conversion(
            instant,
            f"case when {text} is null or {text} = '' or ({instant}) is not null then null"
            f" when regexp_full_match({text}, '{TIME_WITHOUT_ZONE}') then {_quote(NO_ZONE)}"
            f" else {_quote(NO_TIME)} end",
        )
    if file_type.startswith("TIMESTAMP") or file_type == "DATE":
        return Unsuitable(
            f"{column.written} {NO_ZONE} (its type is {file_type})",
            "Say which zone it is in, under columns: "
            f"{column.written}: \"{column.written} at time zone 'UTC'\".",
        )
    return Unsuitable(
        f"{column.written} is {_a(file_type)}, not a time",
        f"Epoch seconds are mapped so: {column.written}: to_timestamp(…); "
        f"milliseconds: {column.written}: epoch_ms(…) at time zone 'UTC'.",
    )


def _date(column: Column, file_type: str, sql: str) -> Conversion | Unsuitable:
    """A day, or a month as its first day."""
    if file_type == "DATE" and column.kind is Kind.DATE:
        return Conversion(sql)
    if file_type != "VARCHAR":
        return Unsuitable(
            f"{column.written} is {_a(file_type)}, not a {column.kind.value}",
            f"Map it to text: {column.written}: \"strftime(…, '%Y-%m-%d')\".",
        )
    pattern, suffix, example = (
        ("[0-9]{4}-[0-9]{2}-[0-9]{2}", "", "2026-01-31")
        if column.kind is Kind.DATE
        else ("[0-9]{4}-[0-9]{2}", "-01", "2026-01")
    )
    text = f"trim({sql})"
    day = (
        f"case when regexp_full_match({text}, '{pattern}')"
        f" then try_cast({text} || '{suffix}' as date) end"
    )
    return Conversion(
        day,
        f"case when {text} is null or {text} = '' or ({day}) is not null then null"
        f" else 'is not a {column.kind.value} written like {example}' end",
    )


def _properties(column: Column, file_type: str, sql: str) -> Conversion | Unsuitable:
    """A JSON object as text; what is in it is checked once per distinct text, not per row."""
    if file_type in ("VARCHAR", "JSON"):
        return Conversion(f"nullif(cast({sql} as varchar), '')")
    if file_type.startswith(("STRUCT", "MAP")):
        return Conversion(f"cast(to_json(cast({sql} as map(varchar, varchar))) as varchar)")
    return Unsuitable(
        f"{column.written} is {_a(file_type)}, not a JSON object, map or struct",
        "Map the properties one by one: properties.<name>: <expression>.",
    )


def _whole_digits(column: Column) -> int:
    """Digits the column keeps before the decimal point."""
    found = re.fullmatch(r"DECIMAL\((\d+), \d+\)", column.sql_type)
    assert found
    return int(found[1]) - column.scale


def too_fine(scale: int) -> str:
    """The rule that a value has more decimals than its column keeps."""
    return f"has more than {scale} decimals"


def _too_large(column: Column) -> str:
    return f"has more than {_whole_digits(column)} digits before the decimal point"


def _is_nested(file_type: str) -> bool:
    return file_type.startswith(("STRUCT", "MAP")) or file_type.endswith("]") or file_type == "BLOB"


def _a(file_type: str) -> str:
    """A type with its article, shortened where it lists fields."""
    name = re.split(r"[( ]", file_type)[0]
    return f"{'an' if name[0] in 'AEIO' else 'a'} {name}"


def _quote(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"
