"""Writes docs/errors.md from the folders of tests/errors: python -m tests.errors_page."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.error_cases import ErrorCase, error_cases

PAGE = Path(__file__).resolve().parents[1] / "docs" / "errors.md"

HEADER = """\
<!-- Generated from tests/errors by `python -m tests.errors_page`; edit the folders there. -->

# Errors

Every error says where it is, what is wrong and what to do. All problems of a command are shown at
once, and a command that refuses its input changes nothing. Exit codes: 1 the data or the
configuration is wrong, 2 the command line is, 3 the environment is (a file is missing, the database
is held by another program).
"""


def errors_page(cases: Iterable[ErrorCase]) -> str:
    """The page as text: each case with its command, its exact words and why it is refused."""
    parts = [HEADER]
    for case in cases:
        title = case.name.replace("-", " ").replace("_", " ").capitalize().replace("yaml", "YAML")
        parts.append(
            f"## {title}\n\n{case.why}\n\n"
            f"```\n$ creditbooks {' '.join(case.arguments)}\n{case.expected.rstrip()}\n```\n\n"
            f"Exit code {case.exit_code}.\n"
        )
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(errors_page(error_cases()), encoding="utf-8")
