"""`python -m tests.golden [FILE ...]`: outside cases through the public feeds and commands."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.golden.cases import NotCases, read_cases
from tests.golden.review import read_reviews
from tests.golden.run import CommandFailed, Line, run_cases

SHARED = Path(__file__).resolve().parents[3] / "shared" / "golden"
FILES = (
    "burn_down_cases.json",
    "vendor_credit_examples.yml",
    "gaap_cases.json",
    "vendor_revenue_examples.yml",
)
WORDS = {
    "pass": "pass",
    "policy": "different by policy",
    "outside": "outside scope",
    "refuted": "contradict themselves and are not repeated",
    "needs": "need a feature",
    "differs": "differ",
    "unread": "could not be read",
    "shrink": "listed, yet pass",
    "check": "checks fail",
}


def main(arguments: Sequence[str]) -> int:
    """Print a line per case and a total; 0 when nothing is left to do, 1 else, 3 without files."""
    paths = [Path(name) for name in arguments] or [SHARED / name for name in FILES]
    missing = [path for path in paths if not path.is_file()]
    if missing:
        print(f"no such file: {', '.join(map(str, missing))}", file=sys.stderr)
        return 3
    try:
        cases = [case for path in paths for case in read_cases(path)]
        with tempfile.TemporaryDirectory(prefix="golden-") as folder:
            lines = run_cases(cases, read_reviews(), Path(folder), _say)
    except (NotCases, CommandFailed) as problem:
        print(problem, file=sys.stderr)
        return 1
    for line in lines:
        print(line)
    for line in waiting(lines):
        print(line)
    print(total(lines))
    return 0 if all(line.is_fine for line in lines) else 1


def total(lines: Sequence[Line]) -> str:
    """One line: how many cases, and how many of each outcome."""
    counts = Counter(line.word for line in lines)
    parts = [f"{counts[word]} {meaning}" for word, meaning in WORDS.items() if counts[word]]
    cases = len(lines) - counts["check"]
    return f"{cases} cases: {', '.join(parts)}."


def waiting(lines: Sequence[Line]) -> list[str]:
    """The features that cases wait for, those of most cases first."""
    counts = Counter(need for line in lines for need in line.needs)
    return [
        f"{count:>4} cases need {need}"
        for need, count in sorted(counts.items(), key=lambda found: (-found[1], found[0]))
    ]


def _say(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
