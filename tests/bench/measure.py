"""Measure one book in a process of its own: a plain scan of its usage, then load, build and check.

Run by tests.bench, which compares; prints one JSON object. In a process of its own so that peak
memory is this book's and nothing else's.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

LEDGER = "model.creditbooks.credit_ledger"
"""The event-level ledger: it and all models it is made from are what rating to ledger costs."""


def timed(work: Callable[[], object]) -> dict[str, float]:
    """Wall and processor seconds of a piece of work; processor time counts every thread."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def scan_and_group(data: Path) -> dict[str, float]:
    """The floor: one query that reads the usage files and groups them by customer, meter and day.

    The best of three, so that the files are in the page cache as they are for everything after.
    """
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    query = f"""
        create or replace table grouped as
        select customer_id, meter, date_trunc('day', occurred_at) as day, count(*), sum(quantity)
        from read_parquet('{data}/usage/*.parquet')
        group by customer_id, meter, day
    """
    runs = [timed(lambda: connection.execute(query)) for _ in range(3)]
    connection.close()
    return min(runs, key=lambda run: run["wall"])


def model_seconds(db: Path) -> tuple[dict[str, float], float]:
    """Seconds each model took in the last build by dbt's own record, and those up to the ledger."""
    folder = db.with_name(db.name + ".dbt")
    parents = json.loads((folder / "manifest.json").read_text())["parent_map"]
    needed, found = [LEDGER], {LEDGER}
    while needed:
        new = set(parents[needed.pop()]) & parents.keys() - found
        found |= new
        needed += new
    seconds, to_ledger = {}, 0.0
    for result in json.loads((folder / "run_results.json").read_text())["results"]:
        if result.get("relation_name"):
            schema, name = result["relation_name"].replace('"', "").split(".")[-2:]
            seconds[f"{schema}.{name}"] = result["execution_time"]
            to_ledger += result["execution_time"] if result["unique_id"] in found else 0
    return seconds, to_ledger


def command(*arguments: str) -> Callable[[], None]:
    """A creditbooks command to run in this process; it must succeed."""
    from reports.cli import main

    def run() -> None:
        try:
            main(list(arguments))
        except SystemExit as stopped:
            if stopped.code:
                raise RuntimeError(f"creditbooks {' '.join(arguments)} failed") from stopped

    return run


def measure(book: str, data: Path, db: Path, verbs: list[str]) -> dict[str, Any]:
    """All figures of one book: seconds per stage and per model, rows, peak memory in MB."""
    shared = ["--book", book, "--data", str(data), "--db", str(db)]
    figures: dict[str, Any] = {"scan": scan_and_group(data)}
    for verb in verbs:
        figures[verb] = timed(command(verb, *shared))
        figures[f"peak_mb_after_{verb}"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        if verb == "build":
            figures["models"], figures["rating_to_ledger"] = model_seconds(db)
    connection = duckdb.connect(str(db), read_only=True)
    for name, query in {
        "events": "select count(*) from raw.usage",
        "lots": "select count(*) from marts.credit_lots",
        "customers": "select count(distinct customer_id) from marts.credit_lots",
        "ledger_entries": "select count(*) from marts.credit_ledger",
    }.items():
        rows = connection.execute(query).fetchall()
        figures[name] = rows[0][0]
    connection.close()
    return figures


if __name__ == "__main__":
    book, data, db, *verbs = sys.argv[1:]
    # The commands print their own results; only the figures belong on stdout.
    out, sys.stdout = sys.stdout, sys.stderr
    figures = measure(book, Path(data), Path(db), verbs)
    print(json.dumps(figures), file=out)
