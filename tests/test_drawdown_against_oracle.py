"""The engine against a plain event-by-event walk, on random books that force every kind of tie.

One book holds many small customers, so one run of the real commands checks hundreds of histories.
Every comparison is exact, in billionths of a credit.
"""

from __future__ import annotations

import random
from datetime import UTC
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.cli import exit_code
from tests.oracle import Outcome, walk
from tests.random_book import UNTIL, RandomBook, draw_book, instant, write_book


@pytest.fixture(scope="module", params=[(1, 80), (2, 3)], ids=["a quarter", "three days"])
def run(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[RandomBook, Outcome, duckdb.DuckDBPyConnection]:
    """One random book through the real commands, and the walk over the same inputs."""
    seed, days = request.param
    folder = tmp_path_factory.mktemp(f"random-{seed}")
    # Over a quarter lots come and go between events; within three days events crowd each lot's end.
    book = draw_book(seed, customers=250, days=days)
    write_book(folder / "book", book)
    database = built(folder)
    return (
        book,
        walk(
            book.lots,
            book.events,
            book.removals,
            UNTIL,
            book.extensions,
            book.resets,
            frozenset({"tab"}),
            book.transfers,
            book.limits,
        ),
        duckdb.connect(str(database), read_only=True),
    )


def built(folder: Path) -> Path:
    """The database of a written book, its checks passed."""
    database = folder / "books.duckdb"
    arguments = ["--book", str(folder / "book"), "--db", str(database)]
    assert exit_code("load", *arguments) == 0
    assert exit_code("build", "--as-of", instant(UNTIL), *arguments) == 0
    assert exit_code("check", *arguments) == 0
    return database


def billionths(value: Decimal) -> int:
    return int(value.scaleb(9))


def test_every_draw_is_the_one_the_walk_makes(run) -> None:
    _, walked, connection = run
    rows = connection.execute(
        "select event_id, lot_id, -credits from marts.credit_ledger where entry_type = 'draw'"
    ).fetchall()
    assert {(event, lot): billionths(credits) for event, lot, credits in rows} == walked.draws
    assert len(rows) == len(walked.draws)


def test_what_rolls_over_is_what_the_walk_leaves_below_each_cap(run) -> None:
    _, walked, connection = run
    rows = connection.execute(
        "select entry_type, lot_id, occurred_at, credits from marts.credit_ledger "
        "where entry_type in ('rollover_out', 'rollover_in')"
    ).fetchall()
    found = {
        (kind, lot, at.replace(tzinfo=UTC)): billionths(credits) for kind, lot, at, credits in rows
    }
    rolled = {key: credits for key, credits in walked.rolled.items() if key[1] < UNTIL}
    assert found == {
        (kind, *key): sign * credits
        for kind, sign in (("rollover_out", -1), ("rollover_in", 1))
        for key, credits in rolled.items()
    }


def test_a_lot_ends_when_the_walk_ends_it(run) -> None:
    """Of a lot that moved on when it was empty, the end it had then stays."""
    book, _, connection = run
    rows = connection.execute("select lot_id, expires_at from marts.credit_lots").fetchall()
    ends = {lot: end and end.replace(tzinfo=UTC) for lot, end in rows}
    holding = [lot for lot in book.lots if lot.remaining]
    assert holding
    assert {lot.lot_id: ends[lot.lot_id] for lot in holding} == {
        lot.lot_id: lot.expires_at for lot in holding
    }


def test_what_a_wallet_still_owes_is_what_the_walk_leaves_unrepaid(run) -> None:
    _, walked, connection = run
    rows = connection.execute(
        "select event_id, -sum(credits) from marts.credit_ledger "
        "where entry_type in ('overdraft', 'repayment') group by event_id having sum(credits) <> 0"
    ).fetchall()
    assert {event: billionths(credits) for event, credits in rows} == walked.owed
    assert walked.owed


def test_what_no_lot_pays_becomes_overage_or_stays_unfunded(run) -> None:
    _, walked, connection = run
    rows = connection.execute(
        "select entry_type, event_id, reason, -credits, amount from marts.credit_ledger "
        "where entry_type in ('overage', 'unfunded')"
    ).fetchall()
    overage = {
        (event, cause): (billionths(credits), billionths(amount))
        for kind, event, cause, credits, amount in rows
        if kind == "overage"
    }
    unfunded = {
        (event, cause): billionths(credits)
        for kind, event, cause, credits, _ in rows
        if kind == "unfunded"
    }
    assert overage == walked.overage
    assert unfunded == walked.unfunded


def test_lots_end_with_the_balance_expiry_and_removals_of_the_walk(run) -> None:
    book, _, connection = run
    rows = connection.execute(
        """
        select
            lot_id,
            sum(credits),
            -sum(case when entry_type = 'expire' then credits else 0 end),
            -sum(case when entry_type = 'void' then credits else 0 end),
            -sum(case when entry_type = 'transfer_out' then credits else 0 end)
        from marts.credit_ledger
        where lot_id is not null
        group by lot_id
        """
    ).fetchall()
    assert {row[0]: tuple(billionths(Decimal(value)) for value in row[1:]) for row in rows} == {
        lot.lot_id: (lot.remaining, lot.expired, lot.removed, lot.moved) for lot in book.lots
    }


def test_the_random_book_reaches_every_outcome(run) -> None:
    book, walked, _ = run
    assert walked.overage
    assert walked.unfunded
    assert any(lot.expired for lot in book.lots)
    assert any(lot.removed for lot in book.lots)
    assert any(lot.is_rolled_over and lot.expires_at is None for lot in book.lots)
    assert any(lot.fills for lot in book.lots)
    assert {lot for _, lot in walked.draws} & {lot.lot_id for lot in book.lots if lot.is_late}
    moved = {lot.lot_id for lot in book.lots if lot.moved}
    paying = {lot for _, lot in walked.draws}
    assert {lot for lot in paying if lot.rpartition(":m")[0] in moved}, "what arrived is used"
    assert {lot for lot in moved if ":m" in lot}, "what arrived moves on"
    assert {cause for _, cause in walked.overage} == {"chain", "limit"}
    assert {cause for _, cause in walked.unfunded} == {"chain", "limit"}
    assert {lot for lot, _ in walked.rolled} & {lot for _, lot in walked.draws}
    assert {x.lot_id for x in book.extensions} & {lot for _, lot in walked.draws}
    shared = [event for event, _ in walked.draws]
    assert len(shared) > len(set(shared)), "some event is paid by two lots"


@pytest.mark.slow
def test_the_order_and_the_files_of_the_input_change_nothing(run, tmp_path: Path) -> None:
    book, _, connection = run
    write_book(tmp_path / "book", book, random.Random(9))
    with duckdb.connect(str(built(tmp_path)), read_only=True) as shuffled:
        for mart in ("credit_ledger", "credit_lots", "journal_lines", "limit_breaches"):
            query = f"select * from marts.{mart} order by all"
            rows = shuffled.execute(query).fetchall()
            assert rows, mart
            assert rows == connection.execute(query).fetchall(), mart
