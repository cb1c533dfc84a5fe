"""`make bench`: the chain against one plain scan of the same data, what each feature adds to the
plainest book, and a whale against a crowd.

Every number is a ratio of two measurements of the same run on the same machine, or it is a size.
Seconds are printed beside them only to show what the ratio was made of.

    python -m tests.bench                      one million events
    python -m tests.bench --events 10000000    the size docs/performance.md reports
    python -m tests.bench --against HEAD~1     the same data through another revision, too
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from tests.bench.books import NORTHWIND, VARIANTS, write_variant

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "out" / "bench"
EVENTS_PER_CUSTOMER = 500
LOTS_PER_CUSTOMER = 12
MONTHS = 12

CREDITBOOKS = "from reports.cli import main; main()"

Figures = dict[str, Any]


def simulate(name: str, **options: int | bool) -> Path:
    """Data of a size, made once and kept: the same options give the same files."""
    folder = OUT / "data" / name
    done = folder.with_name(f"{name}.complete")
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        flags = [
            part
            for option, value in options.items()
            for part in (
                [f"--{option.replace('_', '-')}"] + ([] if value is True else [str(value)])
            )
        ]
        run("-c", CREDITBOOKS, "simulate", "--out", str(folder), "--seed", "7", *flags)
        done.touch()
    return folder


def run(*arguments: str, at: Path = ROOT) -> str:
    """Run Python on a checkout and give what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(at)}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=at,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise click.ClickException(done.stderr[-4000:])
    return done.stdout


def measure(
    name: str,
    data: Path,
    at: Path = ROOT,
    book: Path = NORTHWIND,
    verbs: tuple[str, ...] = ("load", "build", "check"),
) -> Figures:
    """Measure one book and data set in a new process and a new database."""
    db = OUT / f"{name}.duckdb"
    for old in (db, db.with_name(db.name + ".wal")):
        old.unlink(missing_ok=True)
    shutil.rmtree(db.with_name(db.name + ".dbt"), ignore_errors=True)
    print(f"measuring {name} ...", file=sys.stderr, flush=True)
    figures: Figures = json.loads(
        run("-m", "tests.bench.measure", str(book), str(data), str(db), *verbs, at=at)
    )
    (OUT / f"{name}.json").write_text(json.dumps(figures, indent=1))
    return figures


@contextmanager
def checkout(revision: str) -> Iterator[Path]:
    """A work tree of another revision, for as long as it is measured."""
    with TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        subprocess.run(
            ["git", "worktree", "add", "--detach", str(tree), revision],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        try:
            # The bench itself is this revision's, so that both are measured alike.
            shutil.copytree(ROOT / "tests" / "bench", tree / "tests" / "bench", dirs_exist_ok=True)
            yield tree
        finally:
            subprocess.run(
                ["git", "worktree", "remove", "--force", str(tree)], cwd=ROOT, check=True
            )


def stages(figures: Figures) -> dict[str, float]:
    """Wall seconds of what the table compares with the scan."""
    return {
        "load, with validation": figures["load"]["wall"],
        "rating to ledger": figures["rating_to_ledger"],
        "whole build (to trial balance)": figures["build"]["wall"],
        "check (identities and schemas)": figures["check"]["wall"],
        "load + build": figures["load"]["wall"] + figures["build"]["wall"],
        "run (load + build + check)": sum(figures[v]["wall"] for v in ("load", "build", "check")),
    }


def table(headings: list[str], rows: list[list[str]]) -> str:
    """A Markdown table, numbers right-aligned."""
    widths = [max(len(row[i]) for row in [headings, *rows]) for i in range(len(headings))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in [headings, *rows]
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def against_scan(figures: Figures, other: Figures | None, revision: str | None) -> str:
    """Each stage as a multiple of one scan-and-group; and of the other revision, if measured."""
    scan = figures["scan"]["wall"]
    headings = ["stage", "seconds", "x scan"] + ([f"x {revision}"] if other else [])
    rows = [["scan and group", f"{scan:.2f}", "1.0"] + ([""] if other else [])]
    for stage, seconds in stages(figures).items():
        row = [stage, f"{seconds:.2f}", f"{seconds / scan:.1f}"]
        if other:
            row.append(f"{seconds / stages(other)[stage]:.2f}")
        rows.append(row)
    return table(headings, rows)


def slowest(figures: Figures, count: int = 8) -> str:
    """The models that take longest, in scans."""
    scan = figures["scan"]["wall"]
    models = sorted(figures["models"].items(), key=lambda item: -item[1])[:count]
    return table(
        ["model", "seconds", "x scan"],
        [[name, f"{seconds:.2f}", f"{seconds / scan:.2f}"] for name, seconds in models],
    )


@click.command()
@click.option("--events", default=1_000_000, show_default=True)
@click.option("--against", "revision", help="Measure this revision too, on the same data.")
@click.option("--features/--no-features", default=True, help="Say what each feature costs.")
@click.option("--whale/--no-whale", default=True, help="Compare one customer with a thousand.")
def bench(events: int, revision: str | None, features: bool, whale: bool) -> None:
    """Print the tables of docs/performance.md for the machine at hand."""
    OUT.mkdir(parents=True, exist_ok=True)
    customers = max(1, events // EVENTS_PER_CUSTOMER)
    data = simulate(
        f"spread-{events}",
        customers=customers,
        events=events,
        months=MONTHS,
        lots_per_customer=LOTS_PER_CUSTOMER,
    )
    figures = measure(f"spread-{events}", data)
    other = None
    if revision:
        with checkout(revision) as tree:
            other = measure("other-revision", data, at=tree)
    print(
        f"\n{figures['events']:,} events, {figures['customers']:,} customers, {MONTHS} months, "
        f"{figures['lots']:,} lots, {figures['ledger_entries']:,} ledger entries, "
        f"{os.cpu_count()} cores\n"
    )
    print(against_scan(figures, other, revision))
    print(
        f"\nPeak memory: load {figures['peak_mb_after_load']:,.0f} MB, "
        f"build {figures['peak_mb_after_build']:,.0f} MB, "
        f"check {figures['peak_mb_after_check']:,.0f} MB\n"
    )
    print(slowest(figures))
    if features:
        print_features(data)
    if whale:
        print_whale()


def print_features(data: Path) -> None:
    """The plainest book over the same usage and payments, and each feature switched on alone."""
    rows = []
    for name, words in VARIANTS.items():
        book = write_variant(OUT / "books" / name, name, data)
        figures = measure(name, data, book=book, verbs=("load", "build"))
        scan = figures["scan"]["wall"]
        spent = (figures["rating_to_ledger"], figures["build"]["wall"])
        rows.append(
            [words, f"{figures['lots']:,}", *(f"{seconds / scan:.1f}" for seconds in spent)]
        )
    print("\nWhat features cost, in scans\n")
    print(table(["book", "lots", "rating to ledger", "whole build"], rows))


def print_whale() -> None:
    """One customer with 10,000 lots and a million events, against a thousand sharing both."""
    options = {"events": 1_000_000, "months": MONTHS}
    crowd = measure("crowd", simulate("crowd", customers=1000, lots_per_customer=10, **options))
    alone = measure(
        "whale", simulate("whale", customers=1, lots_per_customer=10_000, whale=True, **options)
    )
    rows = [
        [
            stage,
            f"{seconds:.2f}",
            f"{stages(alone)[stage]:.2f}",
            f"{stages(alone)[stage] / seconds:.2f}",
        ]
        for stage, seconds in stages(crowd).items()
    ]
    print(
        f"\nA whale ({alone['lots']:,} lots, {alone['events']:,} events) against "
        f"{crowd['customers']:,} customers ({crowd['lots']:,} lots, {crowd['events']:,} events)\n"
    )
    print(table(["stage", "crowd, seconds", "whale, seconds", "whale / crowd"], rows))


if __name__ == "__main__":
    bench()
