"""Write docs/real-data.md from the real books: python -m tests.real.page.

Words are in page.md beside this file. Every figure is read from the databases that the real
commands built, or counted in the files.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from tests.real.books import BOOKS, CDNOW, HERE, IMAGE_VENDOR, LLM_TENANTS, RealBook, Row, rows_of

PAGE = HERE.parents[1] / "docs" / "real-data.md"

LAST = "(select max(booked_period) from marts.trial_balance)"
MONTHS_OF_USE = 7
"""A lot is used from the month of its sale to the sixth month after it."""


def page(built: Mapping[RealBook, DuckDBPyConnection]) -> str:
    """The page as text, from one open database per book."""
    words = (HERE / "page.md").read_text(encoding="utf-8")
    return words.format(
        credits=_credits(built),
        money=_money(built),
        fates=_fates(built),
        cohorts=_cohorts(built[CDNOW]),
        **_image_counts(),
        **_cdnow_counts(built[CDNOW]),
        **_llm_counts(),
    )


def _credits(built: Mapping[RealBook, DuckDBPyConnection]) -> str:
    """Per book: events rated and what became of the credits."""
    rows = []
    for book, connection in built.items():
        [found] = connection.execute(
            """
            select
                (select count(*) from marts.rated_usage),
                sum(case when entry_type = 'grant' then credits end),
                -sum(case when entry_type = 'draw' then credits end),
                -sum(case when entry_type = 'expire' then credits end),
                -sum(case when entry_type = 'void' then credits end),
                sum(case when lot_id is not null then credits end),
                -sum(case when entry_type = 'overage' then credits end),
                -sum(case when entry_type = 'unfunded' then credits end)
            from marts.credit_ledger
            """
        ).fetchall()
        rows.append([f"`{book.name}`", f"{found[0]:,}", *map(money, found[1:])])
    kinds = ["granted", "drawn", "expired", "refunded", "left", "overage", "unfunded"]
    return table(["book", "events", *kinds], rows)


def _money(built: Mapping[RealBook, DuckDBPyConnection]) -> str:
    """Per book: what became of the money, in dollars."""
    rows = []
    for book, connection in built.items():
        [found] = connection.execute(
            f"""
            select
                sum(additions),
                sum(usage_revenue + prior_period_revenue),
                sum(breakage_revenue),
                sum(refunded),
                sum(closing) filter (booked_period = {LAST}),
                (select sum(overage_revenue) from marts.revenue_by_meter)
            from marts.liability_rollforward
            """
        ).fetchall()
        rows.append([f"`{book.name}`", *map(money, found)])
    header = ["book", "billed", "from use", "breakage", "refunded", "deferred", "overage"]
    return table(header, rows)


def _fates(built: Mapping[RealBook, DuckDBPyConnection]) -> str:
    """Per source of a real file: rows by what became of them."""
    rows = []
    for book, connection in built.items():
        found = connection.execute(
            """
            select
                feed, rows, loaded, duplicates, excluded, rejected,
                control_total_name, control_total
            from raw.files where path like '%shared/data%' order by source_line
            """
        ).fetchall()
        rows += [
            [f"`{book.name}`", feed, *(f"{count:,}" for count in counts), f"{name} {total:,.2f}"]
            for feed, *counts, name, total in found
        ]
    counted = ["rows", "loaded", "duplicate", "excluded", "rejected"]
    return table(["book", "feed", *counted, "total"], rows)


def _cohorts(connection: DuckDBPyConnection) -> str:
    """Per month of purchase: sold, earned by use per month after it, lapsed."""
    found = connection.execute(
        """
        select
            cohort,
            cast(date_diff('month', cohort, recognized_period) as integer),
            amount - breakage_amount,
            breakage_amount,
            sold
        from marts.deferred_revenue_waterfall
        """
    ).fetchall()
    used: defaultdict[tuple[date, int], Decimal] = defaultdict(Decimal)
    lapsed: defaultdict[date, Decimal] = defaultdict(Decimal)
    sold: defaultdict[date, Decimal] = defaultdict(Decimal)
    for cohort, age, amount, breakage, sold_so_far in found:
        used[cohort, age] += amount
        lapsed[cohort] += breakage
        sold[cohort] = max(sold[cohort], sold_so_far)
    rows = []
    totals = [Decimal(0)] * (MONTHS_OF_USE + 2)
    for cohort in sorted(sold):
        earned = [used[cohort, age] for age in range(MONTHS_OF_USE)]
        figures = [sold[cohort], *earned, lapsed[cohort]]
        totals = [total + figure for total, figure in zip(totals, figures, strict=True)]
        rows.append([f"{cohort:%Y-%m}", *map(money, figures), share(figures[-1], figures[0])])
    rows.append(["all", *map(money, totals), share(totals[-1], totals[0])])
    ages = [f"month {age}" for age in range(MONTHS_OF_USE)]
    return table(["purchased", "sold", *ages, "lapsed", "share"], rows)


def _image_counts() -> dict[str, str]:
    """What page.md says of the image trace."""
    rows = _only_file(IMAGE_VENDOR)
    statuses = Counter(row["predict_status"] for row in rows)
    told_by = ("gmt_create", "groupId", "checkpoint_model_version_id", "prompt_length")
    sold = [row for row in rows if row["predict_status"] == "SUCCEED"]
    return {
        "image_rows": f"{len(rows):,}",
        "image_tenants": f"{len({row['groupId'] for row in rows}):,}",
        "image_failed": f"{statuses['FAILED']:,}",
        "image_pending": f"{statuses['PENDING']:,}",
        "image_equal": f"{repeats(tuple(row.values()) for row in rows):,}",
        "image_alike": f"{repeats(tuple(row[name] for name in told_by) for row in sold):,}",
    }


def _cdnow_counts(connection: DuckDBPyConnection) -> dict[str, str]:
    """What page.md says of the purchases."""
    rows = _only_file(CDNOW)
    [[rated]] = connection.execute("select count(*) from marts.rated_usage").fetchall()
    return {
        "cdnow_rows": f"{len(rows):,}",
        "cdnow_header": "1",
        "cdnow_customers": f"{len({row['customer_id'] for row in rows}):,}",
        "cdnow_zero": f"{sum(not Decimal(row['dollar_value']) for row in rows):,}",
        "cdnow_equal": f"{repeats(tuple(row.values()) for row in rows):,}",
        "cdnow_total": money(sum((Decimal(row["dollar_value"]) for row in rows), Decimal(0))),
        "cdnow_after": f"{len(rows) - rated:,}",
    }


def _llm_counts() -> dict[str, str]:
    """What page.md says of the token trace."""
    rows = _only_file(LLM_TENANTS)
    uncounted = [row for row in rows if not row["input_tokens"]]
    windows = Counter(row["tenant_id"] for row in rows)
    return {
        "llm_rows": f"{len(rows):,}",
        "llm_tenants": f"{len(windows):,}",
        "llm_largest": f"{max(int(row['input_tokens'] or 0) for row in rows):,}",
        "llm_uncounted": f"{len(uncounted):,}",
        "llm_uncounted_tenants": f"{len({row['tenant_id'] for row in uncounted}):,}",
        "llm_uncounted_requests": f"{sum(int(row['requests']) for row in uncounted):,}",
        "llm_requests": f"{sum(int(row['requests']) for row in rows):,}",
        "llm_smallest": min(rows, key=lambda row: int(row["requests"]))["requests"],
        "llm_gaps": f"{sum(count < max(windows.values()) for count in windows.values()):,}",
    }


def _only_file(book: RealBook) -> list[Row]:
    """The rows of a book's one real file."""
    [rows] = rows_of(book).values()
    return rows


def repeats(keys: Iterable[object]) -> int:
    """How many keys are equal to an earlier one."""
    return sum(count - 1 for count in Counter(keys).values())


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown: words to the left, figures to the right."""
    figures = [all(row[n][:1].isdigit() for row in rows) for n in range(len(header))]
    ruler = ["---:" if is_figure else "---" for is_figure in figures]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, ruler, *rows])


def money(value: Decimal | None) -> str:
    """Dollars or credits to two decimals; a plain 0 where there are none."""
    return f"{value:,.2f}" if value else "0"


def share(part: Decimal, whole: Decimal) -> str:
    """A percentage to one decimal."""
    return f"{part * 100 / whole:.1f} %"


def main() -> None:
    """Run the books into a temporary folder and write the page."""
    if not all(book.is_there for book in BOOKS):
        sys.exit("../shared/data is not beside the repository")
    with tempfile.TemporaryDirectory() as folder:
        built = {}
        for book in BOOKS:
            database = Path(folder) / f"{book.name}.duckdb"
            if any(book.run(database)):
                sys.exit(f"{book.name} does not build or check")
            built[book] = duckdb.connect(str(database), read_only=True)
        PAGE.write_text(page(built), encoding="utf-8")
        for connection in built.values():
            connection.close()


if __name__ == "__main__":
    main()
