"""dbt, run inside this process on the repository's project, with its chatter kept in a log file."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rate_cards.problems import EnvironmentProblem, InputError, Problem, relative

PROJECT = Path(__file__).resolve().parents[1] / "dbt_project"

Variables = Mapping[str, str | int]

Progress = Callable[[str, int, int], None]
"""Called with what is being done, and how many of how many models or tests are done."""


@dataclass(frozen=True)
class NodeResult:
    """What became of one model or test.

    Attributes:
        name: Model or test name.
        model: The model a generic test hangs on; the name itself for a model; '' otherwise.
        description: What the project says about it; for a singular test, the sentence it refutes.
        status: dbt's word: success, pass, warn, fail, error or skipped.
        message: The engine's message when it did not succeed.
        failures: Failing rows of a test.
        path: File in the repository that defines it.
        relation: Schema and table that keeps a test's failing rows, '' when none.
    """

    name: str
    model: str
    description: str
    status: str
    message: str
    failures: int
    path: str
    relation: str

    @property
    def is_ok(self) -> bool:
        """Whether it did what it was asked to."""
        return self.status in ("success", "pass", "warn")


def folder_beside(db: Path) -> Path:
    """Where dbt keeps its log and compiled SQL for one database: beside the file it builds."""
    return db.with_name(db.name + ".dbt")


def run_dbt(
    verb: str, db: Path, variables: Variables, threads: int | None, progress: Progress
) -> list[NodeResult]:
    """Run one dbt verb over the whole project.

    Args:
        verb: `run` (the models) or `test` (the identities).
        db: Database file; nothing else may hold it.
        variables: The build's parameters, the project's `vars`.
        threads: Models built at a time; None leaves it to the dbt profile.
        progress: Told when a model or test begins.

    Returns:
        One result per model or test, in the order they were finished.

    Raises:
        EnvironmentProblem: The project is not there, or dbt could not start on it.
    """
    if not (PROJECT / "dbt_project.yml").is_file():
        raise EnvironmentProblem(
            Problem(
                "dbt_project",
                "the models are not beside the code",
                "Run creditbooks from a checkout of its repository.",
            )
        )
    # Absolute, since dbt reads a relative folder from its project's.
    folder = folder_beside(db.resolve())
    # Appended to by dbt without end; the log of one run is what anybody reads.
    shutil.rmtree(folder / "logs", ignore_errors=True)
    _forget_stale_parse(folder)
    arguments = [
        verb,
        *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target", "duckdb"),
        *("--target-path", str(folder), "--log-path", str(folder / "logs")),
        *("--log-level", "none", "--log-level-file", "info", "--no-use-colors-file"),
        *("--no-send-anonymous-usage-stats", "--no-version-check"),
        *("--vars", json.dumps(dict(variables))),
        *(("--threads", str(threads)) if threads else ()),
        # Unit tests prove the code, not the data: the developers' tests run them.
        *(("--exclude-resource-type", "unit_test") if verb == "test" else ()),
    ]
    os.environ["CREDITBOOKS_DB"] = str(db.resolve())
    os.environ["DO_NOT_TRACK"] = "1"

    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    def tell(event: Any) -> None:
        if event.info.name == "LogStartLine":
            # `sql table model marts.credit_lots` or `test assert_journals_balance`
            name = str(event.data.description).split()[-1].rpartition(".")[2]
            doing = "building" if verb == "run" else "checking"
            progress(f"{doing} {name}", event.data.index - 1, event.data.total)

    try:
        outcome = dbtRunner(callbacks=[tell]).invoke(arguments)
    finally:
        # dbt-duckdb keeps the file open for the life of the process, and nobody else could read it.
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if outcome.exception is not None:
        raise EnvironmentProblem(
            Problem(
                "dbt_project",
                f"dbt {verb} could not start",
                f"The whole log is in {relative(log_file(db))}.",
                excerpt=str(outcome.exception).strip(),
            )
        )
    runs = getattr(outcome.result, "results", [])
    return [_result(run) for run in runs if run.node.resource_type in ("model", "test")]


def kept_queries(names: Sequence[str], db: Path) -> dict[str, str]:
    """The queries of some models as the last build of a database left them; only those found."""
    files = (folder_beside(db.resolve()) / "compiled").rglob("*.sql")
    found = {path.stem: path for path in files}
    return {name: found[name].read_text(encoding="utf-8") for name in names if name in found}


def compiled_models(names: Sequence[str], db: Path, variables: Variables) -> dict[str, str]:
    """The queries of some models, as a build of a database runs them.

    So that a comparison prices usage by the rules of the models themselves, not by a copy of them.

    Args:
        names: Models.
        db: The database; it is not opened, and what dbt remembers of its build is used again.
        variables: The build's parameters, the project's `vars`.

    Raises:
        EnvironmentProblem: dbt could not compile them.
    """
    folder = folder_beside(db.resolve())
    _forget_stale_parse(folder)
    os.environ["CREDITBOOKS_DB"] = str(db.resolve())
    os.environ["DO_NOT_TRACK"] = "1"

    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    arguments = [
        *("compile", "--select", *names, "--quiet"),
        *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target", "duckdb"),
        *("--target-path", str(folder), "--log-path", str(folder / "logs")),
        *("--log-level", "none", "--no-introspect", "--no-populate-cache"),
        *("--no-send-anonymous-usage-stats", "--no-version-check"),
        *("--vars", json.dumps(dict(variables))),
    ]
    try:
        outcome = dbtRunner().invoke(arguments)
    finally:
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if not outcome.success:
        raise EnvironmentProblem(
            Problem(
                "dbt_project",
                "the pricing models could not be compiled",
                "Run creditbooks build; if it fails, too, correct what it says.",
                excerpt=str(outcome.exception or "").strip(),
            )
        )
    return {
        run.node.name: run.node.compiled_code
        for run in getattr(outcome.result, "results", [])
        if run.node.resource_type == "model"
    }


def _forget_stale_parse(folder: Path) -> None:
    """Drop what dbt remembers of the project if any file of it has changed since.

    Its partial parser reads only changed files, and takes a test that moved from one file to
    another for two tests of one name.
    """
    remembered = folder / "partial_parse.msgpack"
    if not remembered.is_file():
        return
    parsed_at = remembered.stat().st_mtime_ns
    # Folders too: theirs is the only time that a removed file changes.
    if any(path.stat().st_mtime_ns > parsed_at for path in PROJECT.rglob("*")):
        remembered.unlink()


def log_file(db: Path) -> Path:
    """The log dbt wrote in the last run on a database."""
    return folder_beside(db) / "logs" / "dbt.log"


def failures_as_error(results: Sequence[NodeResult], db: Path) -> InputError | None:
    """One problem per model that failed, in build order; what was skipped because of it is counted.

    Args:
        results: Of `run_dbt("run", ...)`.
        db: The database built.
    """
    failed = [result for result in results if result.status == "error"]
    skipped = sum(result.status == "skipped" for result in results)
    if not failed:
        return None
    problems = [
        Problem(
            f"dbt_project/{result.path}",
            f"model {result.name} failed",
            f"The whole log is in {relative(log_file(db))}.",
            excerpt=result.message,
        )
        for result in failed
    ]
    behind = f"; {skipped} models behind it were not built" if skipped else ""
    return InputError(problems, f"The marts are incomplete{behind}. Correct this and build again.")


def _result(run: object) -> NodeResult:
    """A result of dbt, reduced to what the commands show."""
    node = getattr(run, "node")  # noqa: B009 - dbt's results carry no types
    message = str(getattr(run, "message", None) or "")
    # The first line repeats the model's name and file, which the place says already.
    lines = [line.strip() for line in message.splitlines()]
    if lines and lines[0].endswith(")") and " in " in lines[0]:
        lines = lines[1:]
    tested = getattr(node, "attached_node", None) or ""
    return NodeResult(
        name=node.name,
        model=str(tested).rsplit(".", 1)[-1],
        description=" ".join(str(getattr(node, "description", "") or "").split()),
        status=str(getattr(run, "status", "")),
        message="\n".join(f"  {line}" for line in lines if line),
        failures=int(getattr(run, "failures", None) or 0),
        path=node.original_file_path,
        relation=".".join(str(node.relation_name or "").replace('"', "").split(".")[-2:]),
    )
