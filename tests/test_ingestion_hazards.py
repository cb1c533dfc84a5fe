"""Units and clocks that are easily taken for others, where no other test has them.

The rows of the hazard table of `shared/design/EXPORT_FORMATS.md`; docs/exports.md lists the tests.
"""

from __future__ import annotations

import json
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from tests.ingestion_company import Company

PAYMENTS = "select payment_id, amount, currency, occurred_at::varchar from raw.payments"
REPORT = '{feed: payments, format: stripe_balance_report, path: "report.csv"}'
HEADER = (
    "balance_transaction_id,created,created_utc,currency,gross,fee,reporting_category,source_id,"
    "customer_id"
)


def test_the_utc_column_of_a_report_counts_and_not_its_twin_in_another_zone(
    tmp_path: Path,
) -> None:
    company = Company(tmp_path, REPORT)
    company.file(
        "report.csv",
        HEADER,
        "txn_1,2026-02-28 16:30:00,2026-03-01 00:30:00,usd,25.00,0.00,charge,ch_1,cus_a",
        # Reports write yen without decimals, as the API does: 2500 are 2500.
        "txn_2,2026-02-28 16:30:00,2026-03-01 00:30:00,jpy,2500,0,charge,ch_2,cus_a",
    )
    company.load()
    assert company.rows(f"{PAYMENTS} order by 1") == [
        ("ch_1", D(25), "USD", "2026-03-01 00:30:00"),
        ("ch_2", D(2500), "JPY", "2026-03-01 00:30:00"),
    ]


@pytest.mark.parametrize("amount", ["25,00", "1.234,56", "1 234.56", "$25.00", "1,23,456.00"])
def test_a_report_with_another_decimal_separator_is_refused(tmp_path: Path, amount: str) -> None:
    """`decimal_separator` is a parameter of the report; a comma read wrongly is a factor of 100."""
    company = Company(tmp_path, REPORT)
    company.file(
        "report.csv", HEADER, f'txn_1,,2026-03-01 00:30:00,usd,"{amount}",0.00,charge,ch_1,cus_a'
    )
    [message] = company.messages()
    assert "gross is not an amount with a decimal point" in message


CHARGE = {
    "id": "ch_1",
    "amount": 2500,
    "currency": "usd",
    "created": 1772323200,
    "status": "succeeded",
    "customer": "cus_a",
}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        # As the preview of v2 writes them: decimal texts of minor units, and RFC 3339.
        ({"amount": "0.125"}, "amount is not a whole number"),
        ({"created": "2026-03-01T00:00:00Z"}, "created is not a time in epoch seconds"),
        # Milliseconds, and the major units and capital letters of other exports.
        ({"created": 1772323200000}, "created is not a time in epoch seconds"),
        ({"amount": "25.00"}, "amount is not a whole number"),
        ({"currency": "USD"}, "currency is not a currency in small letters"),
    ],
)
def test_other_units_and_clocks_are_not_taken_for_those_of_the_api(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    company = Company(tmp_path, '{feed: payments, format: stripe_charges, path: "c.json"}')
    company.file("c.json", json.dumps({"data": [{**CHARGE, **changes}]}))
    [message] = company.messages()
    assert said in message


@pytest.mark.parametrize(
    ("currency", "amount"),
    [
        ("usd", "25"),
        ("jpy", "2500"),
        ("kwd", "2.5"),
        # Stripe writes krónur and shillings with two decimals they do not have, ariary without.
        ("isk", "25"),
        ("ugx", "25"),
        ("mga", "2500"),
    ],
)
def test_minor_units_are_those_of_the_currency(tmp_path: Path, currency: str, amount: str) -> None:
    """2500 are 25.00 dollars, 2500 yen, 2.500 dinars."""
    company = Company(tmp_path, '{feed: payments, format: stripe_charges, path: "c.json"}')
    company.file("c.json", json.dumps({"data": [{**CHARGE, "currency": currency}]}))
    company.load()
    assert company.rows("select amount from raw.payments") == [(D(amount),)]


def event(**changes: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "req-1",
        "source": "gateway-eu",
        "type": "images",
        "subject": "acme",
        "time": "2026-03-02T00:00:00Z",
        "data": {"value": "3"},
        **changes,
    }


def test_source_and_id_tell_cloud_events_apart_and_one_sent_twice_counts_once(
    tmp_path: Path,
) -> None:
    company = Company(tmp_path, '{feed: usage, format: cloudevents, path: "e.json"}')
    company.file("e.json", json.dumps([event(), event(source="gateway-us"), event()]))
    [file] = company.load().files
    assert (file.rows, file.loaded, file.duplicates) == (3, 2, 1)
    assert company.rows("select event_id, quantity from raw.usage order by 1") == [
        ("gateway-eu/req-1", D(3)),
        ("gateway-us/req-1", D(3)),
    ]


def test_a_cloud_event_without_a_time_is_refused_and_never_dated_by_us(tmp_path: Path) -> None:
    """OpenMeter's server fills it in with its own clock, which a file does not have."""
    company = Company(tmp_path, '{feed: usage, format: cloudevents, path: "e.json"}')
    company.file("e.json", json.dumps([event(), event(id="req-2", time=None)]))
    [message] = company.messages()
    assert "occurred_at is missing in 1 of 2 rows" in message


GRANT = {
    "object_type": "WALLET_GRANT",
    "id": "wg_1",
    "customer_id": "acme",
    "wallet_id": "wal_1",
    "type": "DEFAULT",
    "grant_credits": {"quantity": "100.5", "credit_type_id": "crt_img"},
    "paid_amount": {"quantity": "90.00", "currency": "USD"},
    "start_at": "2026-03-01T00:00:00Z",
    "expire_at": "2027-03-01T00:00:00+01:00",
}
SOLVIMON = (
    '{feed: grants, format: solvimon_wallet_grants, path: "g.json", constants: {wallet: universal}}'
)


def test_a_grant_of_solvimon_is_its_face_value_sold_for_what_was_paid(tmp_path: Path) -> None:
    company = Company(tmp_path, SOLVIMON)
    money = {"quantity": "20", "currency": "USD"}
    promotion = {**GRANT, "id": "wg_2", "type": "PROMOTION", "grant_credits": None}
    company.file("g.json", json.dumps({"data": [GRANT, {**promotion, "grant_amount": money}]}))
    company.load()
    assert company.rows(
        "select grant_id, credits, kind, consideration, currency, effective_at::varchar, "
        "expires_at::varchar from raw.grants order by 1"
    ) == [
        ("wg_1", D("100.5"), "paid", D(90), "USD", "2026-03-01 00:00:00", "2027-02-28 23:00:00"),
        ("wg_2", D(20), "promo", None, None, "2026-03-01 00:00:00", "2027-02-28 23:00:00"),
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"grant_amount": {"quantity": "5", "currency": "USD"}}, "credits is told twice"),
        ({"type": "BONUS"}, "type is none of DEFAULT, PROMOTION"),
        ({"grant_credits": {"quantity": "1e3"}}, "grant_credits"),
        ({"start_at": "2026-03-01"}, "start_at is not a time with a zone"),
    ],
)
def test_what_is_no_grant_of_solvimon_is_refused(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    company = Company(tmp_path, SOLVIMON)
    company.file("g.json", json.dumps({"data": [{**GRANT, **changes}]}))
    assert any(said in message for message in company.messages())
