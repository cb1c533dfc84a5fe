"""Property sets: the distinct meters and properties of usage, in one spelling and by number.

A million events share a few hundred combinations of properties. Each is parsed, checked and
normalised once; the events carry its number.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from duckdb import DuckDBPyConnection

from ingestion.warehouse import append_rows

UNKNOWN_METER = "is not a meter of the book"
NO_OBJECT = "is not a JSON object"
NESTED = "holds a list or an object where a single value is needed"
REPEATED = "gives a property twice"
UNDECLARED = "has a property that its meter does not declare"

STAGED_SETS = "meter varchar, spelled varchar, properties varchar"
"""One row per distinct meter and properties text as it came; properties is the one spelling."""


class BadProperties(Exception):
    """A properties text that breaks a rule; the message is the rule."""


def canonical(text: str, declared: frozenset[str]) -> str:
    """The one spelling of a set of properties: keys sorted, values as text, empty ones left out.

    Args:
        text: A JSON object.
        declared: Properties its meter knows.

    Raises:
        BadProperties: It is no object, is nested, or names something undeclared.
    """
    try:
        found = json.loads(text, parse_float=str, parse_int=str, object_pairs_hook=_without_repeats)
    except ValueError as error:
        raise BadProperties(NO_OBJECT) from error
    if not isinstance(found, dict):
        raise BadProperties(NO_OBJECT)
    values = {name: _text(value) for name, value in found.items() if value is not None}
    if not declared.issuperset(values):
        raise BadProperties(UNDECLARED)
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def stage_property_sets(
    connection: DuckDBPyConnection, meters: Mapping[str, frozenset[str]]
) -> None:
    """Normalise the staged usage's distinct properties into staged_property_sets.

    Sets that break a rule become faults of every row that carries them.

    Args:
        connection: Has staged_usage and the faults.
        meters: Meter of the book -> its declared properties.
    """
    connection.execute(f"create temp table staged_property_sets ({STAGED_SETS})")
    connection.execute(
        "create temp table bad_property_sets "
        "(meter varchar, spelled varchar, column_name varchar, rule varchar)"
    )
    pairs = connection.execute(
        "select distinct meter, properties from staged_usage where meter is not null"
    ).fetchall()
    good: list[tuple[str, str, str]] = []
    bad: list[tuple[str, str, str, str]] = []
    for meter, text in pairs:
        if meter not in meters:
            bad.append((meter, text, "meter", UNKNOWN_METER))
            continue
        try:
            good.append((meter, text, canonical(text, meters[meter])))
        except BadProperties as error:
            bad.append((meter, text, "properties", str(error)))
    _append(connection, "staged_property_sets", ["meter", "spelled", "properties"], good)
    _append(connection, "bad_property_sets", ["meter", "spelled", "column_name", "rule"], bad)
    if bad:
        connection.execute(
            "insert into faults select file_no, row_no, column_name, rule, null "
            "from staged_usage inner join bad_property_sets as bad "
            "on staged_usage.meter = bad.meter and staged_usage.properties = bad.spelled"
        )


def _append(
    connection: DuckDBPyConnection, table: str, names: list[str], rows: Sequence[tuple[str, ...]]
) -> None:
    schema = dict.fromkeys(names, pl.String)
    append_rows(connection, table, pl.DataFrame(rows, schema=schema, orient="row"))


def _text(value: Any) -> str:
    """A scalar as text, as JSON writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    raise BadProperties(NESTED)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise BadProperties(REPEATED)
    return found
