"""Files as DuckDB relations: one reader per format, and what is wrong with a file as a whole."""

from __future__ import annotations

import codecs
import csv
import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from ingestion.json_files import NotJson, to_parquet
from rate_cards.problems import InputError, Problem

CHUNK = 4 * 1024 * 1024
MAGIC = {
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\x1f\x8b": "compressed with gzip",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}
TEXT_FORMATS = ("csv", "json", "jsonl", "lines")
ASK_AGAIN = "Ask the sender for the file again, or check that the download was complete."
MOST_SHOWN = 5


@dataclass(frozen=True)
class Relation:
    """A file as SQL can read it.

    Attributes:
        sql: A query with the file's columns, `_row` (1-based data row) and `_file` (its name).
        columns: The file's own column names, in file order.
    """

    sql: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Fingerprint:
    """What identifies a file's content."""

    sha256: str
    size: int


def fingerprint(path: Path, place: str, file_format: str) -> Fingerprint:
    """Digest a file and see, on the way, that it can be what it is said to be.

    Raises:
        InputError: It is empty, of another format, or not UTF-8.
    """
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    size = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            if size == 0:
                _refuse_other_formats(chunk, place, file_format)
            digest.update(chunk)
            if file_format in TEXT_FORMATS:
                line += _check_text(decoder, chunk, place, line)
            size += len(chunk)
    if size == 0:
        raise InputError(
            [
                Problem(
                    place,
                    "the file is empty",
                    "A day without rows is a header alone. " + ASK_AGAIN,
                )
            ]
        )
    return Fingerprint(digest.hexdigest(), size)


def open_relation(
    connection: DuckDBPyConnection,
    path: Path,
    place: str,
    file_format: str,
    delimiter: str,
    scratch: Path,
    records: tuple[str, ...] = (),
) -> Relation:
    """Make a file readable by SQL.

    Args:
        connection: Where the relation will be read.
        path: The file.
        place: Its name in messages.
        file_format: csv, parquet, json, jsonl or lines.
        delimiter: Of a CSV.
        scratch: Folder for intermediate files; must outlive the reading.
        records: Keys of the lists in which a JSON document keeps its rows.

    Raises:
        InputError: The header or the file as a whole is unusable.
    """
    match file_format:
        case "csv":
            return _csv(path, place, delimiter)
        case "parquet":
            return _parquet(connection, path, place)
        case "json" | "jsonl":
            return _json(connection, path, place, scratch, records)
        case "lines":
            return _lines(path)
    raise ValueError(f"no reader for format {file_format}")


def explain_failure(
    connection: DuckDBPyConnection,
    path: Path,
    place: str,
    file_format: str,
    delimiter: str,
    error: duckdb.Error,
) -> list[Problem]:
    """Why reading a file's rows failed: for a CSV every row that does not fit its header."""
    if file_format == "csv" and "CSV Error" in str(error):
        return _ragged_rows(connection, path, place, delimiter)
    return [
        Problem(
            place,
            f"the rows cannot be read: {first_line(error)}",
            "If a mapping under columns or where in book.yml casts a value, use try_cast. "
            + ASK_AGAIN,
        )
    ]


def first_line(error: duckdb.Error) -> str:
    """DuckDB's message without its kind, its query excerpt and its advice."""
    line = str(error).splitlines()[0]
    return line.split(" Error: ", 1)[-1].split(" when casting from", 1)[0]


def _refuse_other_formats(start: bytes, place: str, file_format: str) -> None:
    """Recognise what the file really is by its first bytes."""
    if file_format == "parquet":
        if not start.startswith(b"PAR1"):
            raise InputError(
                [
                    Problem(
                        place,
                        "the file is not Parquet: it does not begin with PAR1",
                        "Check the format of its source in book.yml. " + ASK_AGAIN,
                    )
                ]
            )
        return
    for magic, what in MAGIC.items():
        if start.startswith(magic):
            raise InputError(
                [
                    Problem(
                        place,
                        f"the file is {what}, not {file_format}",
                        "Check the format of its source in book.yml, or unpack it, or save it "
                        "again as UTF-8 text.",
                    )
                ]
            )


def _check_text(
    decoder: codecs.IncrementalDecoder, chunk: bytes, place: str, first_line_no: int
) -> int:
    """Decode a chunk as UTF-8.

    Returns:
        Line ends in it.
    """
    try:
        text = decoder.decode(chunk)
    except UnicodeDecodeError as error:
        # What the decoder held back of the chunk before precedes the object it complains about.
        line = first_line_no + error.object[: error.start].count(b"\n")
        raise InputError(
            [
                Problem(
                    place,
                    f"the file is not UTF-8 text: byte 0x{error.object[error.start]:02x}",
                    "Save it again as UTF-8 (it may be Windows-1252 or Latin-1 now).",
                    line=line,
                )
            ]
        ) from error
    if "\0" in text:
        raise InputError(
            [
                Problem(
                    place,
                    "the file holds zero bytes: it is binary, or text in UTF-16",
                    "Check the format of its source in book.yml, or save it again as UTF-8.",
                    line=first_line_no + text[: text.index("\0")].count("\n"),
                )
            ]
        )
    return text.count("\n")


def _csv(path: Path, place: str, delimiter: str) -> Relation:
    """All columns as text; an empty cell is null."""
    columns = _csv_header(path, place, delimiter)
    sql = f"{_read_csv(path, columns, delimiter)})"
    return Relation(_numbered(path, f"select * from {sql}"), columns)


def _read_csv(path: Path, columns: tuple[str, ...], delimiter: str) -> str:
    """The call of read_csv, open at its end for more options."""
    types = ", ".join(f"{quote(name)}: 'VARCHAR'" for name in columns)
    return (
        f"read_csv({quote(path.as_posix())}, columns = {{{types}}}, header = true, "
        f"delim = {quote(delimiter)}, quote = '\"', escape = '\"', auto_detect = false, "
        "parallel = true"
    )


def _csv_header(path: Path, place: str, delimiter: str) -> tuple[str, ...]:
    """The column names, which must differ by more than case. A nameless one gets its number."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = next(csv.reader(file, delimiter=delimiter), [])
    columns = [name.strip() or f"column_{number}" for number, name in enumerate(header, start=1)]
    if not any(name.strip() for name in header):
        raise InputError(
            [
                Problem(
                    place, "the header line is empty", "Line 1 names the columns. " + ASK_AGAIN, 1
                )
            ]
        )
    _refuse_duplicates(columns, place)
    return tuple(columns)


def _refuse_duplicates(columns: list[str], place: str) -> None:
    seen: dict[str, int] = {}
    problems = []
    for number, name in enumerate(columns, start=1):
        first = seen.setdefault(name.lower(), number)
        if first != number:
            same = "" if columns[first - 1] == name else f' (there spelled "{columns[first - 1]}")'
            problems.append(
                Problem(
                    place,
                    f'column "{name}" stands twice in the header: at {first}{same} and {number}',
                    "Which of the two is meant cannot be known. "
                    "Rename or remove one in the export.",
                    line=1,
                )
            )
    if problems:
        raise InputError(problems)


def _parquet(connection: DuckDBPyConnection, path: Path, place: str) -> Relation:
    """Columns with their own types."""
    source = (
        f"read_parquet({quote(path.as_posix())}, file_row_number = true, hive_partitioning = false)"
    )
    try:
        rows = connection.execute(f"describe select * from {source}").fetchall()
    except duckdb.Error as error:
        # It begins as Parquet (fingerprint saw to that), so a missing end means it was cut off.
        is_cut_off = "magic bytes" in str(error) or "too small" in str(error)
        reason = (
            "the Parquet file is cut off: it does not end with PAR1"
            if is_cut_off
            else f"the Parquet file cannot be read: {first_line(error)}"
        )
        raise InputError([Problem(place, reason, ASK_AGAIN)]) from error
    columns = tuple(row[0] for row in rows if row[0] != "file_row_number")
    _refuse_duplicates(list(columns), place)
    return Relation(
        f"select file_row_number + 1 as _row, {quote(path.name)} as _file, "
        f"* exclude (file_row_number) from {source}",
        columns,
    )


def _json(
    connection: DuckDBPyConnection,
    path: Path,
    place: str,
    scratch: Path,
    records: tuple[str, ...],
) -> Relation:
    """All values as text, nested ones as JSON text."""
    folder = Path(tempfile.mkdtemp(dir=scratch))
    try:
        parts = to_parquet(path, folder, records)
    except NotJson as error:
        raise InputError(
            [
                Problem(
                    place,
                    error.reason,
                    "Each line must be one JSON object (or the file one JSON array of objects). "
                    + ASK_AGAIN,
                    line=error.line,
                )
            ]
        ) from error
    listed = ", ".join(quote(part.as_posix()) for part in parts)
    source = f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
    rows = connection.execute(f"describe select * from {source}").fetchall()
    columns = tuple(row[0] for row in rows if row[0] != "_row")
    _refuse_duplicates(list(columns), place)
    return Relation(f"select {quote(path.name)} as _file, * from {source}", columns)


def _lines(path: Path) -> Relation:
    """Whole lines in one column, for layouts that a mapping cuts up."""
    text = f"select content from read_text({quote(path.as_posix())})"
    lines = (
        f"select unnest(string_split(rtrim(ltrim(content, '\ufeff'), chr(10)), chr(10))) as line "
        f"from ({text})"
    )
    return Relation(
        _numbered(path, f"select rtrim(line, chr(13)) as line from ({lines})"), ("line",)
    )


def _numbered(path: Path, query: str) -> str:
    """The query's rows with their place in the file."""
    return f"select row_number() over () as _row, {quote(path.name)} as _file, * from ({query})"


def _ragged_rows(
    connection: DuckDBPyConnection, path: Path, place: str, delimiter: str
) -> list[Problem]:
    """The rows of a CSV that have too few or too many cells, or whose quotes do not close."""
    columns = _csv_header(path, place, delimiter)
    reading = (
        f"{_read_csv(path, columns, delimiter)}, store_rejects = true, "
        "rejects_table = 'ragged_rows', rejects_scan = 'ragged_scan', rejects_limit = 0)"
    )
    # Counting every column makes DuckDB parse every cell, so that no row escapes.
    connection.execute(f"select count(columns(*)) from {reading}").fetchall()
    found = connection.execute(
        "select distinct line, error_type, csv_line from ragged_rows order by line"
    ).fetchall()
    connection.execute("drop table ragged_rows; drop table ragged_scan")
    shown = [f"  line {line}: {text[:80]}" for line, _, text in found[:MOST_SHOWN]]
    if len(found) > MOST_SHOWN:
        shown.append(f"  … {len(found) - MOST_SHOWN:,} more")
    rows = "1 row does" if len(found) == 1 else f"{len(found):,} rows do"
    return [
        Problem(
            place,
            f"{rows} not have the {len(columns)} cells of the header",
            f'A cell that holds "{delimiter}" must stand in double quotes, and a double quote in '
            "it be doubled. " + ASK_AGAIN,
            line=found[0][0] if found else None,
            excerpt="\n".join(shown),
        )
    ]


def quote(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def quote_name(name: str) -> str:
    """A SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
