"""A comparison as files: every table as CSV and Parquet, and a page."""

from __future__ import annotations

from pathlib import Path

from rate_cards.problems import unusable
from reports.compare.comparison import Comparison, frames
from reports.compare.page import render_comparison


def write_files(comparison: Comparison, out: Path) -> list[Path]:
    """Write the page and the tables.

    Args:
        comparison: What they show.
        out: Folder, made if missing.

    Returns:
        The page, then the tables.

    Raises:
        EnvironmentProblem: A file cannot be written.
    """
    tables = out / "tables"
    written = [out / "compare.html"]
    try:
        tables.mkdir(parents=True, exist_ok=True)
        written[0].write_text(render_comparison(comparison), encoding="utf-8")
        for name, frame in sorted(frames(comparison).items()):
            frame.write_parquet(tables / f"{name}.parquet")
            frame.write_csv(tables / f"{name}.csv")
            written += [tables / f"{name}.parquet", tables / f"{name}.csv"]
    except OSError as error:
        raise unusable(out, error, "Name another folder with --out.") from error
    return written
