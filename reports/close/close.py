"""Closing and reopening a period: what must hold first, the frozen entry, and the register."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rate_cards.problems import InputError, Problem, relative
from reports.build import Parameters, inputs_digest, read_parameters
from reports.close import verify
from reports.close.freeze import finish, freeze, write_entry
from reports.close.verify import Entry
from reports.numbers import count, instant

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NOT_CLOSED = "Nothing was closed."
NOT_REOPENED = "Nothing was reopened."


@dataclass(frozen=True)
class Signed:
    """Who answers for a step, and what they say of it.

    Attributes:
        by: Name.
        comment: What a later reader should know; a reopening gives its reason here.
        explained: Why rows that were rejected may stay out; empty if none were.
        tasks: What people did before closing: task -> what they found.
    """

    by: str
    comment: str = ""
    explained: str = ""
    tasks: Mapping[str, str] | None = None


def evidence_folder(db: Path) -> Path:
    """Where the closed periods of a database are kept: beside it."""
    return db.with_name(f"{db.name}.closed")


def close(db: Path, period: date, signed: Signed) -> Entry:
    """Freeze a period of the books as they stand and enter it in the register.

    Repeating it after a crash finishes what was begun; a period that is closed stays as it is.

    Args:
        db: Database that was built and checked.
        period: First day of the month.
        signed: Who closes it.

    Returns:
        The entry of the chain.

    Raises:
        InputError: Something that must hold before a close does not: everything at once.
        EnvironmentProblem: The database is missing or held.
    """
    from ingestion.warehouse import writing

    root = evidence_folder(db)
    with writing(db) as connection:
        chain = _mended_chain(root)
        known = verify.in_force(chain).get(_label(period))
        if known is None:
            parameters, problems = _hindrances(connection, db, period, chain, signed)
            if problems or parameters is None:
                raise InputError(problems, NOT_CLOSED)
            known = _freeze_entry(connection, root, parameters, period, chain, signed)
        _register(connection, known)
    return known


def reopen(db: Path, period: date, signed: Signed) -> Entry:
    """Open a closed period, and with it every later one; what was frozen is kept as evidence.

    Args:
        db: Database whose books it belongs to.
        period: First day of the month.
        signed: Who reopens it, and why.

    Raises:
        InputError: It is not closed, or nothing is built.
        EnvironmentProblem: The database is missing or held.
    """
    from ingestion.warehouse import writing

    root = evidence_folder(db)
    label = _label(period)
    with writing(db) as connection:
        chain = _mended_chain(root)
        parameters = read_parameters(connection)
        if label not in verify.in_force(chain) or parameters is None:
            remedy = f"Closed periods: {', '.join(sorted(verify.in_force(chain))) or 'none'}."
            raise InputError(
                [Problem(label, "the period is not closed here", remedy)], NOT_REOPENED
            )
        entry = Entry(len(chain) + 1, "reopen", label, _prepared(root))
        at = parameters.as_of.astimezone(UTC)
        write_entry(root, entry, {"reopened": {**_person(signed), "at": at.isoformat()}})
        _register(connection, verify.entries(root)[-1])
    return verify.entries(root)[-1]


def _hindrances(
    connection: DuckDBPyConnection, db: Path, period: date, chain: list[Entry], signed: Signed
) -> tuple[Parameters | None, list[Problem]]:
    """What must be done before the period can be closed; the build that would be frozen."""
    parameters = read_parameters(connection)
    if parameters is None:
        return None, [Problem(db.name, "nothing is built", "Run creditbooks build and check.")]
    return parameters, [
        *_not_the_books(connection, db, parameters),
        *_failing_checks(connection, db),
        *_rejected_rows(connection, db, signed),
        *_not_its_turn(connection, period, chain, parameters),
    ]


def _not_the_books(
    connection: DuckDBPyConnection, db: Path, parameters: Parameters
) -> list[Problem]:
    """Files or configuration that the built books do not know."""
    if inputs_digest(connection) == parameters.inputs_sha256:
        return []
    message = "files or configuration were loaded after the books were built"
    return [Problem(db.name, message, "Run creditbooks build and check again.")]


def _failing_checks(connection: DuckDBPyConnection, db: Path) -> list[Problem]:
    """Checks that fail or were not run on this build. None of them can be skipped."""
    exists = connection.execute(
        "select 1 from information_schema.tables "
        "where table_schema = 'marts' and table_name = 'check_results'"
    ).fetchall()
    if not exists:
        message = "these books were not checked since they were built"
        return [Problem(db.name, message, "Run creditbooks check.")]
    failing = connection.execute(
        "select name, statement, failures from marts.check_results where not is_ok order by name"
    ).fetchall()
    return [
        Problem(name, f"does not hold: {statement} [{failures:,} failing]", "Correct it first.")
        for name, statement, failures in failing
    ]


def _rejected_rows(connection: DuckDBPyConnection, db: Path, signed: Signed) -> list[Problem]:
    """Rows that were set aside: somebody must say why the period is complete without them."""
    [(rejected,)] = connection.execute("select count(*) from raw.rejected_rows").fetchall()
    if not rejected or signed.explained:
        return []
    return [
        Problem(
            db.name,
            f"rejected and not in the books: {count(rejected, 'row')}",
            "Load them corrected, or say with --explain why the period is complete without them "
            "(raw.rejected_rows lists them).",
        )
    ]


def _not_its_turn(
    connection: DuckDBPyConnection, period: date, chain: list[Entry], parameters: Parameters
) -> list[Problem]:
    """Periods are closed one after another, and only once they are over."""
    periods = connection.execute(
        "select period, ends_at from staging.stg_periods order by period"
    ).fetchall()
    closed = verify.in_force(chain)
    waiting = [(each, ends_at) for each, ends_at in periods if _label(each) not in closed]
    label = _label(period)
    if period not in [each for each, _ in waiting]:
        first, last = _label(periods[0][0]), _label(periods[-1][0])
        return [Problem(label, "is no period of these books", f"They run from {first} to {last}.")]
    if waiting[0][0] != period:
        first = _label(waiting[0][0])
        return [Problem(label, f"{first} is still open", f"Close {first} first.")]
    over_at = waiting[0][1].replace(tzinfo=UTC)
    what = "the period ends"
    if (registered := registered_close(connection, period)) and registered > over_at:
        over_at, what = registered, "the register closes it"
    if over_at > parameters.as_of:
        return [
            Problem(
                label,
                f"{what} at {instant(over_at)}, and the books were built as of "
                f"{instant(parameters.as_of)}",
                f"Run creditbooks build --as-of {over_at:%Y-%m-%dT%H:%M:%SZ} (or later) and check.",
            )
        ]
    return []


def _freeze_entry(
    connection: DuckDBPyConnection,
    root: Path,
    parameters: Parameters,
    period: date,
    chain: list[Entry],
    signed: Signed,
) -> Entry:
    """Write the frozen files and their manifest."""
    folder = _prepared(root)
    files = freeze(connection, period, folder)
    entry = Entry(len(chain) + 1, "close", _label(period), folder)
    write_entry(
        root,
        entry,
        {
            "closed": {
                **_person(signed),
                "at": _closed_at(connection, period, parameters).isoformat(),
                "explained": signed.explained,
                "tasks": dict(signed.tasks or {}),
            },
            "build": {
                "book": parameters.book,
                "as_of": parameters.as_of.astimezone(UTC).isoformat(),
                "time_zone": parameters.time_zone,
                "models_sha256": parameters.models_sha256,
                "inputs_sha256": parameters.inputs_sha256,
                "creditbooks": version("creditbooks"),
                "duckdb": version("duckdb"),
            },
            "configuration": _rows(connection, "select path, sha256 from raw.config_files"),
            "inputs": _rows(
                connection,
                "select path, feed, sha256, mapping_sha256, rows, loaded, duplicates, rejected, "
                "excluded, control_total_name, control_total from raw.files",
            ),
            "checks": _rows(
                connection,
                "select name, statement, left_value, right_value from marts.check_results",
            ),
            "files": [asdict(file) for file in files],
        },
    )
    return verify.entries(root)[-1]


def _closed_at(connection: DuckDBPyConnection, period: date, parameters: Parameters) -> datetime:
    """When the period was closed: as the register has it, or else when the frozen books end.

    What is received from that instant on is booked later, so nothing can reach the period that
    the frozen books did not know.
    """
    return registered_close(connection, period) or parameters.as_of.astimezone(UTC)


def registered_close(connection: DuckDBPyConnection, period: date) -> datetime | None:
    """When a period was closed that the register has closed now; None for an open one.

    Entries move one frontier, in their order: a close to the end of its period, a reopening back to
    the start of its own. So a close covers earlier periods, and a reopening opens later ones.

    Args:
        connection: Open on a loaded database.
        period: First day of the month.
    """
    since: datetime | None = None
    for moved, action, at in connection.execute(
        "select period, action, closed_at from raw.period_closes order by closed_at, close_id"
    ).fetchall():
        is_closed = moved >= period if action == "close" else moved > period
        since = (since or at.replace(tzinfo=UTC)) if is_closed else None
    return since


def _register(connection: DuckDBPyConnection, entry: Entry) -> None:
    """Enter the close or reopening in the register, once."""
    manifest = verify.read_manifest(entry) or {}
    step: Any = manifest["closed" if entry.action == "close" else "reopened"]
    at = datetime.fromisoformat(step["at"]).replace(tzinfo=None)
    period = date.fromisoformat(f"{entry.period}-01")
    is_closed = registered_close(connection, period) is not None
    if is_closed != (entry.action == "close"):
        connection.execute(
            "insert into raw.period_closes (close_id, period, closed_at, action, reason, closed_by)"
            " values (?, ?, ?, ?, ?, ?)",
            [entry.folder.name, period, at, entry.action, step["comment"] or None, step["by"]],
        )


def _mended_chain(root: Path) -> list[Entry]:
    """The chain, without what a crash left half-done.

    Raises:
        InputError: It is not as it was frozen: nothing may be added to it.
    """
    root.mkdir(exist_ok=True)
    for left in root.glob(".*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    chain = verify.entries(root)
    if not chain:
        return []
    if _is_behind(root, chain):
        finish(root)
    problems = verify.verify(root)
    if problems:
        raise InputError(
            [
                Problem(
                    relative(root),
                    problem,
                    "Bring the file back from a copy; nothing can be added to a broken chain.",
                )
                for problem in problems
            ],
            NOT_CLOSED,
        )
    return chain


def _is_behind(root: Path, chain: list[Entry]) -> bool:
    """Whether a crash came after the last entry got its name and before HEAD and program did."""
    manifest = verify.read_manifest(chain[-1]) or {}
    if manifest.get("program") != verify.digest(Path(verify.__file__)):
        return False
    head = root / verify.HEAD
    named = head.read_text("ascii") if head.exists() else ""
    before = ""
    if len(chain) > 1:
        manifest_sha256 = verify.digest(chain[-2].folder / verify.MANIFEST)
        before = verify.head_line(chain[-2], manifest_sha256)
    last = verify.head_line(chain[-1], verify.digest(chain[-1].folder / verify.MANIFEST))
    has_program = (root / verify.PROGRAM).exists()
    return named == before or (named == last and not has_program)


def _prepared(root: Path) -> Path:
    """An empty folder to prepare an entry in."""
    folder = root / ".next"
    folder.mkdir()
    return folder


def _person(signed: Signed) -> dict[str, str]:
    return {"by": signed.by, "comment": signed.comment}


def _rows(connection: DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    """The rows of a query for a manifest: in one order, decimals as text."""
    found = connection.execute(f"{query} order by all")
    names = [column[0] for column in found.description]
    return [
        {
            name: str(value) if isinstance(value, Decimal) else value
            for name, value in zip(names, row, strict=True)
        }
        for row in found.fetchall()
    ]


def _label(period: date) -> str:
    """A period as people write it: 2025-07."""
    return f"{period:%Y-%m}"
