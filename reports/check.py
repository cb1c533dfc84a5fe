"""Prove the books: dbt's identities, tie-outs in both numbers, and the schema of every mart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from rate_cards.problems import InputError, Problem
from reports.build import built_parameters
from reports.check_result import CheckResult
from reports.dbt_runner import NodeResult, Progress, run_dbt
from reports.numbers import money

if TYPE_CHECKING:
    pass

RESULTS = "check_results"


def check(db: Path, threads: int | None, progress: Progress) -> list[CheckResult]:
    """Run every check on a built database and keep the results in `marts.check_results`.

    Args:
        db: Database that `build` made.
        threads: Tests run at a time; None leaves it to the dbt profile.
        progress: Told when a test begins.

    Returns:
        Every result, failing or not: files, identities, tie-outs, statements, keys, schemas.

    Raises:
        InputError: Nothing is built yet, or a test could not run.
        EnvironmentProblem: The database is missing or held.
    """
    from ingestion.warehouse import reading
    from reports.close.reperform import closed_results
    from reports.output_checks import schema_results
    from reports.tie_outs import (
        cash_results,
        file_results,
        statement_results,
        tie_out_results,
    )

    with reading(db) as connection:
        parameters = built_parameters(connection, db)
    tests = run_dbt("test", db, parameters.variables, threads, progress)
    with reading(db) as connection:
        results = [
            *file_results(connection),
            *identity_results(tests),
            *tie_out_results(connection),
            *statement_results(connection),
            *cash_results(connection),
            *closed_results(connection, db, parameters),
            *schema_results(connection),
        ]
    _keep(db, results)
    return results


def identity_results(tests: Sequence[NodeResult]) -> list[CheckResult]:
    """The tests of dbt as check results: one per identity, one per model for its keys and values.

    Args:
        tests: What `run_dbt("test", ...)` returned.

    Raises:
        InputError: A test could not be run, which proves nothing either way.
    """
    broken = [test for test in tests if test.status in ("error", "skipped")]
    if broken:
        raise InputError(
            [
                Problem(
                    f"dbt_project/{test.path}",
                    f"test {test.name} could not run",
                    "Build again; if it repeats, the model and this test disagree on columns.",
                    excerpt=test.message,
                )
                for test in broken
            ],
            "Nothing was proved.",
        )
    of_models: defaultdict[str, list[NodeResult]] = defaultdict(list)
    results = []
    for test in tests:
        if test.model:
            of_models[test.model].append(test)
        else:
            results.append(_identity(test))
    return sorted(results, key=lambda result: result.name) + [
        _keys(model, of_models[model]) for model in sorted(of_models)
    ]


def report_lines(results: Iterable[CheckResult]) -> list[str]:
    """One line per check: ok, note or FAIL, the name, both numbers where there are two."""
    lines = []
    for result in results:
        word = "FAIL" if not result.is_ok else "note" if result.failures else "ok  "
        line = f"{word}  {result.statement}"
        if result.left_value is not None and result.right_value is not None:
            sign = "=" if result.left_value == result.right_value else "≠"
            line += (
                f": {result.left_name} {money(result.left_value, result.decimals)} {sign} "
                f"{result.right_name} {money(result.right_value, result.decimals)}"
            )
        if result.failures:
            line += f" [{result.failures:,} {'not explained' if result.is_ok else 'failing'}"
            line += f", kept in {result.rows_kept_in}]" if result.rows_kept_in else "]"
        lines.append(line)
    return lines


def _identity(test: NodeResult) -> CheckResult:
    """A singular test: its description is the statement."""
    return CheckResult(
        name=test.name,
        kind="identity",
        statement=test.description.rstrip(".") or _sentence(test.name),
        failures=test.failures,
        is_ok=test.is_ok,
        rows_kept_in="" if test.is_ok else test.relation,
    )


def _sentence(name: str) -> str:
    """The name of a test as the sentence it asserts: `assert_lots_conserve_money`."""
    return name.removeprefix("assert_").replace("_", " ").capitalize()


def _keys(model: str, tests: Sequence[NodeResult]) -> CheckResult:
    """The generic tests of one model, as one line."""
    failing = [test for test in tests if not test.is_ok]
    return CheckResult(
        name=f"keys_{model}",
        kind="keys",
        statement=f"Keys and values of {model} hold",
        left_name="rules",
        left_value=Decimal(len(tests)),
        right_name="holding",
        right_value=Decimal(len(tests) - len(failing)),
        failures=sum(test.failures for test in failing),
        is_ok=not failing,
        rows_kept_in=", ".join(test.relation for test in failing),
    )


def _keep(db: Path, results: Sequence[CheckResult]) -> None:
    """Store the results beside the marts they speak about."""
    import polars as pl

    from ingestion.warehouse import replace_table, writing

    number = pl.Decimal(38, 9)
    frame = pl.DataFrame(
        [asdict(result) for result in results],
        schema={
            "name": pl.String,
            "kind": pl.String,
            "statement": pl.String,
            "left_name": pl.String,
            "left_value": number,
            "right_name": pl.String,
            "right_value": number,
            "decimals": pl.Int32,
            "failures": pl.Int64,
            "is_ok": pl.Boolean,
            "rows_kept_in": pl.String,
        },
    )
    with writing(db) as connection:
        replace_table(connection, "marts", RESULTS, frame)
