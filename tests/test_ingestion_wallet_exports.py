"""Wallets as Lago and Stripe write them: grants, and statements the books are compared with."""

from __future__ import annotations

import json
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from tests.ingestion_company import Company

CONSTANTS = "constants: {wallet: universal}"
STATEMENTS = """
    select statement_id, source, customer_id, measure, lot_id, from_at::varchar, until_at::varchar,
        amount, decimals
    from raw.statements order by row_no
"""
GRANTS = """
    select grant_id, customer_id, credits, kind, effective_at::varchar, consideration, currency,
        priority
    from raw.grants order by row_no
"""
SINCE_EVER = "1980-01-01 00:00:00"


def transaction(**changes: Any) -> dict[str, Any]:
    return {
        "lago_id": "wt_1",
        "lago_wallet_id": "w_1",
        "status": "settled",
        "transaction_type": "inbound",
        "transaction_status": "purchased",
        "amount": "35.0",
        "credit_amount": "70.0",
        "settled_at": "2026-01-01T01:00:00Z",
        "priority": 50,
        "name": None,
        **changes,
    }


def wallet(**changes: Any) -> dict[str, Any]:
    return {
        "lago_id": "w_1",
        "status": "active",
        "external_customer_id": "acme",
        "currency": "USD",
        "rate_amount": "0.5",
        "credits_balance": "90.0",
        "credits_ongoing_balance": "80.5",
        "balance_cents": 4400,
        "last_balance_sync_at": "2026-02-01T00:05:00Z",
        **changes,
    }


def test_what_came_into_a_wallet_of_lago_is_granted(tmp_path: Path) -> None:
    company = Company(
        tmp_path,
        f"{{feed: grants, format: lago_wallet_transactions, path: wt.json, {CONSTANTS}}}",
    )
    of_acme = {"external_customer_id": "acme", "currency": "USD"}
    rows = [
        transaction(wallet=of_acme),
        transaction(lago_id="wt_2", transaction_status="granted", priority=None, wallet=of_acme),
        transaction(lago_id="wt_3", transaction_type="outbound", transaction_status="invoiced"),
        transaction(lago_id="wt_4", status="pending", settled_at=None),
    ]
    company.file("wt.json", json.dumps({"wallet_transactions": rows, "meta": {}}))
    [file] = company.load().files
    assert (file.loaded, file.excluded) == (2, 2)
    at = "2026-01-01 01:00:00"
    assert company.rows(GRANTS) == [
        ("wt_1", "acme", D(70), "paid", at, D(35), "USD", 50),
        ("wt_2", "acme", D(70), "promo", at, None, "USD", None),
    ]


def test_the_view_of_transactions_names_the_wallet_and_no_customer(tmp_path: Path) -> None:
    company = Company(
        tmp_path,
        "{feed: grants, format: lago_wallet_transaction_table, path: wt.csv, "
        "constants: {wallet: universal, currency: USD}}",
    )
    company.file(
        "wt.csv",
        "lago_id,lago_wallet_id,status,source,transaction_status,transaction_type,amount,"
        "credit_amount,settled_at,lago_invoice_id",
        "wt_1,w_1,settled,manual,granted,inbound,30.00000,30.00000,2026-01-01T00:00:00Z,",
        "wt_2,w_1,settled,manual,purchased,inbound,70.00000,70.00000,2026-01-01 01:00:00.25,inv_1",
        "wt_3,w_1,settled,manual,invoiced,outbound,80.00000,80.00000,2026-02-01T00:00:00Z,inv_2",
    )
    company.load()
    assert company.rows(GRANTS) == [
        ("wt_1", "w_1", D(30), "promo", "2026-01-01 00:00:00", None, "USD", None),
        ("wt_2", "w_1", D(70), "paid", "2026-01-01 01:00:00.25", D(70), "USD", None),
    ]


def test_a_wallet_of_lago_states_its_credits_its_money_and_what_is_not_invoiced(
    tmp_path: Path,
) -> None:
    company = Company(
        tmp_path, f"{{feed: statements, format: lago_wallets, path: wallets.json, {CONSTANTS}}}"
    )
    rows = [
        wallet(),
        wallet(lago_id="w_2", rate_amount="3.0", balance_cents=1000, credits_ongoing_balance=None),
        wallet(lago_id="w_3", status="terminated"),
    ]
    company.file("wallets.json", json.dumps({"wallets": rows}))
    company.load()
    found = [(r[0], r[1], r[2], r[6], r[7], r[8]) for r in company.rows(STATEMENTS)]
    # 44.00 at 0.50 a credit are 88, not the 90 that Lago's credits say; 10.00 at 3 are 3.333333333.
    at = "2026-02-01T00:05:00Z"
    until = "2026-02-01 00:05:00"
    assert found == [
        (f"w_1@{at}", "lago", "acme", until, D(90), 5),
        (f"w_1@{at} money", "lago money", "acme", until, D(88), 1),
        (f"w_1@{at} ongoing", "lago ongoing", "acme", until, D("80.5"), 5),
        (f"w_2@{at}", "lago", "acme", until, D(90), 5),
        (f"w_2@{at} money", "lago money", "acme", until, D("3.333333333"), 2),
    ]


def test_what_invoices_consumed_of_a_grant_adds_up(tmp_path: Path) -> None:
    company = Company(
        tmp_path,
        f"{{feed: statements, format: lago_wallet_consumption_table, path: used.csv, {CONSTANTS}}}",
    )
    company.file(
        "used.csv",
        "lago_id,lago_inbound_wallet_transaction_id,lago_outbound_wallet_transaction_id,"
        "consumed_amount_cents,created_at,rate_amount",
        "c_1,wt_1,wt_3,3000,2026-02-01 00:00:00,1",
        "c_2,wt_2,wt_3,5000,2026-02-01 00:00:00,0.5",
        "c_3,wt_2,wt_4,1000,2026-03-01 00:00:00,0.5",
        "c_4,wt_2,wt_5,500,2026-03-01 00:00:00,0.5",
    )
    company.load()
    until = [f"2026-0{month}-01 00:00:00.000001" for month in (2, 2, 3)]
    # 50.00 at 0.50 are 100 credits; 15.00 more make 130.
    assert [(r[2], r[3], r[4], r[5], r[6], r[7]) for r in company.rows(STATEMENTS)] == [
        (None, "drawn", lot, SINCE_EVER, at, amount)
        for lot, at, amount in zip(
            ("wt_1", "wt_2", "wt_2"), until, (D(30), D(100), D(130)), strict=True
        )
    ]


def movement(effective_at: int, kind: str, cents: int, grant: Any = "credgr_1") -> dict[str, Any]:
    """A movement of Stripe's, a credit or a debit by its kind."""
    side = (
        "credit" if kind in ("credits_granted", "credits_application_invoice_voided") else "debit"
    )
    amount = {"type": "monetary", "monetary": {"currency": "usd", "value": cents}}
    return {
        "id": f"cbtxn_{effective_at}_{kind}",
        "credit_grant": grant,
        "type": side,
        "effective_at": effective_at,
        "credit": None,
        "debit": None,
        side: {"type": kind, "amount": amount},
    }


def test_movements_of_stripes_credit_grants_are_what_was_drawn_and_what_is_left(
    tmp_path: Path,
) -> None:
    company = Company(
        tmp_path,
        "{feed: statements, format: stripe_credit_balance_transactions, path: tx.json, "
        f"{CONSTANTS}}}",
    )
    start, first, second, end = 1772323200, 1775001600, 1777593600, 1780272000
    rows = [  # newest first, as the API lists them
        movement(end, "credits_expired", 1700, {"id": "credgr_1", "customer": "cus_a"}),
        movement(second, "credits_applied", 2000),
        movement(second, "credits_application_invoice_voided", 500),
        movement(first, "credits_applied", 1800),
        movement(start, "credits_granted", 5000),
    ]
    company.file("tx.json", json.dumps({"object": "list", "data": rows, "has_more": False}))
    company.load()
    found = {(r[3], r[6]): r[7] for r in company.rows(STATEMENTS)}
    assert found == {
        ("balance", "2026-03-01 00:00:01"): D(50),
        ("drawn", "2026-03-01 00:00:01"): D(0),
        ("balance", "2026-04-01 00:00:01"): D(32),
        ("drawn", "2026-04-01 00:00:01"): D(18),
        ("balance", "2026-05-01 00:00:01"): D(17),
        ("drawn", "2026-05-01 00:00:01"): D(33),
        ("balance", "2026-06-01 00:00:01"): D(0),
        ("drawn", "2026-06-01 00:00:01"): D(33),
    }
    assert {row[4] for row in company.rows(STATEMENTS)} == {"credgr_1"}


@pytest.mark.parametrize(
    ("feed", "export", "rows", "words"),
    [
        (
            "grants",
            "lago_wallet_transactions",
            {"wallet_transactions": [transaction(settled_at="1772323200")]},
            "settled_at is not a date and time",
        ),
        (
            "grants",
            "lago_wallet_transactions",
            {"wallet_transactions": [transaction(transaction_status="invoiced")]},
            "transaction_status is none of purchased, granted",
        ),
        (
            "statements",
            "lago_wallets",
            {"wallets": [wallet(balance_cents="44.00")]},
            "balance_cents is not a whole number",
        ),
        (
            "statements",
            "stripe_credit_balance_transactions",
            {"data": [movement(1772323200, "credits_granted", 5000) | {"type": "grant"}]},
            "type is none of credit, debit",
        ),
        (
            "statements",
            "lago_wallets",
            {"wallets": [wallet(rate_amount="half a dollar")]},
            "rate_amount is not a plain decimal number",
        ),
        (
            "statements",
            "stripe_credit_balance_transactions",
            {"data": [movement(1772323200000, "credits_granted", 5000)]},
            "effective_at is not a time in epoch seconds",
        ),
        (
            "statements",
            "stripe_credit_balance_transactions",
            {"data": [{"id": "credgr_1", "object": "billing.credit_grant", "category": "paid"}]},
            "is not a list of Stripe's credit balance transactions: it has no credit_grant",
        ),
    ],
)
def test_what_is_no_such_list_is_refused(
    tmp_path: Path, feed: str, export: str, rows: dict[str, Any], words: str
) -> None:
    company = Company(tmp_path, f"{{feed: {feed}, format: {export}, path: x.json, {CONSTANTS}}}")
    company.file("x.json", json.dumps(rows))
    [message] = company.messages()
    assert words in message
