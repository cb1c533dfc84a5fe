"""The command line: help that can be followed, options anywhere, four exit codes, no traceback."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import duckdb
import pytest

from reports.cli import VERBS, Root, engine_failure, root
from tests.error_cases import run, working_in

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by the words that call it."""
    assert isinstance(root, Root)
    context = click.Context(root)
    for verb in VERBS:
        command = root.get_command(context, verb)
        assert command is not None
        if isinstance(command, click.Group):
            yield from ((f"{verb} {name}", below) for name, below in command.commands.items())
        else:
            yield verb, command


COMMANDS = dict(commands())


@pytest.mark.parametrize("words", COMMANDS)
def test_command_has_help_with_an_example_that_calls_it(words: str) -> None:
    shown = run(*words.split(), "--help")
    assert shown.exit_code == 0
    _, _, example = shown.stdout.partition("Example:\n")
    assert f"creditbooks {words}" in example
    for option in ("--book", "--data", "--db", "--json"):
        assert option in shown.stdout


@pytest.mark.parametrize("words", COMMANDS)
def test_example_of_a_command_names_only_options_it_has(words: str) -> None:
    text = COMMANDS[words].help or ""
    for line in re.findall(r"^\s*(creditbooks .+)$", text.split("Example:")[-1], re.MULTILINE):
        called = next(name for name in COMMANDS if f"creditbooks {name}" in line)
        known = {option for param in COMMANDS[called].params for option in param.opts}
        used = {word for word in shlex.split(line) if word.startswith("--")}
        assert used <= known


@pytest.mark.parametrize("words", COMMANDS)
def test_command_has_a_place_in_the_documentation(words: str) -> None:
    pages = [page.name for page in PAGES if f"creditbooks {words}" in page.read_text("utf-8")]
    assert pages


@pytest.mark.parametrize("verb", VERBS)
def test_list_of_verbs_says_what_the_verbs_own_help_says_first(verb: str) -> None:
    assert isinstance(root, Root)
    command = root.get_command(click.Context(root), verb)
    assert command is not None
    assert (command.help or "").split("\n")[0] == VERBS[verb][1]


def test_help_loads_none_of_the_libraries_that_take_seconds() -> None:
    slow = ("dbt", "duckdb", "pandera", "polars")
    script = (
        "import sys\nfrom reports.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print(*(name for name in {slow} if name in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stderr.strip() == ""


@pytest.mark.parametrize("arguments", [["--db", "x.duckdb", "check"], ["check", "--db=x.duckdb"]])
def test_shared_options_stand_before_or_after_the_verb(
    arguments: list[str], tmp_path: Path
) -> None:
    with working_in(tmp_path):
        shown = run(*arguments)
    assert shown.stderr.startswith("x.duckdb: there is no such database")


def test_shared_option_after_the_verb_wins_over_the_one_before_it(tmp_path: Path) -> None:
    with working_in(tmp_path):
        shown = run("--db", "before.duckdb", "check", "--db", "after.duckdb")
    assert shown.stderr.startswith("after.duckdb:")


def test_shared_options_stand_after_the_verb_of_a_group(tmp_path: Path) -> None:
    with working_in(tmp_path):
        shown = run("rates", "lint", "--book", "nowhere")
    assert shown.exit_code == 3
    assert shown.stderr.startswith("nowhere: ")


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["--help"], 0),
        (["--version"], 0),
        (["close-the-books"], 2),
        (["build", "--as-off", "2026-01"], 2),
        (["build", "--threads", "0"], 2),
        (["trace"], 2),
        (["check"], 3),
        (["build"], 3),
        (["trace", "lot_1"], 3),
        (["rates", "lint", "--book", "nowhere"], 3),
    ],
)
def test_exit_code_says_whose_move_it_is(
    arguments: list[str], exit_code: int, tmp_path: Path
) -> None:
    with working_in(tmp_path):
        shown = run(*arguments)
    assert shown.exit_code == exit_code
    assert "Traceback" not in shown.stderr
    if exit_code:
        assert shown.stdout == ""


def test_engine_that_gives_up_is_an_environment_problem() -> None:
    problem = engine_failure(duckdb.OutOfMemoryException("Out of Memory Error: 5.5 GiB used\nhint"))
    assert problem is not None
    assert problem.message == "the database engine stopped: Out of Memory Error: 5.5 GiB used"
    # A query that cannot be bound is a mistake of ours, and shows where.
    assert engine_failure(duckdb.BinderException("no such column")) is None
    assert engine_failure(ValueError("x")) is None


def test_a_file_that_is_no_database_is_an_environment_problem(tmp_path: Path) -> None:
    (tmp_path / "notes.duckdb").write_text("these are not books " * 1000)
    with working_in(tmp_path):
        shown = run("check", "--db", "notes.duckdb")
    assert shown.exit_code == 3
    assert "notes.duckdb" in shown.stderr
