"""The folders of tests/errors: an input that goes wrong, and the exact words shown for it.

A case is a folder with `case.yml` (`args`, `exit`, `why`, optionally `base`, `prepare` and
`held`), its input files and `expected.txt`, all it complains of. `base` names a folder under
`_base` that is copied first; `prepare` lists commands that must succeed before the one that fails;
`held` names a database that another process holds meanwhile, shown as process 4711.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from reports.cli import main

FOLDER = Path(__file__).resolve().parent / "errors"
OWN_FILES = ("case.yml", "expected.txt")


@dataclass(frozen=True)
class ErrorCase:
    """One folder of tests/errors."""

    name: str
    folder: Path
    arguments: tuple[str, ...]
    exit_code: int
    why: str
    base: str | None
    prepare: tuple[tuple[str, ...], ...]
    held: str | None

    @property
    def expected(self) -> str:
        """All it complains of."""
        return (self.folder / "expected.txt").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Outcome:
    """What a command line did."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def complaint(self) -> str:
        """What it found wrong: stderr, or for `check`, whose result it is, the lines that fail."""
        failing = [line for line in self.stdout.splitlines() if "FAIL" in line]
        return self.stderr or "".join(f"{line}\n" for line in failing)


def error_cases() -> list[ErrorCase]:
    """Every case, by name; folders that start with an underscore are shared inputs."""
    folders = (path for path in FOLDER.iterdir() if path.is_dir() and path.name[0] != "_")
    return [read_case(folder) for folder in sorted(folders)]


def read_case(folder: Path) -> ErrorCase:
    """One case; an unknown key in case.yml is a mistake of its author."""
    text = (folder / "case.yml").read_text(encoding="utf-8")
    case: dict[str, Any] = yaml.safe_load(text)
    unknown = set(case) - {"args", "exit", "why", "base", "prepare", "held"}
    assert not unknown, f"{folder.name}/case.yml: unknown {sorted(unknown)}"
    return ErrorCase(
        name=folder.name,
        folder=folder,
        arguments=tuple(str(word) for word in case["args"]),
        exit_code=int(case["exit"]),
        why=" ".join(str(case["why"]).split()),
        base=case.get("base"),
        prepare=tuple(tuple(str(word) for word in line) for line in case.get("prepare", [])),
        held=case.get("held"),
    )


def lay_out(case: ErrorCase, folder: Path) -> None:
    """Copy the shared base, then the case's own files over it."""
    if case.base:
        shutil.copytree(FOLDER / "_base" / case.base, folder, dirs_exist_ok=True)
    shutil.copytree(
        case.folder, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*OWN_FILES)
    )


def run_case(case: ErrorCase, folder: Path) -> Outcome:
    """Lay out a case in an empty folder and run its command there."""
    lay_out(case, folder)
    with working_in(folder):
        for line in case.prepare:
            prepared = run(*line)
            assert prepared.exit_code == 0, f"{' '.join(line)}: {prepared.stderr}"
        if not case.held:
            return run(*case.arguments)
        with held_by_another_process(case.held) as process:
            outcome = run(*case.arguments)
        # Who holds it differs by machine and run; the words around it do not.
        program = Path(sys.executable).resolve().name
        words = outcome.stderr.replace(str(process), "4711").replace(f"by {program},", "by python,")
        return replace(outcome, stderr=words)


HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print(1, flush=True); input()"


@contextlib.contextmanager
def held_by_another_process(database: str) -> Iterator[int]:
    """Let another process hold a database; gives its process number."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, database],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.communicate("\n")


def run(*arguments: str) -> Outcome:
    """Run one command line inside this process, as a terminal without colour would."""
    stdout, stderr = io.StringIO(), io.StringIO()
    code: object = 0
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        try:
            main(arguments)
        except SystemExit as ended:
            code = ended.code
    return Outcome(int(str(code or 0)), stdout.getvalue(), stderr.getvalue())


@contextlib.contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Work in a folder, so that paths in messages are relative to it."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
