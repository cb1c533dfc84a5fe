"""What auditors ask of a report before they rely on it: logic, parameters, sources, totals.

One manifest beside every file that leaves, `<file>.manifest.json`. It holds no clock: the only time
in it is the as-of instant of the books, so the same books give the same manifest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports.build import Parameters
from reports.check_result import CheckResult
from reports.close.verify import HEAD
from reports.numbers import month

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SUFFIX = ".manifest.json"


@dataclass(frozen=True)
class Part:
    """One sheet, or all of a page.

    Attributes:
        name: As the reader knows it.
        rows: Rows that its query gives.
        left_out: Rows of them that the file does not show.
    """

    name: str
    rows: int
    left_out: int = 0


@dataclass(frozen=True)
class Basis:
    """What all files of one report rest on.

    Attributes:
        parameters: Of the build.
        inputs: Every file loaded: name, sha256, rows.
        book_files: Every file of the book: name, sha256.
        checks: What the check of the build found.
        ledger_head: Last link of the chain of closed periods, and its digest; None without one.
    """

    parameters: Parameters
    inputs: tuple[Mapping[str, Any], ...]
    book_files: tuple[Mapping[str, Any], ...]
    checks: tuple[CheckResult, ...]
    ledger_head: str | None


def read_basis(
    connection: DuckDBPyConnection,
    parameters: Parameters,
    checks: tuple[CheckResult, ...],
    evidence: Path,
) -> Basis:
    """What the files of a report rest on.

    Args:
        connection: Open on the built database.
        parameters: Of the build.
        checks: What its check found.
        evidence: Folder of the closed periods, existing or not.
    """
    inputs = connection.execute(
        "select path, sha256, rows from marts.load_audit order by feed, path, file_no"
    ).fetchall()
    book = connection.execute("select path, sha256 from raw.config_files order by path").fetchall()
    head = evidence / HEAD
    return Basis(
        parameters,
        tuple({"name": name, "sha256": sha256, "rows": rows} for name, sha256, rows in inputs),
        tuple({"name": name, "sha256": sha256} for name, sha256 in book),
        checks,
        head.read_text("ascii").strip() if head.is_file() else None,
    )


def write_manifest(
    file: Path,
    report_name: str,
    basis: Basis,
    period: date,
    sql_sha256: str,
    parts: Sequence[Part],
    control_totals: Mapping[str, Decimal],
) -> Path:
    """Describe a written file, in a file beside it.

    Args:
        file: What is described.
        report_name: What it is.
        basis: What it rests on.
        period: Last month in it.
        sql_sha256: Digest of the queries it was made with.
        parts: Its sheets.
        control_totals: Currency -> liability at the end of the period.

    Raises:
        OSError: The manifest cannot be written.
    """
    known = basis.parameters
    failed = sum(not check.is_ok for check in basis.checks)
    manifest = {
        "report_name": report_name,
        "file": file.name,
        "version": {"creditbooks": version("creditbooks"), "logic_sha256": known.models_sha256},
        "sql_sha256": sql_sha256,
        "params": {
            "book": known.book,
            "period": month(period),
            "as_of": known.as_of.astimezone(UTC).isoformat(),
            "time_zone": known.time_zone,
        },
        "generated_by": f"creditbooks {version('creditbooks')}, creditbooks report",
        "inputs_sha256": known.inputs_sha256,
        "input_files": basis.inputs,
        "book_files": basis.book_files,
        "output_sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "rows": {part.name: part.rows for part in parts},
        "rows_left_out": {part.name: part.left_out for part in parts if part.left_out},
        "control_totals": {currency: str(total) for currency, total in control_totals.items()},
        "tie_out_status": "failed" if failed else "passed",
        "checks": {"run": len(basis.checks), "failed": failed},
        "ledger_head": basis.ledger_head,
    }
    path = file.with_name(file.name + SUFFIX)
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    path.write_text(f"{text}\n", encoding="utf-8", newline="\n")
    return path
