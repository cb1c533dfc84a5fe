"""Reading an export: the columns it may leave out, and whether the file is what it claims."""

from __future__ import annotations

import polars as pl
from duckdb import DuckDBPyConnection
from pandera.errors import SchemaErrors

from ingestion.exports.export import PATTERNS, Export
from ingestion.phrases import phrase
from ingestion.readers import ASK_AGAIN, Relation, quote_name
from rate_cards.problems import InputError, Problem

ROWS_PER_CHUNK = 500_000
MOST_SHOWN = 5


def as_export(export: Export, relation: Relation, place: str) -> Relation:
    """A file of an export with all columns its layout knows, one row per fact.

    Args:
        export: The layout.
        relation: The file as its container gives it, every column as text.
        place: Its name in messages.

    Raises:
        InputError: A column that every such file has is not there.
    """
    here = {name.lower(): name for name in relation.columns}
    for former, name in export.renamed.items():
        if name.lower() not in here and former.lower() in here:
            here[name.lower()] = here.pop(former.lower())
    fields = export.schema.to_schema().columns
    absent = [name for name in fields if name.lower() not in here]
    missing = [name for name in absent if fields[name].required]
    if missing:
        raise InputError([_is_something_else(export, place, missing, relation.columns)])
    known = {name.lower() for name in fields}
    others = [name for lower, name in here.items() if lower not in known]
    listed = ", ".join(
        [
            *(
                f"{quote_name(here[name.lower()])} as {quote_name(name)}"
                for name in fields
                if name not in absent
            ),
            *(f"cast(null as varchar) as {quote_name(name)}" for name in absent),
            *(quote_name(name) for name in others),
        ]
    )
    sql = f"select _row, _file, {listed} from ({relation.sql})"
    if export.reshape:
        sql = export.reshape.replace("{file}", f"({sql})")
    return Relation(sql, (*fields, *others))


def check_export(
    connection: DuckDBPyConnection,
    export: Export,
    relation: Relation,
    where: str | None,
    place: str,
) -> list[Problem]:
    """Why a file is not the export it is said to be: a problem per rule that its rows break.

    Args:
        connection: Where the relation can be read.
        export: The layout.
        relation: The file, from `as_export`.
        where: SQL predicate of the rows that are wanted; None for all.
        place: The file's name in messages.
    """
    fields = ", ".join(quote_name(name) for name in export.schema.to_schema().columns)
    condition = f" where ({where})" if where else ""
    names = ["_row", *export.schema.to_schema().columns]
    rows = connection.execute(f"select _row, {fields} from ({relation.sql}){condition}")
    broken: dict[tuple[str, str], list[tuple[int, str]]] = {}
    while chunk := rows.fetchmany(ROWS_PER_CHUNK):
        frame = pl.DataFrame(chunk, schema=dict.fromkeys(names, pl.String), orient="row")
        try:
            export.schema.validate(frame, lazy=True)
        except SchemaErrors as error:
            for case in error.failure_cases.iter_rows(named=True):
                at = int(frame["_row"][case["index"]])
                key = (case["column"], _words(case["check"]))
                broken.setdefault(key, []).append((at, str(case["failure_case"])))
    return [_breaks_a_rule(export, place, *key, found) for key, found in broken.items()]


def _words(check: str) -> str:
    """A failed check in words that follow the name of its column."""
    return next((words for pattern, words in PATTERNS.items() if pattern in check), phrase(check))


def _is_something_else(
    export: Export, place: str, missing: list[str], columns: tuple[str, ...]
) -> Problem:
    """The file lacks what every file of the layout has."""
    return Problem(
        place,
        f"the file is not {export.title}: it has no {', '.join(missing)}",
        f"Its columns are {', '.join(columns)}. Check the format of its source in book.yml, or "
        "export it again with all columns.",
        line=1,
    )


def _breaks_a_rule(
    export: Export, place: str, column: str, words: str, found: list[tuple[int, str]]
) -> Problem:
    """Rows whose values cannot be of this export."""
    rows = "1 row" if len(found) == 1 else f"{len(found):,} rows"
    shown = [f"  row {row}: {value}" for row, value in found[:MOST_SHOWN]]
    if len(found) > MOST_SHOWN:
        shown.append(f"  … {len(found) - MOST_SHOWN:,} more")
    return Problem(
        place,
        f"the file is not {export.title}, or rows are to be left out: {column} {words} in {rows}",
        "Check the format of its source in book.yml, or say under where which rows are meant. "
        + ASK_AGAIN,
        excerpt="\n".join(shown),
    )
