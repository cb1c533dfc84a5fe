"""Movements of a processor's balance, and grants and their voids, of Stripe and OpenMeter."""

from __future__ import annotations

import csv
import json
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from ingestion.exports import EXPORTS
from tests.ingestion_company import Company

SHARED = Path(__file__).resolve().parents[2] / "shared/data/payments"
SETTLED = """
    select settlement_id, kind, payment_id, amount, fee, net, currency, occurred_at::varchar,
        available_at::varchar, payout_id
    from raw.settlements order by row_no
"""
VOIDS = "select lot_event_id, lot_id, kind, occurred_at::varchar from raw.lot_events order by all"


def movement(name: str, kind: str, amount: int, fee: int, **changes: Any) -> dict[str, Any]:
    """A balance transaction of the API; 1772323200 is 1 March 2026, 1772582400 the 4th."""
    return {
        "id": name,
        "object": "balance_transaction",
        "amount": amount,
        "fee": fee,
        "net": amount - fee,
        "currency": "usd",
        "created": 1772323200,
        "available_on": 1772582400,
        "type": kind,
        "source": None,
        **changes,
    }


def test_minor_units_of_the_api_and_major_ones_of_the_report_are_the_same_movements(
    tmp_path: Path,
) -> None:
    rows = [
        movement("txn_1", "charge", 10000, 320, source="ch_1", reporting_category="charge"),
        movement("txn_2", "refund", -4000, 0, source="re_1", reporting_category="refund"),
        movement("txn_3", "adjustment", -6000, 1500, source="dp_1", reporting_category="dispute"),
        movement("txn_4", "adjustment", 6000, -1500, source="dp_1",
                 reporting_category="dispute_reversal"),
        movement("txn_5", "stripe_fee", -75, 0, reporting_category="fee"),
        movement("txn_6", "payout", -123456, 0, source="po_1", reporting_category="payout"),
        movement("txn_7", "topup", 500, 0, source="tu_1", reporting_category="topup"),
    ]  # fmt: skip
    objects = Company(
        tmp_path / "api", '{feed: settlements, format: stripe_balance_transactions, path: "b.json"}'
    )
    objects.file("b.json", json.dumps({"object": "list", "data": rows}))
    objects.load()
    report = Company(
        tmp_path / "csv", '{feed: settlements, format: stripe_balance_movements, path: "b.csv"}'
    )
    report.file(
        "b.csv",
        "balance_transaction_id,created_utc,available_on_utc,currency,gross,fee,net,"
        "reporting_category,source_id",
        "txn_1,2026-03-01 00:00:00,2026-03-04 00:00:00,usd,100.00,3.20,96.80,charge,ch_1",
        "txn_2,2026-03-01 00:00:00,2026-03-04 00:00:00,usd,-40.00,0.00,-40.00,refund,re_1",
        "txn_3,2026-03-01 00:00:00,2026-03-04 00:00:00,usd,-60.00,15.00,-75.00,dispute,dp_1",
        "txn_4,2026-03-01 00:00:00,2026-03-04 00:00:00,usd,60.00,-15.00,75.00,"
        "dispute_reversal,dp_1",
        "txn_5,2026-03-01 00:00:00,2026-03-04 00:00:00,usd,-0.75,0.00,-0.75,fee,",
        'txn_6,2026-03-01 00:00:00,2026-03-04 00:00:00,usd,"-1,234.56",0.00,"-1,234.56",'
        "payout,po_1",
        "txn_7,2026-03-01 00:00:00,2026-03-04 00:00:00,usd,5.00,0.00,5.00,topup,tu_1",
    )
    report.load()
    found = objects.rows(SETTLED)
    assert report.rows(SETTLED) == found
    assert [row[:6] for row in found] == [
        ("txn_1", "charge", "ch_1", D("100"), D("3.2"), D("96.8")),
        ("txn_2", "refund", "re_1", D("-40"), D("0"), D("-40")),
        ("txn_3", "dispute", "dp_1", D("-60"), D("15"), D("-75")),
        # Payments know what comes back by the id of its movement.
        ("txn_4", "dispute", "txn_4", D("60"), D("-15"), D("75")),
        ("txn_5", "fee", "txn_5", D("-0.75"), D("0"), D("-0.75")),
        ("txn_6", "payout", "po_1", D("-1234.56"), D("0"), D("-1234.56")),
        ("txn_7", "adjustment", "tu_1", D("5"), D("0"), D("5")),
    ]
    assert found[0][6:] == ("USD", "2026-03-01 00:00:00", "2026-03-04 00:00:00", None)
    assert found[5][9] == "po_1"


def test_yen_have_no_minor_unit_in_the_api(tmp_path: Path) -> None:
    company = Company(
        tmp_path, '{feed: settlements, format: stripe_balance_transactions, path: "b.json"}'
    )
    company.file("b.json", json.dumps({"data": [movement("t", "charge", 980, 30, currency="jpy")]}))
    company.load()
    assert company.rows("select amount, net, currency from raw.settlements") == [
        (D(980), D(950), "JPY")
    ]


def test_what_does_not_add_up_is_refused(tmp_path: Path) -> None:
    company = Company(
        tmp_path, '{feed: settlements, format: stripe_balance_transactions, path: "b.json"}'
    )
    company.file("b.json", json.dumps({"data": [movement("t", "charge", 980, 30, net=951)]}))
    assert any("net is not amount less fee" in message for message in company.messages())


def test_the_payout_of_a_movement_may_be_told_later(tmp_path: Path) -> None:
    company = Company(
        tmp_path, '{feed: settlements, format: stripe_balance_movements, path: "*.csv"}'
    )
    header = (
        "balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category,source_id,"
        "automatic_payout_id"
    )
    line = "txn_1,2026-03-01 00:00:00,usd,100.00,3.20,96.80,charge,ch_1,"
    company.file("1.csv", header, line)
    company.load()
    company.file("2.csv", header, f"{line}po_9")
    company.load()
    assert company.rows("select settlement_id, payout_id from raw.settlements order by all") == [
        ("txn_1", "po_9"),
        ("txn_1", None),
    ]


TABLE = SHARED / "stripe_tables/balance_transaction_data.csv"


@pytest.mark.skipif(not TABLE.exists(), reason=f"{TABLE} is not there")
def test_a_real_table_of_balance_transactions_loads_without_edits(tmp_path: Path) -> None:
    company = Company(
        tmp_path,
        f'{{feed: settlements, format: stripe_balance_transaction_table, path: "{TABLE}"}}',
    )
    [file] = company.load().files
    with TABLE.open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert (file.rows, file.loaded) == (len(rows), len(rows))
    # In dollars: a hundred cents each.
    wanted = {
        (row["id"], row["type"], row["source"], D(row["net"]) / 100, row["payout_id"] or None)
        for row in rows
    }
    found = "select settlement_id, kind, payment_id, net, payout_id from raw.settlements"
    assert set(company.rows(found)) == wanted


FIXTURES = SHARED / "stripe_api_fixtures.json"
SAMPLES = {
    "stripe_balance_transactions": ("balance_transaction", "", []),
    "stripe_charges": ("charge", "columns: {customer_id: \"'cus_1'\"}", []),
    "stripe_refunds": ("refund", "", []),
    "stripe_voided_credit_grants": ("billing.credit_grant", "", []),
    "stripe_meter_events": ("billing.meter_event", "columns: {meter: \"'images'\"}", []),
    # Its payout is on its way, and its grant is of a currency called "currency": samples of types,
    # not of values.
    "stripe_payouts": ("payout", "", ["status is none of paid"]),
    "stripe_credit_grants": (
        "billing.credit_grant",
        "constants: {wallet: usd}",
        ["currency is not a currency"],
    ),
    "stripe_credit_balance_transactions": (
        "billing.credit_balance_transaction",
        "constants: {wallet: usd}",
        ["type is missing"],
    ),
}
"""Format -> the sample, what book.yml adds, and what it is refused for."""


@pytest.mark.skipif(not FIXTURES.exists(), reason=f"{FIXTURES} is not there")
@pytest.mark.parametrize("name", SAMPLES)
def test_stripes_samples_of_its_objects_load_or_are_refused_for_their_values(
    tmp_path: Path, name: str
) -> None:
    kind, extra, refused = SAMPLES[name]
    sample = json.loads(FIXTURES.read_text(encoding="utf-8"))["resources"][kind]
    source = f'feed: {EXPORTS[name].feed}, format: {name}, path: "o.json"'
    company = Company(tmp_path, f"{{{source}{', ' if extra else ''}{extra}}}")
    company.file("o.json", json.dumps({"object": "list", "data": [sample]}))
    messages = company.messages()
    assert len(messages) == len(refused)
    assert all(words in message for words, message in zip(refused, messages, strict=True))


def grant(**changes: Any) -> dict[str, Any]:
    return {
        "id": "g_1",
        "amount": 100,
        "priority": 5,
        "effectiveAt": "2026-01-31T12:00:00Z",
        "expiresAt": "2026-07-01T00:00:00Z",
        "expiration": {"duration": "MONTH", "count": 5},
        "entitlementId": "ent_1",
        "voidedAt": None,
        **changes,
    }


def openmeter(folder: Path, *grants: dict[str, Any]) -> Company:
    company = Company(
        folder,
        '{feed: grants, format: openmeter_grants, path: "g.json", constants: {wallet: usd}}',
        '{feed: lot_events, format: openmeter_voided_grants, path: "g.json"}',
    )
    company.file("g.json", json.dumps({"items": list(grants), "totalCount": len(grants)}))
    return company


LOTS = """
    select grant_id, customer_id, credits, effective_at::varchar, expires_at::varchar, priority
    from raw.grants order by row_no
"""


def test_a_grant_of_openmeter_is_one_lot(tmp_path: Path) -> None:
    company = openmeter(
        tmp_path, grant(), grant(id="g_2", amount=0.1, priority=None, customerId="acme")
    )
    company.load()
    assert company.rows(LOTS) == [
        ("g_1", "ent_1", D(100), "2026-01-31 12:00:00", "2026-07-01 00:00:00", 5),
        ("g_2", "acme", D("0.1"), "2026-01-31 12:00:00", "2026-07-01 00:00:00", 1),
    ]
    assert company.rows(VOIDS) == []


def test_a_grant_that_recurs_is_a_lot_every_time(tmp_path: Path) -> None:
    """From the anchor of the 31st: February has 28 days, and March gets the 31st back."""
    company = openmeter(
        tmp_path,
        grant(
            expiresAt="2026-05-10T00:00:00Z",
            recurrence={"interval": "MONTH", "anchor": "2025-12-31T00:00:00Z"},
            voidedAt="2026-04-02T00:00:00Z",
        ),
    )
    company.load()
    assert [row[0::3] for row in company.rows(LOTS)] == [
        ("g_1/1", "2026-01-31 12:00:00"),
        ("g_1/2", "2026-02-28 00:00:00"),
        ("g_1/3", "2026-03-31 00:00:00"),
        ("g_1/4", "2026-04-30 00:00:00"),
    ]
    assert [row[4] for row in company.rows(LOTS)] == [
        "2026-02-28 00:00:00",
        "2026-03-31 00:00:00",
        "2026-04-30 00:00:00",
        "2026-05-10 00:00:00",
    ]
    # The third is running when the grant is voided, and the fourth never begins.
    assert company.rows(VOIDS) == [
        ("g_1/3/void", "g_1/3", "void", "2026-04-02 00:00:00"),
        ("g_1/4/void", "g_1/4", "void", "2026-04-30 00:00:00"),
    ]


def test_every_interval_is_counted_from_its_anchor_however_far(tmp_path: Path) -> None:
    """Days, weeks and years from an anchor long before the grant, and from one long after it."""
    ends = {
        ("DAY", "2001-01-01T06:00:00Z"): 4,  # 12:00 to 06:00 on the 3rd: 18 h, 24 h, 24 h
        ("WEEK", "2001-01-01T00:00:00Z"): 1,  # a Monday, as is 2 February 2026: within the last day
        ("DAY", "2051-01-01T06:00:00Z"): 4,
        ("MONTH", "2051-02-01T00:00:00Z"): 2,
        ("YEAR", "2051-02-01T00:00:00Z"): 2,
    }
    for at, ((interval, anchor), lots) in enumerate(ends.items()):
        company = openmeter(
            tmp_path / str(at),
            grant(
                expiresAt="2026-02-03T06:00:01Z" if interval == "DAY" else "2026-02-02T00:00:00Z",
                recurrence={"interval": interval, "anchor": anchor},
            ),
        )
        company.load()
        assert company.rows("select count(*) from raw.grants") == [(lots,)], interval


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"recurrence": {"interval": "FORTNIGHT", "anchor": "2026-01-01T00:00:00Z"}}, "interval"),
        ({"recurrence": {"interval": "MONTH"}}, "interval"),
        (
            {
                "recurrence": {"interval": "MONTH", "anchor": "2026-01-01T00:00:00Z"},
                "expiresAt": None,
            },
            "expires_at is missing for a grant that recurs",
        ),
    ],
)
def test_a_recurrence_that_cannot_be_counted_is_refused(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    messages = openmeter(tmp_path, grant(**changes)).messages()
    assert any(said in message for message in messages), messages


def test_a_voided_credit_grant_of_stripe_is_voided_from_its_instant_on(tmp_path: Path) -> None:
    company = Company(
        tmp_path, '{feed: lot_events, format: stripe_voided_credit_grants, path: "g.json"}'
    )
    base = {"created": 1772323200, "effective_at": None}
    grants = [
        {**base, "id": "used", "voided_at": None},
        {**base, "id": "voided", "voided_at": 1772582400},
        {**base, "id": "early", "effective_at": 1772668800, "voided_at": 1772582400},
    ]
    company.file("g.json", json.dumps({"data": grants}))
    [file] = company.load().files
    assert (file.rows, file.loaded, file.excluded) == (3, 2, 1)
    assert company.rows(VOIDS) == [
        ("early/void", "early", "void", "2026-03-05 00:00:00"),
        ("voided/void", "voided", "void", "2026-03-04 00:00:00"),
    ]
