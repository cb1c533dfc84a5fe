"""What of the books is frozen when a period is closed, and how it is written."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports.close import verify
from reports.close.verify import HEAD, MANIFEST, MANIFEST_DIGEST, PROGRAM, Entry

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FROZEN = {
    "rated_usage": "booked_period",
    "credit_ledger": "booked_period",
    "lot_balances": "booked_period",
    "wallet_balances": "booked_period",
    "deferred_revenue_schedule": "booked_period",
    "liability_rollforward": "booked_period",
    "deferred_revenue_waterfall": "recognized_period",
    "remaining_obligations": "booked_period",
    "contract_balances": "booked_period",
    "journal_lines": "booked_period",
    "trial_balance": "booked_period",
    "revenue_by_meter": "booked_period",
    "corrections": "booked_period",
    "usage_margin": "booked_period",
    "shadow_prices": "booked_period",
    "usage_accruals": "booked_period",
    "stranded_credits": "booked_period",
}
"""Mart -> the column that says in which period its rows were booked."""


@dataclass(frozen=True)
class FrozenFile:
    """One frozen table.

    Attributes:
        name: Of the file, in the entry's folder.
        sha256: Digest of its bytes.
        size: Bytes.
        rows: Rows in it.
        control_totals: Decimal column -> its sum, exact, as text.
    """

    name: str
    sha256: str
    size: int
    rows: int
    control_totals: Mapping[str, str]


def write_entry(root: Path, entry: Entry, manifest: Mapping[str, Any]) -> None:
    """Add a link to the chain: all of it or nothing.

    The folder `entry.folder` holds the frozen files, if the action has any, under a name that no
    reader takes for an entry; it gets its manifest, and then its own name, in one step.

    Args:
        root: The folder of evidence.
        entry: The link; its folder is where it is prepared.
        manifest: Everything about it but the name of the link before and the program, added here.
    """
    chain = verify.entries(root)
    whole = {
        "no": entry.no,
        "action": entry.action,
        "period": entry.period,
        "previous": verify.digest(chain[-1].folder / MANIFEST) if chain else None,
        "program": verify.digest(Path(verify.__file__)),
        **manifest,
    }
    text = json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    path = entry.folder / MANIFEST
    path.write_text(text, "utf-8")
    sha256 = verify.digest(path)
    (entry.folder / MANIFEST_DIGEST).write_text(f"{sha256}\n", "ascii")
    for each in entry.folder.iterdir():
        _to_disk(each)
    final = root / f"{entry.no:04}-{entry.action}-{entry.period}"
    entry.folder.rename(final)
    _to_disk(root)
    finish(root)


def finish(root: Path) -> None:
    """Put the program beside the entries and name the last of them in HEAD; again, after a crash.

    HEAD comes last: until it names the new entry, the step is to be finished.
    """
    copied = root / f".{PROGRAM}"
    shutil.copyfile(verify.__file__, copied)
    _to_disk(copied)
    copied.replace(root / PROGRAM)
    last = verify.entries(root)[-1]
    prepared = root / f".{HEAD}"
    prepared.write_text(verify.head_line(last, verify.digest(last.folder / MANIFEST)), "ascii")
    _to_disk(prepared)
    prepared.replace(root / HEAD)


def freeze(connection: DuckDBPyConnection, period: date, folder: Path) -> list[FrozenFile]:
    """Write every mart's rows of a period to Parquet, in one order, and measure what was written.

    Args:
        connection: Open on a built and checked database.
        period: First day of the month.
        folder: Existing, empty folder.
    """
    return [
        _freeze_table(connection, table, column, period, folder) for table, column in FROZEN.items()
    ]


def decimal_columns(connection: DuckDBPyConnection, relation: str) -> list[str]:
    """The columns of a relation that can be added up exactly."""
    described = connection.execute(f"describe select * from {relation}").fetchall()
    return [name for name, kind, *_ in described if kind.startswith("DECIMAL")]


def _freeze_table(
    connection: DuckDBPyConnection, table: str, column: str, period: date, folder: Path
) -> FrozenFile:
    """One mart's rows of a period. Ordered by all columns, so that equal rows are equal bytes."""
    path = folder / f"{table}.parquet"
    connection.execute(
        f"copy (select * from marts.{table} where {column} = date '{period.isoformat()}' "
        f"order by all) to '{path.as_posix()}' (format parquet, compression zstd)"
    )
    written = f"read_parquet('{path.as_posix()}')"
    columns = decimal_columns(connection, written)
    sums = "".join(f", cast(coalesce(sum({name}), 0) as varchar)" for name in columns)
    [(rows, *totals)] = connection.execute(f"select count(*){sums} from {written}").fetchall()
    return FrozenFile(
        name=path.name,
        sha256=verify.digest(path),
        size=path.stat().st_size,
        rows=rows,
        control_totals=dict(zip(columns, totals, strict=True)),
    )


def _to_disk(path: Path) -> None:
    """Wait until the disk has a file, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
