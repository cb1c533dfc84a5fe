"""Files as other systems write them, each loaded with one line of book.yml."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest

from ingestion.exports import EXPORTS
from ingestion.sources import FEEDS
from rate_cards.book import EXPORT_FEEDS, FileFormat
from tests.ingestion_company import Company

REPORT = '{feed: payments, format: stripe_balance_report, path: "balance*.csv"}'
REPORT_HEADER = (
    "balance_transaction_id,created_utc,available_on_utc,currency,gross,fee,net,reporting_category,"
    "source_id,customer_id,charge_id,invoice_id,payment_metadata[offer]"
)
CHARGE = (
    "txn_1,2026-03-01 09:30:00,2026-03-04 00:00:00,usd,100.00,3.20,96.80,charge,"
    "ch_1,cus_a,ch_1,in_1,pack_100"
)
PAYMENTS = """
    select payment_id, kind, customer_id, amount, currency, fee, relates_to, offer
    from raw.payments order by row_no
"""
USAGE = """
    select event_id, occurred_at, customer_id, properties, quantity
    from raw.usage inner join raw.usage_customers using (customer_no)
    inner join raw.property_sets using (property_set_no) order by event_id
"""


def tokens(export: str, *more: str) -> str:
    """A source of token usage in the lite book's meter, with the properties that book knows."""
    columns = ", ".join(["properties.model: model", "properties.direction: _kind", *more])
    return (
        f"{{feed: usage, format: {export}, path: usage.json, "
        f"constants: {{meter: llm_tokens}}, columns: {{{columns}}}}}"
    )


def openai_page(**counts: Any) -> str:
    result = {
        "object": "organization.usage.completions.result",
        "input_tokens": 120000,
        "input_cached_tokens": 40000,
        "output_tokens": 9000,
        "project_id": "acme",
        "user_id": None,
        "model": "gpt-4o",
        "batch": False,
        **counts,
    }
    bucket = {"object": "bucket", "start_time": 1772409600, "end_time": 1772496000}
    return json.dumps(
        {"object": "page", "data": [{**bucket, "results": [result]}], "has_more": False}
    )


def test_the_formats_of_a_book_are_the_exports_there_are() -> None:
    assert {name: export.feed for name, export in EXPORTS.items()} == EXPORT_FEEDS
    assert set(EXPORTS) <= set(get_args(FileFormat))


@pytest.mark.parametrize("export", EXPORTS.values(), ids=lambda export: export.name)
def test_an_export_gives_columns_that_its_feed_has(export: Any) -> None:
    written = {column.written for column in FEEDS[export.feed].columns}
    assert {name.partition(".")[0] for name in export.columns} <= written


def test_a_balance_report_is_payments_and_what_became_of_them(tmp_path: Path) -> None:
    company = Company(tmp_path, REPORT)
    company.file(
        "balance.csv",
        REPORT_HEADER,
        CHARGE,
        "txn_2,2026-03-05 00:00:00,,usd,-40.00,0.00,-40.00,refund,re_1,cus_a,ch_1,in_1,",
        'txn_3,2026-03-06 00:00:00,,jpy,"12,500",453,"12,047",charge,ch_2,cus_b,ch_2,,pack_100',
        "txn_4,2026-03-07 00:00:00,,usd,-60.00,15.00,-75.00,dispute,dp_1,cus_a,ch_1,,",
        "txn_5,2026-03-08 00:00:00,,usd,60.00,0.00,60.00,dispute_reversal,dp_1,cus_a,ch_1,,",
        "txn_6,2026-03-09 00:00:00,,usd,-2.00,0.00,-2.00,fee,,,,,",
        "txn_7,2026-03-10 00:00:00,,usd,-94.80,0.00,-94.80,payout,po_1,,,,",
    )
    company.load()
    d = Decimal
    assert company.rows(PAYMENTS) == [
        ("ch_1", "payment", "cus_a", d(100), "USD", d("3.2"), None, "pack_100"),
        ("re_1", "refund", "cus_a", d(40), "USD", d(0), "ch_1", None),
        ("ch_2", "payment", "cus_b", d(12500), "JPY", d(453), None, "pack_100"),
        ("dp_1", "dispute_opened", "cus_a", d(60), "USD", d(15), "ch_1", None),
        ("txn_5", "dispute_won", "cus_a", d(60), "USD", d(0), "ch_1", None),
        ("txn_6", "fee", None, d(2), "USD", d(0), None, None),
        ("po_1", "payout", None, d("94.8"), "USD", d(0), None, None),
    ]
    [(first,)] = company.rows("select min(occurred_at) from raw.payments")
    assert first.isoformat() == "2026-03-01T09:30:00"


def test_columns_of_an_export_are_read_by_name_and_may_be_fewer(tmp_path: Path) -> None:
    company = Company(tmp_path, REPORT)
    company.file(
        "balance.csv",
        "reporting_category,fee,gross,currency,created_utc,balance_transaction_id,customer_id",
        "charge,0.29,5.00,eur,2026-03-01,txn_1,cus_a",
    )
    company.load()
    assert company.rows(PAYMENTS) == [
        ("txn_1", "payment", "cus_a", Decimal(5), "EUR", Decimal("0.29"), None, None)
    ]


def test_one_column_of_an_export_can_be_mapped_otherwise(tmp_path: Path) -> None:
    company = Company(
        tmp_path,
        '{feed: payments, format: stripe_balance_report, path: "balance*.csv", '
        'columns: {offer: "payment_metadata[credit_pack]"}}',
    )
    company.file("balance.csv", REPORT_HEADER.replace("[offer]", "[credit_pack]"), CHARGE)
    company.load()
    [row] = company.rows(PAYMENTS)
    assert (row[0], row[-1]) == ("ch_1", "pack_100")


def test_rows_that_move_no_money_of_a_sale_are_left_out_by_name(tmp_path: Path) -> None:
    company = Company(tmp_path, REPORT)
    topup = "txn_8,2026-03-10 00:00:00,,usd,500.00,0.00,500.00,topup,tu_1,,,,"
    company.file("balance.csv", REPORT_HEADER, CHARGE, topup)
    [message] = company.messages()
    assert "reporting_category is none of charge, refund, dispute" in message
    company.sources(REPORT[:-1] + ", where: \"reporting_category <> 'topup'\"}")
    company.load()
    assert [row[0] for row in company.rows(PAYMENTS)] == ["ch_1"]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (
            ["id,amount,currency,created", "ch_1,10000,usd,1772323200"],
            "it has no balance_transaction_id, created_utc, gross, fee, reporting_category",
        ),
        (
            [REPORT_HEADER, CHARGE.replace("2026-03-01 09:30:00", "1772357400")],
            "created_utc is not a date and time without a zone in 1 row",
        ),
        (
            [REPORT_HEADER, CHARGE.replace(",100.00,", ',"1.234,50",')],
            "gross is not an amount with a decimal point in 1 row",
        ),
        ([REPORT_HEADER, CHARGE.replace("usd", "USD")], "currency is not a currency in small"),
    ],
    ids=["api-objects", "epoch", "decimal-comma", "capitals"],
)
def test_a_file_that_is_not_what_it_claims_is_refused(
    tmp_path: Path, lines: list[str], says: str
) -> None:
    company = Company(tmp_path, REPORT)
    company.file("balance.csv", *lines)
    [message] = company.messages()
    assert "is not Stripe's itemized balance report" in message
    assert says in message


def test_a_bucket_of_openai_is_an_event_per_kind_of_token(tmp_path: Path) -> None:
    company = Company(tmp_path, tokens("openai_usage"))
    company.file("usage.json", openai_page(), openai_page(project_id="acme2", input_tokens=40000))
    company.load()
    rows = company.rows(USAGE)
    assert [(row[2], row[3], row[4]) for row in rows] == [
        ("acme", '{"direction":"cached_input","model":"gpt-4o"}', Decimal(40000)),
        ("acme", '{"direction":"input","model":"gpt-4o"}', Decimal(80000)),
        ("acme", '{"direction":"output","model":"gpt-4o"}', Decimal(9000)),
        ("acme2", '{"direction":"cached_input","model":"gpt-4o"}', Decimal(40000)),
        ("acme2", '{"direction":"output","model":"gpt-4o"}', Decimal(9000)),
    ]
    assert {row[1].isoformat() for row in rows} == {"2026-03-02T00:00:00"}


def test_a_bucket_that_is_exported_again_is_the_same_events(tmp_path: Path) -> None:
    company = Company(tmp_path, tokens("openai_usage").replace("usage.json", "usage*.json"))
    company.file("usage1.json", openai_page())
    company.load()
    company.file("usage2.json", openai_page(), openai_page(model="gpt-4o-mini"))
    result = company.load()
    assert [(file.loaded, file.duplicates) for file in result.files] == [(3, 0), (3, 3)]


def test_a_bucket_that_was_not_over_is_corrected_by_the_next_export(tmp_path: Path) -> None:
    company = Company(tmp_path, tokens("openai_usage").replace("usage.json", "usage*.json"))
    company.file("usage1.json", openai_page(output_tokens=4000))
    company.load()
    company.file("usage2.json", openai_page())
    [_, second] = company.load().files
    assert (second.loaded, second.duplicates) == (1, 2)
    told = company.rows("select quantity, corrects from raw.usage where event_id like '%output%'")
    [(name,)] = company.rows("select event_id from raw.usage where event_id like '%/output'")
    assert sorted(told) == [(Decimal(4000), None), (Decimal(9000), name)]


def test_a_bucket_of_anthropic_counts_cached_input_apart(tmp_path: Path) -> None:
    company = Company(tmp_path, tokens("anthropic_usage", "customer_id: api_key_id"))
    result = {
        "uncached_input_tokens": 80000,
        "cache_read_input_tokens": 40000,
        "cache_creation": {"ephemeral_5m_input_tokens": 5000, "ephemeral_1h_input_tokens": 0},
        "output_tokens": 9000,
        "model": "claude-sonnet-4",
        "workspace_id": None,
        "api_key_id": "acme",
    }
    bucket = {"starting_at": "2026-03-02T00:00:00Z", "ending_at": "2026-03-03T00:00:00Z"}
    page = {"data": [{**bucket, "results": [result]}], "has_more": False, "next_page": None}
    company.file("usage.json", json.dumps(page, indent=2))
    company.load()
    assert [(json.loads(row[3])["direction"], row[4]) for row in company.rows(USAGE)] == [
        ("cache_write_5m", Decimal(5000)),
        ("cached_input", Decimal(40000)),
        ("input", Decimal(80000)),
        ("output", Decimal(9000)),
    ]


def test_usage_of_one_vendor_is_not_taken_for_the_others(tmp_path: Path) -> None:
    company = Company(tmp_path, tokens("anthropic_usage"))
    company.file("usage.json", openai_page())
    [message] = company.messages()
    assert "the file is not Anthropic's usage report of messages" in message
    assert "it has no starting_at, ending_at, uncached_input_tokens" in message


def stripe_list(*objects: dict[str, Any]) -> str:
    return json.dumps({"object": "list", "data": objects, "has_more": False}, indent=1)


def charge(**changed: Any) -> dict[str, Any]:
    return {
        "id": "ch_1",
        "object": "charge",
        "amount": 4900,
        "currency": "usd",
        "created": 1772357400,
        "status": "succeeded",
        "customer": "cus_a",
        "invoice": None,
        "balance_transaction": {"id": "txn_1", "fee": 172, "currency": "usd"},
        "metadata": {"offer": "pack_100"},
        **changed,
    }


CHARGES = "{feed: payments, format: stripe_charges, path: charges.json}"


def test_charges_of_the_api_are_in_minor_units_and_epoch_seconds(tmp_path: Path) -> None:
    company = Company(tmp_path, CHARGES)
    yen = charge(id="ch_2", amount=4900, currency="jpy", balance_transaction="txn_2")
    expanded = charge(id="ch_3", customer={"id": "cus_b", "object": "customer"})
    company.file("charges.json", stripe_list(charge(), yen, expanded))
    company.load()
    assert company.rows(PAYMENTS) == [
        ("ch_1", "payment", "cus_a", Decimal("49.00"), "USD", Decimal("1.72"), None, "pack_100"),
        ("ch_2", "payment", "cus_a", Decimal(4900), "JPY", Decimal(0), None, "pack_100"),
        ("ch_3", "payment", "cus_b", Decimal("49.00"), "USD", Decimal("1.72"), None, "pack_100"),
    ]
    at = company.rows("select distinct occurred_at from raw.payments")
    assert [row[0].isoformat() for row in at] == ["2026-03-01T09:30:00"]


def test_refunds_disputes_and_payouts_of_the_api(tmp_path: Path) -> None:
    kinds = ("refunds", "disputes", "payouts")
    company = Company(
        tmp_path,
        *(f"{{feed: payments, format: stripe_{kind}, path: {kind}.json}}" for kind in kinds),
    )
    money = {"amount": 1000, "currency": "usd", "created": 1772409600}
    refund = {"id": "re_1", "charge": {"id": "ch_1"}, "status": "succeeded", **money}
    taken = {"id": "txn_3", "source": "dp_1", "fee": 1500, **money, "amount": -6000}
    given = {"id": "txn_4", "source": "dp_1", "fee": -1500, **money, "amount": 6000}
    dispute = {"id": "dp_1", "charge": "ch_2", "status": "won", "amount": 6000}
    payout = {"id": "po_1", "status": "paid", "arrival_date": 1772409600, **money}
    company.file("refunds.json", stripe_list(refund))
    company.file("disputes.json", stripe_list({**dispute, "balance_transactions": [taken, given]}))
    company.file("payouts.json", stripe_list(payout))
    company.load()
    ten, sixty = Decimal("10.00"), Decimal("60.00")
    assert sorted(company.rows(PAYMENTS)) == [
        ("dp_1", "dispute_opened", None, sixty, "USD", Decimal("15.00"), "ch_2", None),
        ("po_1", "payout", None, ten, "USD", Decimal(0), None, None),
        ("re_1", "refund", None, ten, "USD", Decimal(0), "ch_1", None),
        ("txn_4", "dispute_won", None, sixty, "USD", Decimal(0), "ch_2", None),
    ]


def test_a_charge_that_failed_is_left_out_only_where_the_source_says_so(tmp_path: Path) -> None:
    company = Company(tmp_path, CHARGES)
    company.file("charges.json", stripe_list(charge(), charge(id="ch_2", status="failed")))
    [message] = company.messages()
    assert "status is none of succeeded in 1 row" in message
    company.sources(CHARGES[:-1] + ", where: \"status = 'succeeded'\"}")
    result = company.load()
    assert [(file.loaded, file.excluded) for file in result.files] == [(1, 1)]


def test_credit_grants_and_meter_events_of_stripe(tmp_path: Path) -> None:
    grants = (
        "{feed: grants, format: stripe_credit_grants, path: grants.json, "
        "constants: {wallet: universal}}"
    )
    usage = "{feed: usage, format: stripe_meter_events, path: meter.jsonl}"
    company = Company(tmp_path, grants, usage)
    grant = {
        "id": "credgr_1",
        "amount": {"type": "monetary", "monetary": {"currency": "usd", "value": 5000}},
        "category": "promotional",
        "created": 1772323200,
        "customer": "cus_a",
        "effective_at": None,
        "expires_at": 1803859200,
        "priority": 50,
    }
    company.file("grants.json", stripe_list(grant))
    event = {
        "event_name": "llm_tokens",
        "identifier": "req-77",
        "timestamp": 1772409600,
        "payload": {"stripe_customer_id": "cus_a", "value": "1250", "model": "gpt-4o"},
    }
    company.file("meter.jsonl", json.dumps(event))
    company.load()
    assert company.rows(
        "select grant_id, customer_id, credits, kind, effective_at::varchar, expires_at::varchar, "
        "priority from raw.grants"
    ) == [
        (
            "credgr_1",
            "cus_a",
            Decimal(50),
            "promo",
            "2026-03-01 00:00:00",
            "2027-03-01 00:00:00",
            50,
        )
    ]
    assert [(row[0], row[2], row[3], row[4]) for row in company.rows(USAGE)] == [
        ("req-77", "cus_a", '{"model":"gpt-4o"}', Decimal(1250))
    ]


def test_an_event_of_lago_counts_what_its_metric_says(tmp_path: Path) -> None:
    source = (
        "{feed: usage, format: lago_events, path: events.json, "
        "columns: {quantity: \"properties ->> 'tokens'\", properties: \"'{}'\"}}"
    )
    company = Company(tmp_path, source)
    event = {
        "transaction_id": "t1",
        "external_subscription_id": "sub_1",
        "external_customer_id": "cus_a",
        "code": "llm_tokens",
        "timestamp": "2026-03-02T10:00:00.000Z",
        "properties": {"tokens": "1250"},
    }
    company.file("events.json", json.dumps({"events": [event], "meta": {"total_pages": 1}}))
    company.load()
    assert [(row[0], row[2], row[4]) for row in company.rows(USAGE)] == [
        ("sub_1/t1", "cus_a", Decimal(1250))
    ]


TABLES = Path(__file__).resolve().parents[2] / "shared/data/payments/stripe_tables"


@pytest.mark.skipif(not TABLES.exists(), reason=f"{TABLES} is not there")
@pytest.mark.parametrize(
    ("kind", "fact", "statuses"),
    [
        ("charge", "payment", {"succeeded"}),
        ("refund", "refund", {"succeeded"}),
        ("dispute", "dispute_opened", {"needs_response", "under_review", "won", "lost"}),
        ("payout", "payout", {"paid"}),
    ],
)
def test_tables_of_a_loader_load_without_edits(
    tmp_path: Path, kind: str, fact: str, statuses: set[str]
) -> None:
    path = TABLES / f"{kind}_data.csv"
    named = ", ".join(f"'{status}'" for status in sorted(statuses))
    company = Company(
        tmp_path,
        f'{{feed: payments, format: stripe_{kind}_table, path: "{path}", '
        f'where: "status in ({named})"}}',
    )
    [file] = company.load().files
    with path.open(newline="") as table:
        rows = list(csv.DictReader(table))
    # Every table is in dollars: a hundred cents each.
    wanted = {
        (row["id"], fact, Decimal(row["amount"]) / 100, "USD")
        for row in rows
        if row["status"] in statuses
    }
    found = company.rows("select payment_id, kind, amount, currency from raw.payments order by all")
    assert found == sorted(wanted)
    # No charge of the table succeeded; every row is accounted for.
    assert (file.loaded, file.loaded + file.excluded) == (len(wanted), len(rows))
