"""Write all files of a simulated company, and remember how they were made."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from ingestion.simulation.offering import offerings
from ingestion.simulation.records import write_records
from ingestion.simulation.sales import build_sales
from ingestion.simulation.usage import write_usage
from ingestion.simulation.world import Scale, build_world
from rate_cards.book_files import BookFiles
from rate_cards.load import load_book
from rate_cards.problems import EnvironmentProblem, InputError, Problem, relative

MANIFEST = "simulation.json"
"""Says how a folder was made and which files in it may be replaced."""

MAX_SUBSCRIPTIONS = 300
"""Default limit: a plan with daily credits gives a lot a day, which soon outnumber all others."""


@dataclass(frozen=True)
class Simulated:
    """What was written.

    Attributes:
        out: The folder.
        rows: File below it -> rows in it.
    """

    out: Path
    rows: dict[str, int]

    @property
    def bytes(self) -> int:
        """Size of all files."""
        return sum((self.out / name).stat().st_size for name in self.rows)


def write_company(
    out: Path,
    *,
    book: Path,
    customers: int = 200,
    events: int = 60_000,
    months: int = 6,
    seed: int = 7,
    start: datetime | None = None,
    lots_per_customer: int | None = None,
    subscriptions: int | None = None,
    on_month: Callable[[], None] = lambda: None,
) -> Simulated:
    """Write the files that the sources of the northwind book name.

    The same arguments give the same rows, everywhere. Every event has a rate and every purchase an
    offer of the card in force at its time.

    Args:
        out: Folder to write to: new, empty, or of an earlier simulation, which it replaces.
        book: Book folder whose cards say what is used and sold; its source paths are not read.
        customers: Customers that join within the span.
        events: Distinct usage events; a few are delivered twice on top.
        months: Calendar months.
        seed: Picks one company out of all of this size; 0 to 2**31.
        start: First instant of the first month, UTC; default: the book's first period.
        lots_per_customer: Purchases of a customer of average size; default: one in two months.
        subscriptions: Most subscriptions; default: a fifth of the customers, at most 300.
        on_month: Called after each month of usage.

    Returns:
        The files and their rows.

    Raises:
        InputError: The book is wrong, or sells nothing at `start`.
        EnvironmentProblem: `out` holds files of somebody else, or cannot be written.
    """
    loaded = load_book(book)
    offered = offerings(loaded)
    first = start or datetime.combine(loaded.book.first_period, datetime.min.time(), UTC)
    if first < offered[0].since:
        raise InputError(
            [
                Problem(
                    relative(book),
                    f"nothing is sold yet in {first:%Y-%m}: the first rate card takes effect on "
                    f"{offered[0].since:%Y-%m-%d}",
                    "Start later with --start, or add an earlier card.",
                )
            ]
        )
    scale = Scale(
        customers=customers,
        events=events,
        months=months,
        seed=seed,
        start=first.replace(tzinfo=None),
        lots_per_customer=max(1, months // 2) if lots_per_customer is None else lots_per_customer,
        subscriptions=min(customers, MAX_SUBSCRIPTIONS) if subscriptions is None else subscriptions,
        wallet=_general_wallet(loaded),
        currency=loaded.book.functional_currency,
    )
    _refuse_foreign_files(out)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as temporary:
        made = Path(temporary)
        with duckdb.connect() as connection:
            connection.execute("set timezone = 'UTC'")
            build_world(connection, scale, offered)
            rows = write_usage(connection, scale, made, on_month)
            build_sales(connection, made / "usage")
            rows |= write_records(connection, made)
        _remove_earlier(out)
        for name in rows:
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).rename(out / name)
    _write_manifest(out, scale, rows)
    return Simulated(out, rows)


def _general_wallet(book: BookFiles) -> str | None:
    """The last credit wallet in the book's order: what a welcome is given in."""
    credit = [name for name, wallet in book.book.wallets.items() if wallet.currency is None]
    return credit[-1] if credit else None


def _refuse_foreign_files(out: Path) -> None:
    """Make sure that the folder can be written, and that nothing in it is somebody else's."""
    if out.is_dir() and any(out.iterdir()) and not (out / MANIFEST).is_file():
        raise EnvironmentProblem(
            Problem(
                relative(out),
                f"the folder is not empty and holds no {MANIFEST}",
                "Name a new folder with --out: files that were not simulated are not overwritten.",
            )
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentProblem(
            Problem(
                relative(out),
                f"the folder cannot be made: {error.strerror}",
                "Name another folder with --out.",
            )
        ) from error


def _remove_earlier(out: Path) -> None:
    """Remove what an earlier simulation left: its months may be more than the new one's."""
    manifest = out / MANIFEST
    if manifest.is_file():
        for name in json.loads(manifest.read_text("utf-8"))["files"]:
            (out / name).unlink(missing_ok=True)
        manifest.unlink()


def _write_manifest(out: Path, scale: Scale, rows: dict[str, int]) -> None:
    told = {name: str(value) for name, value in vars(scale).items() if value is not None}
    text = json.dumps({"made_by": "creditbooks simulate", "scale": told, "files": rows}, indent=2)
    (out / MANIFEST).write_text(text + "\n", "utf-8")
