"""`python -m tests.payloads [FILE]`: usage payloads of model providers through load and build.

A line per provider and flavour: how many token counts and costs are those that others found, and
why the rest are not compared or differ. Ends with 1 if a difference is in no reviewed list.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.payloads.compare import judge, read_reviewed
from tests.payloads.prices import read_prices
from tests.payloads.run import Answer, read_payloads, run_payloads

SHARED = Path(__file__).resolve().parents[3] / "shared/data/usage/provider_usage_payloads.json"
MOST_SHOWN = 200
NOT_COMPARED = ("no figure", "no price")


def report(path: Path) -> tuple[list[str], int, dict[str, int]]:
    """Lines to print, unexplained differences, and totals by what was found."""
    payloads = read_payloads(path)
    with TemporaryDirectory() as folder:
        answers = run_payloads(payloads, read_prices(), Path(folder))
    reviewed, groups, why = read_reviewed(), defaultdict(Counter), Counter()
    unexplained: list[str] = []
    for payload in payloads:
        verdict = judge(payload, answers.get(payload.case, Answer()))
        group = groups[payload.provider, payload.flavour]
        group["payloads"] += 1
        for what, said in (("counts", verdict.counts), ("price", verdict.price)):
            if said in ("", "priced"):
                group[f"{what} equal"] += 1
            elif said.startswith(NOT_COMPARED):
                group["not priced"] += 1
                why[said] += 1
            elif known := next((r for r in reviewed if r.covers(payload, what, said)), None):
                group[f"{what} reviewed"] += 1
                why[f"{what} differ, reviewed: {known.reason}"] += 1
            else:
                group[f"{what} DIFFER"] += 1
                unexplained.append(f"{payload.case}  {what}: {said}")
    lines = [
        f"{provider + '/' + flavour:36} "
        + ", ".join(f"{count:,} {name}" for name, count in sorted(group.items()))
        for (provider, flavour), group in sorted(groups.items())
    ]
    lines += ["", *(f"{count:6,}  {words}" for words, count in why.most_common())]
    lines += ["", *unexplained[:MOST_SHOWN]] if unexplained else []
    totals = sum(groups.values(), Counter())
    lines += ["", ", ".join(f"{count:,} {name}" for name, count in sorted(totals.items()))]
    return lines, len(unexplained), dict(totals)


if __name__ == "__main__":
    lines, unexplained, _ = report(Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED)
    print("\n".join(lines))
    sys.exit(1 if unexplained else 0)
