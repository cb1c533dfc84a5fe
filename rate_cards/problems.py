"""What is wrong with an input, where, and what to do about it: collected, then shown at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one input.

    Attributes:
        place: File as the user wrote it, relative where possible; or a command or database name.
        message: What is wrong, with both values where two disagree. One line, no full stop.
        remedy: What to do about it, as one or more sentences.
        line: 1-based line in the file, if it has one.
        column: 1-based column of the offending token.
        excerpt: Lines to show under the message, for example the YAML line and a caret, or rows.
    """

    place: str
    message: str
    remedy: str
    line: int | None = None
    column: int | None = None
    excerpt: str = ""

    @property
    def sort_key(self) -> tuple[str, int, int, str]:
        """Place, then line and column, then text: the order problems are shown in."""
        return (self.place, self.line or 0, self.column or 0, self.message)

    def render(self) -> str:
        """The problem as people read it: `file:line:column: message`, excerpt, remedy."""
        where = ":".join(str(part) for part in (self.place, self.line, self.column) if part)
        parts = [f"{where}: {self.message}"]
        if self.excerpt:
            parts.append(self.excerpt.rstrip("\n"))
        parts.append(self.remedy)
        return "\n".join(parts)


class InputError(Exception):
    """The data or the configuration is wrong (exit code 1). Carries every problem found."""

    exit_code = 1

    def __init__(self, problems: Iterable[Problem], outcome: str = "") -> None:
        """Keep problems in reading order.

        Args:
            problems: At least one.
            outcome: What became of the command, for example "Nothing was loaded."
        """
        self.problems = sorted(set(problems), key=lambda problem: problem.sort_key)
        self.outcome = outcome
        super().__init__(self.render())

    def render(self) -> str:
        """All problems, a blank line between them, then a count and the outcome."""
        count = len(self.problems)
        closing = f"{count} problem{'' if count == 1 else 's'}. {self.outcome}".rstrip()
        return "\n\n".join([*(problem.render() for problem in self.problems), closing])


class EnvironmentProblem(Exception):
    """The machine is not as needed: a file is missing, the database is held (exit code 3)."""

    exit_code = 3

    def __init__(self, problem: Problem) -> None:
        """Carry the one problem that stopped the command."""
        self.problem = problem
        super().__init__(problem.render())


def unusable(path: Path, error: OSError, remedy: str) -> EnvironmentProblem:
    """A file the machine does not let us read or write."""
    return EnvironmentProblem(Problem(relative(path), error.strerror or str(error), remedy))


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence that offers the known name most like a misspelt one, or lists them all."""
    names = list(known)
    close = get_close_matches(name, names, n=1)
    if close:
        return f'Did you mean "{close[0]}"?'
    return f"Known here: {', '.join(names)}." if names else "None is known here."


def excerpt_at(text: str, line: int, column: int, width: int = 1) -> str:
    """The source line with a caret under the offending token.

    Args:
        text: Whole text of the file.
        line: 1-based line.
        column: 1-based column of the token.
        width: Characters to underline.
    """
    lines = text.splitlines()
    if not 0 < line <= len(lines):
        return ""
    label = f"{line} | "
    return f"{label}{lines[line - 1]}\n{' ' * (len(label) + column - 1)}{'^' * max(width, 1)}"


def relative(path: Path, base: Path | None = None) -> str:
    """The path from the working folder (or `base`) if it lies below it, else as given."""
    try:
        return path.resolve().relative_to((base or Path.cwd()).resolve()).as_posix()
    except ValueError:
        return path.as_posix()
