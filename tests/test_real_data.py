"""Three books on input nobody here wrote, by the real commands, against plain Python.

Image generation requests, purchases of music and tokens of language models: docs/real-data.md says
what the files hold and what was decided about it. Every comparison is exact.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import duckdb
import pytest

from tests.real.author import authored
from tests.real.books import BOOKS, CDNOW, IMAGE_VENDOR, LLM_TENANTS, RealBook, rows_of
from tests.real.expected import Expected, Moved, Settled, expected, settle
from tests.real.facts import FACTS, Facts
from tests.real.page import PAGE, page

pytestmark = pytest.mark.slow
needs_the_files = pytest.mark.skipif(
    not all(book.is_there for book in BOOKS),
    reason="../shared/data is not beside the repository: the real files are read in place",
)


@dataclass(frozen=True)
class Run:
    """One book built by the real commands, and what it should hold."""

    book: RealBook
    facts: Facts
    expected: Expected
    connection: duckdb.DuckDBPyConnection

    def rows(self, sql: str) -> list[tuple]:
        return self.connection.execute(sql).fetchall()

    def figure(self, sql: str) -> Decimal:
        [[value]] = self.rows(sql)
        return Decimal(value)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[RealBook, Run]]:
    """Every book, loaded twice (the second time changes nothing), built and checked."""
    folder = tmp_path_factory.mktemp("real")
    databases = {book: folder / f"{book.name}.duckdb" for book in BOOKS}
    for book, database in databases.items():
        assert book.run(database) == [0, 0, 0, 0], book.name
    built = {}
    for book, database in databases.items():
        facts = FACTS[book]()
        connection = duckdb.connect(str(database), read_only=True)
        built[book] = Run(book, facts, expected(facts), connection)
    yield built
    for run in built.values():
        run.connection.close()


@pytest.fixture(params=BOOKS, ids=[book.name for book in BOOKS])
def run(request: pytest.FixtureRequest, runs: dict[RealBook, Run]) -> Run:
    return runs[request.param]


def billionths(value: Decimal) -> int:
    assert value == round(value, 9)
    return int(value.scaleb(9))


def cents(value: Decimal) -> int:
    assert value == round(value, 2), "money is booked in whole cents"
    return int(value.scaleb(2))


@needs_the_files
def test_every_row_of_the_files_is_loaded_duplicate_excluded_or_rejected(run: Run) -> None:
    found = run.rows(
        """
        select feed, rows, loaded, duplicates, excluded, rejected from raw.files
        where path like '%shared/data%' order by source_line
        """
    )
    assert found == [
        (fate.feed, fate.rows, fate.loaded, fate.duplicates, fate.excluded, 0)
        for fate in run.facts.fates
    ]


@needs_the_files
def test_every_event_is_rated_once_at_the_cost_worked_out_from_the_card(run: Run) -> None:
    rated = run.rows("select event_id, cost, quantity from marts.rated_usage")
    assert len(rated) == len(run.expected.costs)
    assert {event: billionths(cost) for event, cost, _ in rated} == run.expected.costs
    assert {event: billionths(quantity) for event, _, quantity in rated} == {
        event_id: event.quantity * 10**9 for event_id, event in run.expected.events.items()
    }


@needs_the_files
def test_every_draw_is_the_one_the_walk_makes(run: Run) -> None:
    draws = run.rows(
        "select event_id, lot_id, -credits from marts.credit_ledger where entry_type = 'draw'"
    )
    assert len(draws) == len(run.expected.draws)
    assert {(event, lot): billionths(credits) for event, lot, credits in draws} == (
        run.expected.draws
    )


@needs_the_files
def test_what_no_lot_pays_is_overage_or_unfunded_as_the_walk_says(run: Run) -> None:
    entries = run.rows(
        "select entry_type, event_id, -credits, amount from marts.credit_ledger "
        "where entry_type in ('overage', 'unfunded')"
    )
    assert {
        event: (billionths(credits), billionths(amount))
        for entry_type, event, credits, amount in entries
        if entry_type == "overage"
    } == run.expected.overage_parts
    assert {
        event: billionths(credits)
        for entry_type, event, credits, _ in entries
        if entry_type == "unfunded"
    } == run.expected.unfunded


@needs_the_files
def test_credits_granted_are_drawn_expired_refunded_or_left_lot_by_lot(run: Run) -> None:
    found = run.rows(
        """
        select
            lot_id,
            sum(case when entry_type = 'grant' then credits else 0 end),
            sum(credits),
            -sum(case when entry_type = 'expire' then credits else 0 end),
            -sum(case when entry_type = 'void' then credits else 0 end)
        from marts.credit_ledger where lot_id is not null group by lot_id
        """
    )
    assert {row[0]: tuple(billionths(Decimal(value)) for value in row[1:]) for row in found} == {
        lot_id: (lot.credits, lot.remaining, lot.expired, lot.removed)
        for lot_id, lot in run.expected.lots.items()
    }


@needs_the_files
def test_money_of_every_lot_and_month_is_the_cent_worked_out_by_hand(run: Run) -> None:
    found = run.rows(
        """
        select lot_id, booked_period, usage_revenue, breakage_revenue, refunded
        from marts.deferred_revenue_schedule
        where prior_period_revenue = 0
            and (usage_revenue <> 0 or breakage_revenue <> 0 or refunded <> 0)
        """
    )
    assert {
        (lot_id, period): Settled(cents(usage), cents(breakage), cents(refunded))
        for lot_id, period, usage, breakage, refunded in found
    } == {
        (lot_id, month): settled
        for lot_id, months in run.expected.settled.items()
        for month, settled in months.items()
        if settled != Settled()
    }


@needs_the_files
def test_money_billed_is_recognised_lapsed_refunded_or_deferred(run: Run) -> None:
    [(billed, usage, late, breakage, refunded, deferred)] = run.rows(
        """
        select
            sum(additions), sum(usage_revenue), sum(prior_period_revenue), sum(breakage_revenue),
            sum(refunded),
            sum(closing) filter (
                booked_period = (select max(booked_period) from marts.trial_balance)
            )
        from marts.liability_rollforward
        """
    )
    assert billed == usage + breakage + refunded + deferred
    assert late == 0, "no row of these files was received after its month was closed"
    assert cents(billed) == run.expected.billed()
    assert cents(usage) == run.expected.settled_total("usage")
    assert cents(breakage) == run.expected.settled_total("breakage")
    assert cents(refunded) == run.expected.settled_total("refunded")
    assert cents(deferred) == run.expected.deferred()


@needs_the_files
def test_the_ledger_holds_the_same_liability_and_revenue(run: Run) -> None:
    balances = {
        role: cents(-closing)
        for role, closing in run.rows(
            """
            with roles as (select distinct account_number, account_role from marts.journal_lines)
            select account_role, closing from marts.trial_balance
            inner join roles using (account_number)
            where booked_period = (select max(booked_period) from marts.trial_balance)
            """
        )
    }
    assert balances["contract_liability"] == run.expected.deferred()
    assert balances["usage_revenue"] == run.expected.settled_total("usage")
    assert balances["breakage_revenue"] == run.expected.settled_total("breakage")
    assert balances.get("overage_revenue", 0) == sum(run.expected.overage.values())


@needs_the_files
def test_overage_is_rounded_once_per_customer_and_month(run: Run) -> None:
    billed = run.rows(
        """
        select customer_id, booked_period, sum(overage_revenue) from marts.revenue_by_meter
        group by customer_id, booked_period having sum(overage_revenue) <> 0
        """
    )
    assert {(customer, period): cents(amount) for customer, period, amount in billed} == {
        key: amount for key, amount in run.expected.overage.items() if amount
    }


@needs_the_files
def test_failed_and_pending_image_jobs_are_not_sold(runs: dict[RealBook, Run]) -> None:
    run = runs[IMAGE_VENDOR]
    [rows] = rows_of(IMAGE_VENDOR).values()
    statuses = Counter(row["predict_status"] for row in rows)
    assert statuses == {"SUCCEED": 14_033, "FAILED": 233, "PENDING": 13}
    # Only pending jobs lack what a price needs: no succeeded job had to be given a value.
    for needed in ("num_images_per_prompt", "num_inference_steps", "checkpoint_model_version_id"):
        assert {row["predict_status"] for row in rows if not row[needed]} == {"PENDING"}
    images = sum(
        Decimal(row["num_images_per_prompt"]) for row in rows if row["predict_status"] == "SUCCEED"
    )
    assert run.figure("select sum(quantity) from marts.rated_usage") == images


@needs_the_files
def test_image_jobs_that_look_alike_but_differ_are_both_sold(runs: dict[RealBook, Run]) -> None:
    [rows] = rows_of(IMAGE_VENDOR).values()
    sold = [row for row in rows if row["predict_status"] == "SUCCEED"]
    assert len({tuple(row.values()) for row in rows}) == len(rows), (
        "no exact duplicate in this copy"
    )
    told_by = ("gmt_create", "groupId", "checkpoint_model_version_id", "prompt_length")
    alike = Counter(tuple(row[name] for name in told_by) for row in sold)
    assert sum(count - 1 for count in alike.values()) == 7
    assert runs[IMAGE_VENDOR].figure("select count(*) from marts.rated_usage") == len(sold)


@needs_the_files
def test_some_image_tenants_run_dry_and_some_keep_a_balance(runs: dict[RealBook, Run]) -> None:
    run = runs[IMAGE_VENDOR]
    assert run.expected.overage_parts
    assert run.expected.unfunded
    plans = [lot for lot_id, lot in run.expected.lots.items() if lot_id.startswith("sub-")]
    assert any(lot.expired for lot in plans)
    assert any(lot.remaining for lot in run.expected.lots.values())
    chained = {event for event, lot in run.expected.draws if lot.startswith("pay-pack-")}
    assert chained, "some jobs are paid from the second wallet of the chain"


@needs_the_files
def test_cdnow_sales_are_the_sum_of_the_file(runs: dict[RealBook, Run]) -> None:
    run = runs[CDNOW]
    [rows] = rows_of(CDNOW).values()
    total = sum(Decimal(row["dollar_value"]) for row in rows)
    assert total == Decimal("2024161.26")
    assert run.figure("select sum(additions) from marts.liability_rollforward") == total


@needs_the_files
def test_cdnow_rows_of_zero_dollars_are_listed_as_unapplied(runs: dict[RealBook, Run]) -> None:
    [rows] = rows_of(CDNOW).values()
    zero = {
        f"line-{n:05d}" for n, row in enumerate(rows, start=2) if not Decimal(row["dollar_value"])
    }
    listed = runs[CDNOW].rows(
        "select payment_id, gross_amount, reason from revenue.int_payments__unposted"
    )
    assert len(zero) == 73
    assert {payment for payment, _, _ in listed} == zero
    assert {amount for _, amount, _ in listed} == {0}
    assert {reason for _, _, reason in listed} == {
        "no offer named and no grant refers to it: held as unapplied"
    }


@needs_the_files
def test_cdnow_purchases_that_look_alike_are_separate_purchases(
    runs: dict[RealBook, Run],
) -> None:
    [rows] = rows_of(CDNOW).values()
    assert len(rows) - len({tuple(row.values()) for row in rows}) == 205
    assert runs[CDNOW].figure("select count(*) from raw.payments") == len(rows) == 56_902


@needs_the_files
def test_cdnow_waterfall_is_the_sum_of_its_lots_worked_out_one_by_one(
    runs: dict[RealBook, Run],
) -> None:
    run = runs[CDNOW]
    recognized: defaultdict[tuple[date, date], list[int]] = defaultdict(lambda: [0, 0])
    for lot_id, months in run.expected.settled.items():
        for month, settled in months.items():
            cell = recognized[run.expected.sold_in(lot_id), month]
            cell[0] += settled.usage + settled.breakage
            cell[1] += settled.breakage
    found = run.rows(
        """
        select cohort, recognized_period, amount, breakage_amount
        from marts.deferred_revenue_waterfall where amount <> 0
        """
    )
    assert {
        (cohort, month): [cents(amount), cents(breakage)]
        for cohort, month, amount, breakage in found
    } == {key: cell for key, cell in recognized.items() if cell[0]}


@needs_the_files
def test_cdnow_cohorts_are_recognised_in_full_a_month_after_their_credits_end(
    runs: dict[RealBook, Run],
) -> None:
    [rows] = rows_of(CDNOW).values()
    sales: Counter[str] = Counter()
    for row in rows:
        sales[f"{row['date'][:4]}-{row['date'][4:6]}-01"] += cents(Decimal(row["dollar_value"]))
    found = runs[CDNOW].rows(
        """
        select cast(cohort as varchar), sum(amount), max(sold), sum(breakage_amount), min(remaining)
        from marts.deferred_revenue_waterfall group by cohort
        """
    )
    assert {cohort: cents(amount) for cohort, amount, _, _, _ in found} == sales
    assert {cohort: cents(sold) for cohort, _, sold, _, _ in found} == sales
    assert {remaining for *_, remaining in found} == {0}
    assert all(0 < breakage < amount for _, amount, _, breakage, _ in found)


@needs_the_files
def test_llm_tokens_and_requests_are_the_sums_of_the_file(runs: dict[RealBook, Run]) -> None:
    [rows] = rows_of(LLM_TENANTS).values()
    by_hand = {
        '{"direction":"input","model":"m-large"}': sum(int(r["input_tokens"] or 0) for r in rows),
        '{"direction":"output","model":"m-large"}': sum(int(r["output_tokens"] or 0) for r in rows),
        '{"model":"m-large"}': sum(int(r["requests"]) for r in rows if not r["input_tokens"]),
    }
    found = runs[LLM_TENANTS].rows(
        "select properties, sum(quantity) from marts.rated_usage group by properties"
    )
    assert {properties: int(quantity) for properties, quantity in found} == by_hand
    largest = runs[LLM_TENANTS].figure("select max(quantity) from marts.rated_usage")
    assert largest == 5_460_124_695


@needs_the_files
def test_llm_windows_without_tokens_are_those_of_tenants_that_never_had_any(
    runs: dict[RealBook, Run],
) -> None:
    [rows] = rows_of(LLM_TENANTS).values()
    uncounted = [row for row in rows if not row["input_tokens"]]
    assert len(uncounted) == 814
    assert all(not row["output_tokens"] for row in uncounted)
    tenants = {row["tenant_id"] for row in uncounted}
    assert len(tenants) == 15
    assert tenants.isdisjoint(row["tenant_id"] for row in rows if row["input_tokens"])
    by_request = runs[LLM_TENANTS].rows(
        "select distinct customer_id from marts.rated_usage where meter = 'llm_requests'"
    )
    assert {customer for (customer,) in by_request} == tenants


@needs_the_files
def test_llm_usage_of_the_two_weeks_is_booked_in_the_month_it_began(
    runs: dict[RealBook, Run],
) -> None:
    # 24 to 31 March are 8 days of 4 windows, so windows 0 to 31 are March's, 32 to 55 April's.
    [rows] = rows_of(LLM_TENANTS).values()
    march = sum(
        int(row["input_tokens"] or 0) for row in rows if int(row["window_start_sec"]) < 32 * 21_600
    )
    booked = runs[LLM_TENANTS].figure(
        """
        select sum(quantity) from marts.revenue_by_meter
        where booked_period = '2025-03-01' and properties like '%input%'
        """
    )
    assert booked == march


@needs_the_files
def test_both_cards_of_each_book_priced_usage(run: Run) -> None:
    versions = run.rows("select card_version, count(*) from marts.rated_usage group by all")
    assert len(versions) == 2


@needs_the_files
def test_authored_feeds_follow_the_rules_that_are_written_for_them() -> None:
    for path, text in authored().items():
        assert path.read_text(encoding="utf-8") == text, "Again: python -m tests.real.author"


@needs_the_files
def test_page_of_figures_is_current(runs: dict[RealBook, Run]) -> None:
    connections = {book: run.connection for book, run in runs.items()}
    current = PAGE.read_text(encoding="utf-8")
    assert current == page(connections), "Write it again: python -m tests.real.page"


# 10.00 for 3 credits: one used, two lapsed. To date 3.33, 10.00: used 3.33, lapsed 6.67.
# Used, lapsed and refunded in one month: 3.33, 6.67, 10.00, in that order.
@pytest.mark.parametrize(
    ("months", "settled"),
    [
        ([Moved(drawn=1), Moved(expired=2)], [Settled(usage=333), Settled(breakage=667)]),
        ([Moved(1, 1, 1)], [Settled(usage=333, breakage=334, refunded=333)]),
        ([Moved(drawn=2)], [Settled(usage=667)]),
    ],
)
def test_the_independent_settlement_rounds_totals_and_not_parts(
    months: list[Moved], settled: list[Settled]
) -> None:
    dated = {date(2025, n, 1): moved for n, moved in enumerate(months, start=1)}
    assert list(settle(1000, 3, dated).values()) == settled
