"""Running the real command line inside a test."""

from __future__ import annotations

import pytest

from reports.cli import main


def exit_code(*arguments: str) -> int:
    """Run `creditbooks` with the arguments and give its exit code."""
    with pytest.raises(SystemExit) as stopped:
        main(list(arguments))
    return int(stopped.value.code or 0)
