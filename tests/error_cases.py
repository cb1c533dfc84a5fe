"""The folders of tests/errors: an input that goes wrong, and the exact words shown for it.

A case is a folder with `case.yml` (`args`, `exit`, `why`, optionally `base` and `prepare`), its
input files and `expected.txt`, the whole of stderr. `base` names a folder under `_base` that is
copied first; `prepare` lists commands that must succeed before the one that fails.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
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

    @property
    def expected(self) -> str:
        """The whole of stderr."""
        return (self.folder / "expected.txt").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Outcome:
    """What a command line did."""

    exit_code: int
    stdout: str
    stderr: str


def error_cases() -> list[ErrorCase]:
    """Every case, by name; folders that start with an underscore are shared inputs."""
    folders = (path for path in FOLDER.iterdir() if path.is_dir() and path.name[0] != "_")
    return [read_case(folder) for folder in sorted(folders)]


def read_case(folder: Path) -> ErrorCase:
    """One case; an unknown key in case.yml is a mistake of its author."""
    text = (folder / "case.yml").read_text(encoding="utf-8")
    case: dict[str, Any] = yaml.safe_load(text)
    unknown = set(case) - {"args", "exit", "why", "base", "prepare"}
    assert not unknown, f"{folder.name}/case.yml: unknown {sorted(unknown)}"
    return ErrorCase(
        name=folder.name,
        folder=folder,
        arguments=tuple(str(word) for word in case["args"]),
        exit_code=int(case["exit"]),
        why=" ".join(str(case["why"]).split()),
        base=case.get("base"),
        prepare=tuple(tuple(str(word) for word in line) for line in case.get("prepare", [])),
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
        return run(*case.arguments)


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
