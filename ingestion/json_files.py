"""JSON lines and CloudEvents, turned into Parquet of texts that DuckDB can read.

DuckDB's own JSON reader takes numbers through binary floating point (0.12345678901234567 comes back
as …566). Python's parser hands over the digits as written, which is worth its slower pace here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

ROWS_PER_PART = 200_000
MOST_DIGITS = 38
"""A number further from 1 than this fits no column; it is left as it is, to be refused."""


class NotJson(Exception):
    """A line is not a JSON object."""

    def __init__(self, line: int, reason: str) -> None:
        """Keep where it is."""
        self.line = line
        self.reason = reason
        super().__init__(f"line {line}: {reason}")


def to_parquet(path: Path, folder: Path, records: tuple[str, ...] = ()) -> list[Path]:
    """Write one Parquet part per 200,000 objects: a text column per key, and `_row` from 1.

    Numbers become their digits; nested values become JSON text, in which numbers are strings.

    Args:
        path: One JSON object per line, or one JSON array of objects, or a single object. UTF-8.
        folder: Existing, empty folder to write to.
        records: Keys of the lists that hold the rows, outermost first, where objects are pages of
            them; a row takes along the plain values of the objects it stands in.

    Raises:
        NotJson: With the first line that cannot be read.
    """
    parts: list[Path] = []
    rows: list[dict[str, str | None]] = []

    def write() -> None:
        part = folder / f"{len(parts):05}.parquet"
        names = dict.fromkeys(name for row in rows for name in row)
        frame = pl.DataFrame(
            {name: [row.get(name) for row in rows] for name in names},
            schema=dict.fromkeys(names, pl.String),
        )
        first = len(parts) * ROWS_PER_PART + 1
        frame.with_row_index("_row", offset=first).cast({"_row": pl.Int64}).write_parquet(part)
        parts.append(part)
        rows.clear()

    for item in _rows(_objects(path), records):
        rows.append({name: _text(value) for name, value in item.items()})
        if len(rows) == ROWS_PER_PART:
            write()
    if rows or not parts:
        write()
    return parts


def _rows(objects: Iterable[dict[str, Any]], records: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """The objects in the named lists; an object without such a list is a row itself."""
    for item in objects:
        if not records or not isinstance(item.get(records[0]), list):
            yield item
            continue
        around = {name: value for name, value in item.items() if not isinstance(value, list | dict)}
        within = ({**around, **_object(each, 1)} for each in item[records[0]])
        yield from _rows(within, records[1:])


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of the file, in order."""
    with path.open(encoding="utf-8-sig") as lines:
        first = lines.readline()
        lines.seek(0)
        if _is_one_document(first):
            yield from _document(lines.read())
            return
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _object(_parse(line, number), number)


def _is_one_document(first_line: str) -> bool:
    """Whether the file is an array or one object spread over lines, rather than one per line."""
    if first_line.lstrip().startswith("["):
        return True
    try:
        json.loads(first_line)
    except ValueError:
        return first_line.strip() == "{"
    return False


def _document(text: str) -> Iterator[dict[str, Any]]:
    """The objects of a whole-file array, or the one object."""
    parsed = _parse(text, 1)
    items = parsed if isinstance(parsed, list) else [parsed]
    for item in items:
        yield _object(item, 1)


def _parse(text: str, line: int) -> Any:
    """JSON with every number as its digits."""
    try:
        return json.loads(
            text,
            parse_float=_digits,
            parse_int=str,
            parse_constant=_refuse_constant,
            object_pairs_hook=_without_repeats,
        )
    except json.JSONDecodeError as error:
        raise NotJson(line + error.lineno - 1, f"{error.msg} at column {error.colno}") from error
    except ValueError as error:
        raise NotJson(line, str(error)) from error


def _digits(number: str) -> str:
    """A number in plain notation, with every digit: 1.5e-7 is 0.00000015."""
    is_plain = "e" not in number.lower()
    if is_plain or abs(Decimal(number).adjusted()) > MOST_DIGITS:
        return number
    return format(Decimal(number), "f")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, refused if it says one thing twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f'the key "{repeated}" is given twice')
    return found


def _object(item: Any, line: int) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise NotJson(line, "this is not a JSON object")
    return item


def _text(value: Any) -> str | None:
    """A value as the text a CSV would hold, nested ones as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
