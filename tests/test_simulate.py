"""The simulated company: repeatable, of the size asked for, with every case the demo shows."""

import hashlib
import json
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from click.testing import CliRunner

from ingestion.simulate import simulate
from ingestion.simulation.files import MANIFEST, Simulated, write_company
from rate_cards.problems import EnvironmentProblem, InputError
from rate_cards.settings import BUNDLED_BOOKS, Settings

BOOK = BUNDLED_BOOKS / "northwind"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return write_company(tmp_path_factory.mktemp("demo"), book=BOOK)


def small(out: Path, **asked: Any) -> Simulated:
    size = {"customers": 30, "events": 2_000, "months": 3}
    return write_company(out, book=BOOK, **{**size, **asked})


def rows(source: str, query: str = "select * from source") -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(f"with source as (from {source}) {query}").fetchall()


def parquet(made: Simulated, name: str = "*") -> str:
    return f"read_parquet('{made.out}/usage/{name}.parquet')"


def csv(made: Simulated, name: str) -> str:
    return f"read_csv('{made.out}/{name}.csv', all_varchar = true)"


def counts(made: Simulated, name: str, column: str) -> dict[str, int]:
    query = f"select {column}, count(*) from source group by all"
    return dict(rows(csv(made, name), query))


def content(made: Simulated) -> dict[str, str]:
    """File -> digest of its rows in their order; Parquet's bytes may differ between writers."""
    digests = {}
    for name in made.rows:
        path = made.out / name
        text = (
            repr(rows(f"read_parquet('{path}')", "select columns(*)::varchar from source")).encode()
            if path.suffix == ".parquet"
            else path.read_bytes()
        )
        digests[name] = hashlib.sha256(text).hexdigest()
    return digests


@cache
def cards() -> list[dict[str, Any]]:
    """The authored cards as plain text values, by the time they take effect."""
    texts = [path.read_text("utf-8") for path in sorted((BOOK / "cards").glob("*.yml"))]
    return [yaml.load(text, Loader=yaml.BaseLoader) for text in texts]


def card_at(moment: str) -> dict[str, Any]:
    return [card for card in cards() if card["effective_from"] <= moment][-1]


def test_the_same_seed_gives_the_same_rows_in_the_same_order(tmp_path: Path) -> None:
    assert content(small(tmp_path / "one")) == content(small(tmp_path / "two"))


def test_another_seed_gives_another_company_of_the_same_size(tmp_path: Path) -> None:
    one, other = small(tmp_path / "one"), small(tmp_path / "two", seed=8)
    assert content(one)["payments.csv"] != content(other)["payments.csv"]
    assert one.rows["customers.csv"] == other.rows["customers.csv"] == 30


def test_a_seed_gives_the_rows_it_always_gave(tmp_path: Path) -> None:
    # Recorded once, to hold on every machine. A change gives every user of a seed another company:
    # say so in the change notes, then record the new digests.
    made = content(small(tmp_path / "data"))
    assert made["usage/2025-08.parquet"][:16] == "1f8f2ca757a6402e"
    assert made["image_service/2025-07.csv"][:16] == "18144b83000f214f"
    assert made["payments.csv"][:16] == "1ca7f607b42370ab"


def test_every_event_asked_for_is_in_exactly_one_file_but_the_resent(demo: Simulated) -> None:
    metered = {row[0] for row in rows(parquet(demo), "select event_id from source")}
    logged = {
        row[0]
        for row in rows(
            csv(demo, "image_service/2025-07"),
            "select request_id from source where status = 'SUCCEEDED'",
        )
    }
    assert len(metered) + len(logged) == 60_000
    assert not metered & logged
    in_files = sum(count for name, count in demo.rows.items() if name.startswith("usage/"))
    assert in_files == len(metered)


def test_the_demo_is_small_and_has_a_file_a_month(demo: Simulated) -> None:
    assert demo.bytes < 2_000_000
    assert sum(1 for name in demo.rows if name.startswith("usage/2025-")) == 6
    assert demo.rows["customers.csv"] == 200


def test_every_file_is_named_by_a_source_of_the_book(demo: Simulated) -> None:
    book = yaml.safe_load((BOOK / "book.yml").read_text("utf-8"))
    named = {
        path.relative_to(demo.out).as_posix()
        for source in book["sources"]
        for path in demo.out.glob(source["path"])
    }
    assert named == set(demo.rows)


def test_usage_is_in_order_of_time_and_late_usage_in_order_of_arrival(demo: Simulated) -> None:
    for month in ("2025-07", "2025-12"):
        times = rows(parquet(demo, month), "select occurred_at from source")
        assert times == sorted(times)
        assert times[0][0].strftime("%Y-%m") == times[-1][0].strftime("%Y-%m") == month
    arrivals = rows(parquet(demo, "late_arrivals"), "select received_at from source")
    assert arrivals == sorted(arrivals)


def test_every_event_has_a_rate_of_the_card_in_force(demo: Simulated) -> None:
    used = rows(
        parquet(demo),
        "select meter, properties, strftime(date_trunc('day', occurred_at), '%Y-%m-%d'), count(*) "
        "from source group by all",
    )
    unpriced = []
    for meter, text, day, count in used:
        properties = json.loads(text)
        rates = card_at(day + "T00:00:00Z")["rates"]
        if not any(
            rate["meter"] == meter and rate["match"].items() <= properties.items() for rate in rates
        ):
            unpriced.append((meter, text, day, count))
    assert unpriced == []


def test_a_new_model_is_used_from_the_day_of_its_card_and_not_before(demo: Simulated) -> None:
    # gpt-5 comes with the card of 15 September, claude-haiku-4.5 with that of 1 November.
    first = dict(
        rows(
            parquet(demo),
            "select properties ->> 'model', strftime(min(occurred_at), '%Y-%m-%d') "
            "from source group by 1",
        )
    )
    assert first["gpt-5"] == "2025-09-15"
    assert first["claude-haiku-4.5"] == "2025-11-01"


def test_every_payment_is_the_price_of_its_offer_at_its_time_plus_tax(demo: Simulated) -> None:
    paid = rows(
        csv(demo, "payments"),
        "select offer, quantity, amount, tax, coalesce(period_start, occurred_at) from source "
        "where kind = 'payment' and offer is not null",
    )
    assert len(paid) > 300
    for offer, quantity, amount, tax, moment in paid:
        prices = {line["id"]: line["price"]["amount"] for line in card_at(moment)["offers"]}
        net = Decimal(amount) - Decimal(tax)
        assert net == Decimal(prices[offer]) * Decimal(quantity)


def test_usage_is_heavy_tailed_and_reaches_most_customers(demo: Simulated) -> None:
    used = rows(
        parquet(demo), "select count(*) from source group by customer_id order by count(*) desc"
    )
    share_of_first = Decimal(used[0][0]) / Decimal(sum(count for (count,) in used))
    assert Decimal("0.10") < share_of_first < Decimal("0.30")
    assert len(used) > 180


def test_usage_spreads_over_the_customers_whatever_their_number(tmp_path: Path) -> None:
    # 7,919 is the prime that ranks are scattered by: its multiples would all fall on one customer.
    made = small(tmp_path / "data", customers=7_919)
    users = rows(parquet(made), "select count(distinct customer_id) from source")
    assert users[0][0] > 1_000


def test_months_grow_and_weekends_are_quieter(demo: Simulated) -> None:
    assert demo.rows["usage/2025-12.parquet"] > 2 * demo.rows["usage/2025-07.parquet"]
    by_weekday = dict(
        rows(
            parquet(demo, "2025-10"), "select isodow(occurred_at), count(*) from source group by 1"
        )
    )
    assert max(by_weekday[6], by_weekday[7]) < min(by_weekday[day] for day in range(1, 6))


def test_quantities_are_exact_decimals_some_of_them_fractions(demo: Simulated) -> None:
    kinds = rows(
        parquet(demo),
        "select meter, typeof(quantity), count(*) filter (quantity <> trunc(quantity)) "
        "from source group by all order by all",
    )
    assert [kind[:2] for kind in kinds] == [
        ("images", "DECIMAL(18,3)"),
        ("llm_tokens", "DECIMAL(18,3)"),
        ("speech_seconds", "DECIMAL(18,3)"),
    ]
    assert [kind[2] > 0 for kind in kinds] == [False, False, True]


def test_times_carry_their_zone(demo: Simulated) -> None:
    kinds = rows(
        parquet(demo), "select typeof(occurred_at), typeof(received_at) from source limit 1"
    )
    assert kinds == [("TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE")]
    texts = rows(csv(demo, "payments"), "select occurred_at, received_at from source")
    assert all(text.endswith("Z") for pair in texts for text in pair)


def test_some_usage_arrives_after_the_close_of_its_month(demo: Simulated) -> None:
    # Each month closes at 00:00 UTC on the fifth of the next.
    after_close = rows(
        parquet(demo, "late_arrivals"),
        "select count(*) from source "
        "where received_at >= date_trunc('month', occurred_at) + interval 1 month + interval 4 day "
        "and occurred_at < timestamptz '2025-12-01 00:00:00+00'",
    )
    on_time = rows(
        parquet(demo, "2025-*"),
        "select count(*) from source where received_at - occurred_at > interval 1 minute",
    )
    assert after_close[0][0] > 20
    assert on_time == [(0,)]


def test_a_resent_batch_repeats_events_exactly(demo: Simulated) -> None:
    resent = rows(
        f"read_json('{demo.out}/usage_resent/2025-08.jsonl', columns = {{event_id: 'varchar', "
        "occurred_at: 'timestamptz', customer_id: 'varchar', meter: 'varchar', "
        "quantity: 'decimal(18, 3)', properties: 'varchar', user_id: 'varchar', "
        "team_id: 'varchar', received_at: 'timestamptz'})"
    )
    metered = {row[0]: row for row in rows(parquet(demo, "2025-08"))}
    assert len(resent) == 60
    assert [metered[row[0]] for row in resent] == resent


def test_the_image_log_holds_failed_requests_that_are_not_sold(demo: Simulated) -> None:
    statuses = counts(demo, "image_service/2025-07", "status")
    assert statuses["SUCCEEDED"] > 500
    assert 0 < statuses["FAILED"] < statuses["SUCCEEDED"]


def test_events_without_a_user_have_no_team_either(demo: Simulated) -> None:
    machines = rows(
        parquet(demo),
        "select count(*) filter (user_id is null and team_id is null), "
        "count(*) filter (user_id is null or team_id is null) from source",
    )
    assert machines[0][0] == machines[0][1] > 2_000


def test_the_team_of_an_event_is_the_team_of_its_member_then(demo: Simulated) -> None:
    elsewhere = rows(
        parquet(demo),
        "select source.event_id, source.team_id, member.team_id from source "
        f"left join {csv(demo, 'members')} as member on source.user_id = member.user_id "
        'and source.occurred_at >= member."from"::timestamptz '
        "and source.occurred_at < coalesce(member.\"to\", '9999-01-01T00:00:00Z')::timestamptz "
        "where source.user_id is not null and source.team_id is distinct from member.team_id",
    )
    assert elsewhere == []
    moved = rows(csv(demo, "members"), 'select count(*) from source where "to" is not null')
    assert moved[0][0] > 10


def test_payments_are_refunded_in_full_and_in_part(demo: Simulated) -> None:
    source = csv(demo, "payments")
    refunds = rows(
        source,
        "select refund.amount = paid.amount, count(*) from source as refund "
        "inner join source as paid on refund.relates_to = paid.payment_id "
        "where refund.kind = 'refund' and refund.occurred_at > paid.occurred_at "
        "and paid.kind = 'payment' and refund.customer_id = paid.customer_id group by 1",
    )
    by_extent = dict(refunds)
    assert by_extent[True] >= 3
    assert by_extent[False] >= 3
    assert sum(by_extent.values()) == counts(demo, "payments", "kind")["refund"]


def test_a_refund_can_follow_usage_that_the_purchase_paid_for(demo: Simulated) -> None:
    after_use = rows(
        csv(demo, "payments"),
        "select count(distinct refund.payment_id) from source as refund "
        "inner join source as paid on refund.relates_to = paid.payment_id "
        f"inner join {parquet(demo)} as event on event.customer_id = paid.customer_id "
        "and event.occurred_at > cast(paid.occurred_at as timestamptz) "
        "and event.occurred_at < cast(refund.occurred_at as timestamptz) "
        "where refund.kind = 'refund'",
    )
    assert after_use[0][0] >= 3


def test_money_feeds_hold_fees_taxes_payouts_transfers_and_unapplied_payments(
    demo: Simulated,
) -> None:
    figures = rows(
        csv(demo, "payments"),
        "select count(*) filter (kind = 'payment' and fee::decimal(18, 2) > 0), "
        "count(*) filter (kind = 'payment' and fee::decimal(18, 2) = 0), "
        "count(*) filter (tax::decimal(18, 2) > 0), count(*) filter (kind = 'payout'), "
        "count(*) filter (kind = 'payment' and offer is null), "
        "count(*) filter (received_at::timestamptz - occurred_at::timestamptz > interval 10 day) "
        "from source",
    )[0]
    cards_charged, transfers, taxed, payouts, unapplied, very_late = figures
    assert cards_charged > 300
    assert transfers > 20
    assert taxed > 100
    assert payouts > 20
    assert unapplied >= 2
    assert very_late >= 1


def test_payouts_never_exceed_what_came_in_before(demo: Simulated) -> None:
    moves = rows(
        csv(demo, "payments"),
        "select kind, amount::decimal(18, 2), fee::decimal(18, 2) from source "
        "order by occurred_at, payment_id",
    )
    balance = Decimal(0)
    for kind, amount, fee in moves:
        balance += amount - fee if kind == "payment" else -amount
        assert kind != "payout" or balance >= 0


def test_plans_start_on_many_days_and_some_end(demo: Simulated) -> None:
    plans = rows(
        csv(demo, "subscriptions"),
        "select count(distinct day(started_at::timestamptz)), max(day(started_at::timestamptz)), "
        "count(*) filter (ended_at is not null), count(distinct offer), "
        "count(*) filter (ended_at::timestamptz <> started_at::timestamptz + interval 2 month) "
        "from source",
    )[0]
    days, latest_day, ended, offers, ended_mid_period = plans
    assert days >= 12
    assert latest_day >= 29  # a month without such a day must bill on its last
    assert ended >= 5
    assert offers == 2
    assert ended_mid_period >= 1


def test_a_plan_pays_every_period_but_a_missed_one(demo: Simulated) -> None:
    # A subscription that ran to the end has one payment per period begun, in line with its start.
    missing = rows(
        csv(demo, "subscriptions"),
        "select source.subscription_id, n from source, range(6) as periods(n) "
        f"left join {csv(demo, 'payments')} as paid on paid.kind = 'payment' "
        "and paid.subscription_id = source.subscription_id and paid.period_start::timestamptz "
        "= source.started_at::timestamptz + n * interval 1 month "
        "where source.started_at::timestamptz + n * interval 1 month < least("
        "coalesce(source.ended_at::timestamptz, '2025-12-31 23:00:00+00'), "
        "timestamptz '2025-12-31 23:00:00+00') and paid.payment_id is null",
    )
    assert 1 <= len(missing) <= 4


def test_gifts_carry_nothing_and_name_who_approved_them(demo: Simulated) -> None:
    assert counts(demo, "grants", "kind").keys() == {"promo", "goodwill"}
    assert counts(demo, "grants", "consideration").keys() == {"0.00"}
    given = rows(
        csv(demo, "grants"), "select 1 from source where reason is null or approved_by is null"
    )
    assert given == []


def test_only_gifts_in_force_are_voided(demo: Simulated) -> None:
    voided = rows(
        csv(demo, "lot_events"),
        "select source.kind, gift.kind, source.occurred_at > gift.effective_at "
        "and source.occurred_at < gift.expires_at from source "
        f"left join {csv(demo, 'grants')} as gift on source.lot_id = gift.grant_id",
    )
    assert len(voided) >= 3
    assert set(voided) == {("void", "promo", True)}


def test_every_month_but_the_last_closes_on_the_fifth(demo: Simulated) -> None:
    closes = rows(csv(demo, "period_closes"), "select period, closed_at from source order by all")
    assert closes[0] == ("2025-07", "2025-08-05T00:00:00Z")
    assert closes[-1] == ("2025-11", "2025-12-05T00:00:00Z")
    assert len(closes) == 5


def test_a_customer_of_average_size_buys_as_often_as_asked(tmp_path: Path) -> None:
    made = small(tmp_path / "data", customers=1, lots_per_customer=40)
    bought = rows(csv(made, "payments"), "select count(*) from source where kind = 'payment'")
    assert bought == [(40,)]


def test_the_smallest_company_has_every_file(tmp_path: Path) -> None:
    made = small(tmp_path / "data", customers=1, events=1, months=1, lots_per_customer=0)
    assert made.rows["payments.csv"] == 0
    assert made.rows["usage/2025-07.parquet"] == 1
    assert all((made.out / name).is_file() for name in made.rows)


def test_a_second_simulation_replaces_the_files_of_the_first(tmp_path: Path) -> None:
    small(tmp_path / "data", months=3)
    made = small(tmp_path / "data", months=2)
    left = {path.relative_to(made.out).as_posix() for path in made.out.rglob("*.*")}
    assert left == {*made.rows, MANIFEST}


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "ledger.csv").write_text("ours\n", "utf-8")
    with pytest.raises(EnvironmentProblem, match="is not empty"):
        small(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.csv"]


def test_a_span_before_the_first_card_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing is sold yet in 2025-06"):
        small(tmp_path / "data", start=datetime(2025, 6, 1, tzinfo=UTC))
    assert small(tmp_path / "data", start=datetime(2025, 7, 1, tzinfo=UTC)).rows


def test_the_command_says_what_it_wrote(tmp_path: Path) -> None:
    asked = ["--whale", "--events", "500", "--months", "2", "--out", str(tmp_path / "data")]
    told = CliRunner().invoke(simulate, asked, obj=Settings(book=BOOK))
    assert told.exit_code == 0, told.output
    assert "customers.csv" in told.output
    as_json = CliRunner().invoke(simulate, asked, obj=Settings(book=BOOK, as_json=True))
    assert json.loads(as_json.stdout)["rows"]["customers.csv"] == 1
