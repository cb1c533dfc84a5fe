"""`python -m tests.payloads [FILE]`: usage payloads of model providers through load and build.

A line per provider and flavour: how many token counts and costs are those that others found, and by
which entries of the reviewed list the rest differ or miss. Then the reasons, and where prices were
from. Ends with 1 if a difference is in no reviewed list.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.payloads.compare import NO_FIGURE, judge
from tests.payloads.prices import read_prices
from tests.payloads.review import Reviewed, read_reviewed
from tests.payloads.run import Answer, Payload, read_payloads, run_payloads

SHARED = Path(__file__).resolve().parents[3] / "shared/data/usage/provider_usage_payloads.json"
MOST_SHOWN = 200


@dataclass
class Tally:
    """What was compared, and how it came out.

    Attributes:
        compared: Things that could be compared.
        equal: Of these, the equal ones.
        reviewed: Key in the reviewed list -> differences it explains.
        unexplained: Differences in no list.
    """

    compared: int = 0
    equal: int = 0
    reviewed: Counter[str] = field(default_factory=Counter)
    unexplained: int = 0

    def __add__(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(
            self.compared + other.compared,
            self.equal + other.equal,
            self.reviewed + other.reviewed,
            self.unexplained + other.unexplained,
        )

    def __str__(self) -> str:
        """In words."""
        rest = [f"{count:,} {key}" for key, count in sorted(self.reviewed.items())]
        rest += [f"{self.unexplained:,} UNEXPLAINED"] if self.unexplained else []
        return f"{self.equal:,} of {self.compared:,}" + (f" ({', '.join(rest)})" if rest else "")


@dataclass
class Report:
    """How the payloads of a file came out.

    Attributes:
        counts: Provider/flavour -> token counts.
        prices: Provider/flavour -> costs.
        entries: Entry of the file that gives costs -> whether all of them are equal.
        sources: Which lists the costs that are equal were priced from -> how many.
        independent: Of them, those without a price of the project that the figures are from.
        unexplained: A line per difference that is in no list.
        used: Places in the reviewed list that something needed.
    """

    counts: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    prices: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    entries: dict[str, bool] = field(default_factory=dict)
    sources: Counter[str] = field(default_factory=Counter)
    independent: int = 0
    unexplained: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    @property
    def all_counts(self) -> Tally:
        """Of all groups."""
        return sum(self.counts.values(), Tally())

    @property
    def all_prices(self) -> Tally:
        """Of all groups."""
        return sum(self.prices.values(), Tally())

    def add(self, payload: Payload, answer: Answer, reviewed: list[Reviewed]) -> None:
        """Judge one payload."""
        group = f"{payload.provider}/{payload.flavour}"
        verdict = judge(payload, answer)
        compared = [("counts", verdict.counts, self.counts[group])]
        if verdict.price != NO_FIGURE:
            compared.append(("price", verdict.price, self.prices[group]))
            entry = payload.case.partition("/")[0]
            self.entries[entry] = self.entries.get(entry, True) and not verdict.price
            if not verdict.price:
                self.sources[" + ".join(sorted({price.source for price in answer.prices}))] += 1
                self.independent += all(price.is_independent for price in answer.prices)
        for what, said, tally in compared:
            tally.compared += 1
            if not said:
                tally.equal += 1
            elif known := next(
                (r for r in reviewed if r.covers(payload, answer, what, said)), None
            ):
                tally.reviewed[known.key] += 1
                self.used.add(known.place)
            else:
                tally.unexplained += 1
                self.unexplained.append(f"{payload.case}  {what}: {said}")

    def lines(self, reviewed: list[Reviewed]) -> list[str]:
        """What is printed."""
        width = max(map(len, self.counts), default=0)
        lines = [
            f"{group:{width}}  counts {counts}"
            + (f"; costs {self.prices[group]}" if group in self.prices else "; no costs given")
            for group, counts in sorted(self.counts.items())
        ]
        hits = self.all_counts.reviewed + self.all_prices.reviewed
        lines += ["", "Reviewed:"]
        reasons = {entry.key: entry.reason for entry in reviewed}
        lines += [f"  {count:5,}  {key}: {reasons[key]}" for key, count in hits.most_common()]
        lines += ["", "Prices of the costs that are equal:"]
        lines += [f"  {count:5,}  {source}" for source, count in self.sources.most_common()]
        lines += ["", *self.unexplained[:MOST_SHOWN]] if self.unexplained else []
        counts, prices = self.all_counts, self.all_prices
        share = f"{100 * prices.equal / prices.compared:.1f} %" if prices.compared else "none"
        return [
            *lines,
            "",
            f"Token counts  {counts.equal:,} of {counts.compared:,} equal, "
            f"{counts.reviewed.total():,} reviewed, {counts.unexplained:,} unexplained",
            f"Costs         {prices.equal:,} of {prices.compared:,} equal ({share}; "
            f"{self.independent:,} by independent prices), "
            f"{prices.reviewed.total():,} reviewed, {prices.unexplained:,} unexplained",
            f"Entries       {sum(self.entries.values()):,} of the {len(self.entries):,} that give "
            "costs are equal in all of them",
        ]


def report(path: Path, reviewed: list[Reviewed]) -> Report:
    """Load and build one book of the payloads of a file, and judge each."""
    payloads = read_payloads(path)
    with TemporaryDirectory() as folder:
        answers = run_payloads(payloads, read_prices(), Path(folder))
    result = Report()
    for payload in payloads:
        result.add(payload, answers.get(payload.case, Answer()), reviewed)
    return result


if __name__ == "__main__":
    listed = read_reviewed()
    found = report(Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED, listed)
    print("\n".join(found.lines(listed)))
    sys.exit(1 if found.unexplained else 0)
