"""Puts into README and docs what the commands they show print: python -m tests.docs_output.

A block marked `console` holds lines `$ command`, each followed by what it prints. They run in a
folder where `creditbooks demo` has been run, so pages show the demo book as it is; BOOKS names the
bundled books.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DIGEST = re.compile(r"(?<=sha256 )[0-9a-f]{12}")


def refreshed(page: str, output_of: Callable[[str], str]) -> str:
    """A page with the output of each command put in anew.

    Args:
        page: Its text.
        output_of: Runs a command line; what it printed.
    """

    def rerun(block: re.Match[str]) -> str:
        commands = [line for line in block[1].splitlines() if line.startswith("$ ")]
        shown = "".join(f"{command}\n{output_of(command[2:])}" for command in commands)
        return f"```console\n{shown}```"

    return BLOCK.sub(rerun, page)


def without_digests(text: str) -> str:
    """The text with file digests blanked: a new DuckDB may compress the same rows differently."""
    return DIGEST.sub("…", text)


def shell_in(folder: Path) -> Callable[[str], str]:
    """Runs command lines in a folder, with the project's commands on the path."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    books = ROOT / "rate_cards" / "books"
    environment = {**os.environ, "PATH": path, "COLUMNS": "100", "BOOKS": str(books)}

    def run(command: str) -> str:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return done.stdout

    return run


def main() -> None:
    """Write every page again."""
    with tempfile.TemporaryDirectory() as folder:
        run = shell_in(Path(folder))
        print(run("creditbooks demo"))
        for page in PAGES:
            page.write_text(refreshed(page.read_text("utf-8"), run), encoding="utf-8")


if __name__ == "__main__":
    main()
