"""Samples for auditors: chosen again by other means, and each item with a page that ties."""

from __future__ import annotations

import csv
import json
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from math import floor
from pathlib import Path
from typing import Any

import pytest

from tests.error_cases import Outcome, run
from tests.lot_books import query

LOTS = """
    select lot_id, sum(closing_functional) from marts.deferred_revenue_schedule
    where booked_period = date '2026-01-01' group by lot_id
    having sum(closing_functional) <> 0 order by lot_id
"""


def sampled(db: Path, out: Path, *words: str) -> tuple[Outcome, list[dict[str, str]]]:
    done = run("sample", "2026-01", *words, "--db", str(db), "--out", str(out))
    listed = out / "sample.csv"
    rows = list(csv.DictReader(listed.read_text("utf-8").splitlines())) if listed.exists() else []
    return done, rows


def statement(out: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((out / "sample.json").read_text("utf-8"))
    return said


def test_a_random_sample_is_that_of_the_smallest_digests(lite_db: Path, tmp_path: Path) -> None:
    done, rows = sampled(lite_db, tmp_path, "--of", "events", "--size", "3", "--seed", "memo 7")
    assert done.exit_code == 0, done.stderr
    ids = [
        event_id
        for (event_id,) in query(
            lite_db,
            "select event_id from marts.rated_usage where booked_period = date '2026-01-01'",
        )
    ]
    by_digest = sorted(ids, key=lambda id_: sha256(f"memo 7/{id_}".encode()).hexdigest())
    assert [row["id"] for row in rows] == by_digest[:3]
    assert statement(tmp_path)["population"]["rows"] == len(ids)


@pytest.mark.parametrize("size", [1, 2, 5, 40])
@pytest.mark.parametrize("seed", ["1", "another"])
def test_each_unit_of_money_is_as_likely_and_as_many_are_hit_as_asked_for(
    lite_db: Path, tmp_path: Path, size: int, seed: str
) -> None:
    """By fractions: the unit start + k x interval lies in the item the sum reaches it in."""
    done, rows = sampled(
        lite_db, tmp_path, "--method", "monetary_unit", "--size", str(size), "--seed", seed
    )
    assert done.exit_code == 0, done.stderr
    lots = [(lot_id, int(amount * 1000)) for lot_id, amount in query(lite_db, LOTS)]
    total = sum(units for _, units in lots)
    start = Fraction(1 + int(sha256(seed.encode()).hexdigest(), 16) % total, size)
    hits: Counter[str] = Counter()
    for k in range(size):
        point, reached = start + k * Fraction(total, size), 0
        for lot_id, units in lots:
            reached += units
            if reached >= point:
                hits[lot_id] += 1
                break
    assert {row["id"]: int(row["why"].split()[0]) for row in rows} == hits
    assert sum(hits.values()) == size
    assert floor(start) <= total
    population = statement(tmp_path)["population"]
    assert Decimal(population["total"]) * 1000 == total
    assert population["left_out_below_zero"] == 0


def test_a_cut_off_sample_stands_on_both_sides_of_the_end(lite_db: Path, tmp_path: Path) -> None:
    words = ("--of", "events", "--method", "cut_off", "--size", "5")
    done, rows = sampled(lite_db, tmp_path, *words)
    assert done.exit_code == 0, done.stderr
    in_time = query(
        lite_db,
        "select event_id, occurred_at < timestamp '2026-02-01' from marts.rated_usage "
        "order by occurred_at, event_id",
    )
    before = [event_id for event_id, is_before in in_time if is_before]
    after = [event_id for event_id, is_before in in_time if not is_before]
    assert [row["id"] for row in rows] == [*before[-3:], *after[:2]]
    assert [row["why"] for row in rows[:1] + rows[-1:]] == [
        "before the end of the month",
        "after the end of the month",
    ]


def test_each_item_has_a_page_and_the_statement_says_which_items(
    lite_db: Path, tmp_path: Path
) -> None:
    done, rows = sampled(lite_db, tmp_path, "--size", "2")
    assert done.exit_code == 0, done.stderr
    assert "pages on which every total ties" in done.stdout
    for row in rows:
        page = (tmp_path / row["page"]).read_text("utf-8")
        assert row["id"] in page
        assert "Every total on this page ties." in page
    listed = (tmp_path / "sample.csv").read_bytes()
    assert statement(tmp_path)["items_sha256"] == sha256(listed).hexdigest()


def test_the_same_books_seed_and_size_give_the_same_bytes(lite_db: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        sampled(lite_db, tmp_path / name, "--size", "4")
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--of", "events", "--method", "monetary_unit"), 2, "sample lots instead"),
        (("--of", "lots", "--method", "cut_off"), 2, "sample payments or events"),
    ],
)
def test_a_method_that_means_nothing_there_is_refused(
    lite_db: Path, tmp_path: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    done, rows = sampled(lite_db, tmp_path, *words)
    assert done.exit_code == code
    assert said in done.stderr
    assert rows == []


def test_a_month_outside_the_books_is_named_with_those_there_are(
    lite_db: Path, tmp_path: Path
) -> None:
    done = run("sample", "2031-01", "--db", str(lite_db), "--out", str(tmp_path / "none"))
    assert done.exit_code == 1
    assert "it is no month of these books" in done.stderr
    assert "They go from 2026-01 to 2026-" in done.stderr
    assert not (tmp_path / "none").exists()
