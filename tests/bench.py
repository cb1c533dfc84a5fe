"""Time each command on simulated books: python -m tests.bench [--events N] [--customers N]."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path("out/bench")


@dataclass(frozen=True)
class Timing:
    """What one command took.

    Attributes:
        command: Its verb.
        seconds: From start to exit, the interpreter and imports included.
        peak_mb: Most memory it held at a time.
    """

    command: str
    seconds: float
    peak_mb: int


def main() -> None:
    """Simulate once, then run and time the chain, each command in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--customers", type=int, default=2_000)
    parser.add_argument("--months", type=int, default=6)
    size = parser.parse_args()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    data, database = FOLDER / "data", FOLDER / "bench.duckdb"
    numbers = [f"--{name}={value}" for name, value in vars(size).items()]
    shared = ["--data", str(data), "--db", str(database)]
    print(f"{size.events:,} events, {size.customers:,} customers, {os.cpu_count()} cores")
    for command in (
        ["simulate", *numbers, "--out", str(data)],
        ["load", *shared],
        ["build", *shared],
        ["check", *shared],
        ["report", *shared, "--out", str(FOLDER)],
    ):
        took = timed(command)
        print(f"{took.command:<10}{took.seconds:>8.1f} s{took.peak_mb:>8,} MB", flush=True)
    print(f"database  {database.stat().st_size / 1e6:>8,.0f} MB")


def timed(command: list[str]) -> Timing:
    """Run one command and wait for it; a command that fails ends the benchmark."""
    call = [sys.executable, "-c", "from reports.cli import main; main()", *command]
    started = time.perf_counter()
    process = subprocess.Popen(call, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command[0]} exited with {process.returncode}")
    kilobytes = usage.ru_maxrss if sys.platform != "darwin" else usage.ru_maxrss // 1024
    return Timing(command[0], seconds, kilobytes // 1024)


if __name__ == "__main__":
    main()
