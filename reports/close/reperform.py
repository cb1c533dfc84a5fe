"""Performing closed periods again: what raw data gives today, against what was frozen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rate_cards.problems import InputError, Problem, relative
from reports.build import Parameters, built_parameters, inputs_digest
from reports.check_result import CheckResult
from reports.close import verify
from reports.close.close import evidence_folder
from reports.close.freeze import FROZEN, decimal_columns
from reports.numbers import count, credits_text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Difference:
    """A frozen table that raw data no longer gives.

    Attributes:
        period: The month, 2025-07.
        table: The mart.
        frozen_only: Rows that were frozen and are not made any more.
        only_now: Rows that are made now and were not frozen.
        totals: Decimal column -> its sum now less the frozen one, where they differ.
    """

    period: str
    table: str
    frozen_only: int
    only_now: int
    totals: dict[str, Decimal]


@dataclass(frozen=True)
class Reperformance:
    """One closed period performed again.

    Attributes:
        period: The month.
        rows: Rows compared, over all tables.
        differences: Tables that differ.
        causes: What is not as it was when the period was frozen: files, configuration, logic.
    """

    period: str
    rows: int
    differences: tuple[Difference, ...]
    causes: tuple[str, ...]


def reperform(db: Path, period: str | None) -> list[Reperformance]:
    """Compare the books that raw data gives today with the frozen ones, closed period by period.

    Args:
        db: Database whose books are built from raw data.
        period: One month, 2025-07; None for every closed one.

    Raises:
        InputError: The evidence was changed, the books are not those of what is loaded, or the
            period is not closed.
        EnvironmentProblem: The database is missing or held.
    """
    from ingestion.warehouse import reading

    root = evidence_folder(db)
    problems = verify.verify(root, period)
    if problems:
        remedy = "Bring the evidence back from a copy; creditbooks verify shows what is wrong."
        raise InputError([Problem(relative(root), problem, remedy) for problem in problems])
    with reading(db) as connection:
        parameters = built_parameters(connection, db)
        if inputs_digest(connection) != parameters.inputs_sha256:
            message = "files or configuration were loaded after the books were built"
            raise InputError([Problem(db.name, message, "Run creditbooks build first.")])
        return compare(connection, root, parameters, period)


def compare(
    connection: DuckDBPyConnection, root: Path, parameters: Parameters, period: str | None = None
) -> list[Reperformance]:
    """The books of a connection against the frozen ones, whose evidence is as it was frozen.

    Args:
        connection: Open on built books.
        root: The folder of evidence.
        parameters: What the books were built with.
        period: One closed month; None for every one.
    """
    closed = verify.in_force(verify.entries(root))
    return [
        _compare(connection, closed[each], parameters)
        for each in sorted(closed)
        if period in (None, each)
    ]


def closed_results(
    connection: DuckDBPyConnection, db: Path, parameters: Parameters
) -> list[CheckResult]:
    """Closed periods as checks: their evidence is unchanged, and the books still say the same.

    Returns:
        Nothing where no period was ever frozen.
    """
    root = evidence_folder(db)
    if not root.is_dir() or not verify.entries(root):
        return []
    problems = verify.verify(root)
    results = [] if problems else compare(connection, root, parameters)
    differing = sum(bool(result.differences) for result in results)
    return [
        CheckResult(
            name="evidence_is_as_frozen",
            kind="identity",
            statement="The evidence of closed periods is as it was frozen",
            failures=len(problems),
            is_ok=not problems,
        ),
        CheckResult(
            name="closed_periods_have_not_moved",
            kind="tie-out",
            statement="Closed periods say what they said when they were closed",
            left_name="closed",
            left_value=Decimal(len(results)),
            right_name="unchanged",
            right_value=Decimal(len(results) - differing),
            failures=differing,
            is_ok=not problems and not differing,
        ),
    ]


def report_lines(results: Iterable[Reperformance]) -> list[str]:
    """One line per period, and below it what differs and what is not as it was."""
    lines = []
    for result in results:
        if not result.differences:
            lines.append(f"{result.period}  as frozen: {count(result.rows, 'row')} compared")
            continue
        lines.append(f"{result.period}  differs in {count(len(result.differences), 'table')}")
        for each in result.differences:
            lines.append(
                f"  {each.table}: {each.frozen_only:,} frozen rows are not made any more, "
                f"{each.only_now:,} are new"
            )
            lines += [
                f"    {column} {'+' if change > 0 else ''}{credits_text(change)}"
                for column, change in each.totals.items()
            ]
        lines += [f"  since then: {cause}" for cause in result.causes]
    return lines


def _compare(
    connection: DuckDBPyConnection, entry: verify.Entry, parameters: Parameters
) -> Reperformance:
    """One closed period."""
    manifest = verify.read_manifest(entry) or {}
    differences = []
    for table, column in FROZEN.items():
        found = _difference(connection, entry, table, column)
        if found:
            differences.append(found)
    return Reperformance(
        entry.period,
        sum(file["rows"] for file in manifest["files"]),
        tuple(differences),
        tuple(_causes(connection, manifest, parameters)) if differences else (),
    )


def _difference(
    connection: DuckDBPyConnection, entry: verify.Entry, table: str, column: str
) -> Difference | None:
    """What a frozen table and the same rows made now do not share."""
    frozen = f"read_parquet('{(entry.folder / table).as_posix()}.parquet')"
    day = date.fromisoformat(f"{entry.period}-01")
    names = [name for name, *_ in connection.execute(f"describe select * from {frozen}").fetchall()]
    listed = ", ".join(names)
    now = f"(select {listed} from marts.{table} where {column} = date '{day}')"
    [(frozen_only, only_now)] = connection.execute(
        f"select (select count(*) from (select * from {frozen} except all from {now})), "
        f"(select count(*) from (from {now} except all select * from {frozen}))"
    ).fetchall()
    if not frozen_only and not only_now:
        return None
    totals = {}
    for each in decimal_columns(connection, frozen):
        [(change,)] = connection.execute(
            f"select coalesce((select sum({each}) from {now}), 0) "
            f"- coalesce((select sum({each}) from {frozen}), 0)"
        ).fetchall()
        if change:
            totals[each] = change
    return Difference(entry.period, table, frozen_only, only_now, totals)


def _causes(
    connection: DuckDBPyConnection, manifest: dict[str, Any], parameters: Parameters
) -> Iterable[str]:
    """What is not as it was: the reasons that books can differ, and there are no others."""
    files = {
        (path, sha256)
        for path, sha256 in connection.execute("select path, sha256 from raw.files").fetchall()
    }
    known = {(each["path"], each["sha256"]) for each in manifest["inputs"]}
    yield from (f"{path} was loaded" for path, _ in sorted(files - known))
    yield from (f"{path} is not loaded any more" for path, _ in sorted(known - files))
    rows = connection.execute("select path, sha256 from raw.config_files").fetchall()
    now = dict(rows)
    then = {each["path"]: each["sha256"] for each in manifest["configuration"]}
    for path in sorted(now.keys() | then.keys()):
        if path not in then:
            yield f"{path} was added"
        elif path not in now:
            yield f"{path} was removed"
        elif now[path] != then[path]:
            yield f"{path} was changed"
    if parameters.models_sha256 != manifest["build"]["models_sha256"]:
        yield "the models were changed"
