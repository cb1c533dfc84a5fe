"""Every output schema accepts a sound row and refuses each kind of unsound one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from reports.output_checks import failures_of
from reports.schemas import OUTPUTS, Output

JULY, AUGUST = date(2025, 7, 1), date(2025, 8, 1)
NOON = datetime.fromisoformat("2025-07-02T12:00:00")
LATER = datetime.fromisoformat("2025-08-03T12:00:00")
D = Decimal

BALANCE = {
    "booked_period": JULY,
    "opening": D(10),
    "granted": D(5),
    "drawn": D(-3),
    "expired": D(-1),
    "voided": D(-1),
    "transferred": D(0),
    "closing": D(10),  # 10 + 5 - 3 - 1 - 1
}
MONEY = {
    "opening": D("100.000"),
    "additions": D("50.000"),
    "usage_revenue": D("30.000"),
    "breakage_revenue": D("5.000"),
    "prior_period_revenue": D("4.000"),
    "escheated": D("0.500"),
    "refunded": D("0.500"),
    "transferred": D("0.000"),
    "fx": D("0.000"),
    "closing": D("110.000"),  # 100 + 50 - 30 - 5 - 4 - 0.50 - 0.50
}
TWINS = MONEY | {f"{name}_functional": value for name, value in MONEY.items()}

ROWS: dict[str, list[dict[str, Any]]] = {
    "rated_usage": [
        {
            "event_id": "e1",
            "customer_id": "c1",
            "pool_id": "c1",
            "user_id": None,
            "team_id": None,
            "meter": "images",
            "properties": "{}",
            "quantity": D(2),
            "occurred_at": NOON,
            "received_at": NOON,
            "booked_at": NOON,
            "service_period": JULY,
            "booked_period": JULY,
            "is_late": False,
            "card_version": "v1",
            "rate_id": "r1",
            "wallet": "universal",
            "cost": D(4),
            "unrated_reason": None,
        }
    ],
    "credit_lots": [
        {
            "lot_id": "p1:1",
            "customer_id": "c1",
            "wallet": "universal",
            "kind": "paid",
            "credits": D(100),
            "consideration": D("10.000"),
            "currency": "USD",
            "unit_value": D("0.1"),
            "granted_at": NOON,
            "effective_at": NOON,
            "expires_at": LATER,
            "priority": 100,
            "offer": "pack",
            "payment_id": "p1",
            "card_version": "v1",
            "ssp": D("0.2"),
            "ssp_currency": "USD",
            "expected_use": D(1),
            "parent_lot_id": None,
            "liability": "contract_liability",
            "booked_period": JULY,
        }
    ],
    "credit_ledger": [
        {
            "entry_id": "e1/p1:1",
            "entry_type": "draw",
            "lot_id": "p1:1",
            "customer_id": "c1",
            "wallet": "universal",
            "credits": D(-4),
            "amount": D("-0.4"),
            "currency": "USD",
            "occurred_at": NOON,
            "booked_at": NOON,
            "service_period": JULY,
            "booked_period": JULY,
            "event_id": "e1",
            "payment_id": "p1",
            "user_id": None,
            "team_id": None,
            "meter": "images",
            "rate_id": "r1",
            "card_version": "v1",
            "is_late": False,
            "corrects": None,
            "reason": None,
        }
    ],
    "lot_balances": [{"lot_id": "p1:1", "customer_id": "c1", "wallet": "universal", **BALANCE}],
    "wallet_balances": [
        {
            "customer_id": "c1",
            "wallet": "universal",
            **BALANCE,
            "overdrawn": D("2.000000000"),
            "unreleased": D(10),
        }
    ],
    "deferred_revenue_schedule": [
        {
            "lot_id": "p1:1",
            "booked_period": JULY,
            "currency": "USD",
            "liability": "contract_liability",
            **TWINS,
        }
    ],
    "liability_rollforward": [
        {
            "entity": "Northwind",
            "liability": "contract_liability",
            "wallet": "universal",
            "currency": "USD",
            "booked_period": JULY,
            **TWINS,
            "gl_balance": D("110.000"),
            "variance": D("0.000"),
        }
    ],
    "deferred_revenue_waterfall": [
        {
            "cohort": JULY,
            "wallet": "universal",
            "currency": "USD",
            "recognized_period": JULY,
            "sold": D("10.000"),
            "amount": D("4.000"),
            "breakage_amount": D("1.000"),
            "escheated": D("0.000"),
            "refunded": D("0.000"),
            "transferred": D("0.000"),
            "remaining": D("6.000"),
        }
    ],
    "remaining_obligations": [
        {
            "booked_period": JULY,
            "liability": "contract_liability",
            "wallet": "universal",
            "currency": "USD",
            "amount": D("6.000"),
            "within_12_months": D("4.000"),
            "beyond_12_months": D("1.500"),
            "no_expiry": D("0.500"),
            "burn_per_month": D("0.400"),
            "expected_within_12_months": D("4.800"),
            "latest_expiry": LATER,
        }
    ],
    "contract_balances": [
        {
            "entity": "Northwind",
            "liability": "contract_liability",
            "wallet": "universal",
            "currency": "USD",
            "booked_period": JULY,
            "opening": D("100.000"),
            "additions": D("50.000"),
            "revenue": D("39.000"),
            "revenue_from_opening": D("30.000"),
            "revenue_from_quarter_opening": D("30.000"),
            "revenue_from_year_opening": D("80.000"),
            "other_reductions": D("1.000"),
            "closing": D("110.000"),  # 100 + 50 - 39 - 1
            "current_portion": D("90.000"),
            "non_current_portion": D("20.000"),
            "netted_at_opening": D("0.000"),
        }
    ],
    "journal_lines": [
        {
            "journal_id": "j1",
            "line_no": line,
            "booked_period": JULY,
            "effective_date": date(2025, 7, 31),
            "account_role": role,
            "account_number": number,
            "account_name": role,
            "debit": debit,
            "credit": credit,
            "currency": "USD",
            "functional_debit": debit,
            "functional_credit": credit,
            "memo": "usage",
            "source": "creditbooks",
        }
        for line, role, number, debit, credit in [
            (1, "contract_liability", "2400", D("4.000"), D("0.000")),
            (2, "usage_revenue", "4000", D("0.000"), D("4.000")),
        ]
    ],
    "trial_balance": [
        {
            "account_number": number,
            "account_name": "x",
            "account_type": kind,
            "currency": "USD",
            "booked_period": JULY,
            "opening": D("0.000"),
            "debits": debits,
            "credits": credits,
            "closing": debits - credits,
            "functional_opening": D("0.000"),
            "functional_debits": 2 * debits,
            "functional_credits": 2 * credits,
            "functional_closing": 2 * (debits - credits),
        }
        for number, kind, debits, credits in [
            ("1000", "asset", D("10.000"), D("0.000")),
            ("2400", "liability", D("4.000"), D("14.000")),
        ]
    ],
    "revenue_by_meter": [
        {
            "booked_period": JULY,
            "meter": meter,
            "properties": meter,
            "wallet": "universal",
            "customer_id": "c1",
            "currency": "USD",
            "usage_revenue": usage,
            "prior_period_revenue": D("0.000"),
            "breakage_revenue": breakage,
            "overage_revenue": D("0.000"),
            "credits": credits,
            "quantity": quantity,
            "events": 1,
            "supplier_cost": D("0.000"),
            "supplier_share": D("0.000"),
        }
        for meter, usage, breakage, credits, quantity in [
            ("images", D("4.000"), D("0.000"), D(4), D(2)),
            (None, D("0.000"), D("-1.000"), D(0), D(0)),
        ]
    ],
    "usage_margin": [
        {
            "booked_period": JULY,
            "meter": "calls",
            "properties": "{}",
            "customer_id": "acme",
            "card_version": "v1",
            "wallet": "universal",
            "currency": "USD",
            "quantity": D(10),
            "credits": D(20),
            "revenue": D("2.000"),
            "supplier_cost": D("1.500"),
            "margin": D("0.500"),
            "revenue_per_credit": D("0.1"),
            "break_even_per_credit": D("0.075"),
            "is_below_cost": False,
        }
    ],
    "shadow_prices": [
        {
            "customer_id": "acme",
            "booked_period": JULY,
            "meter": "calls",
            "properties": "{}",
            "wallet": "universal",
            "currency": "USD",
            "units": D(10),
            "credits": D(20),
            "money": D("2.000"),
            "credits_per_unit": D(2),
            "price_per_credit": D("0.1"),
            "price_per_unit": D("0.2"),
            "money_before": D("1.000"),
            "change": D("1.000"),
            "volume": D("0.5"),
            "mix": D("-0.25"),
            "mapping": D("0.75"),
            "credit_price": D(0),
        }
    ],
    "rate_card_changes": [
        {
            "old_version": "v1",
            "version": "v2",
            "effective_from": LATER,
            "rate_id": "calls",
            "priced_by": "calls",
            "meter": "calls",
            "wallet": "universal",
            "step_no": 1,
            "kind": "changed",
            "old_credits": D(2),
            "old_per": D(1),
            "new_credits": D("2.4"),
            "new_per": D(1),
            "change": D("0.2"),
            "is_silent": True,
        }
    ],
    "usage_accruals": [
        {
            "wallet": "universal",
            "currency": "USD",
            "booked_period": JULY,
            "usage_revenue": D("100.000"),
            "share": D("0.02"),
            "accrued": D("2.000"),
            "arrived": D("1.500"),
            "difference": D("0.500"),
            "approved_by": "controller",
            "reference": "MEMO-1",
        }
    ],
    "corrections": [
        {
            "what": "late usage",
            "fact_id": "e1",
            "lot_id": "p1:1",
            "service_period": JULY,
            "booked_period": AUGUST,
            "credits": D(4),
            "amount": D("0.4"),
            "currency": "USD",
            "reason": "late",
        }
    ],
    "limit_breaches": [
        {
            "limit_id": "l1",
            "customer_id": "c1",
            "scope": "user",
            "subject_id": "u1",
            "wallet": None,
            "window_unit": "day",
            "window_start": JULY,
            "reached_on": JULY,
            "action": "overage",
            "limit_credits": D(10),
            "used_credits": D(12),
            "excess_credits": D(2),
            "currency": None,
            "limit_amount": None,
            "used_amount": None,
            "excess_amount": None,
            "allowed_credits": D(0),
            "overage_credits": D("1.5"),
            "unfunded_credits": D("0.5"),
            "events": 1,
        },
        {
            "limit_id": "l2",
            "customer_id": "c1",
            "scope": "organisation",
            "subject_id": "c1",
            "wallet": "universal",
            "window_unit": "total",
            "window_start": None,
            "reached_on": JULY,
            "action": "flag",
            "limit_credits": None,
            "used_credits": D(12),
            "excess_credits": D(2),
            "currency": "USD",
            "limit_amount": D(5),
            "used_amount": D(6),
            "excess_amount": D(1),
            "allowed_credits": D(2),
            "overage_credits": D(0),
            "unfunded_credits": D(0),
            "events": 1,
        },
    ],
    "stranded_credits": [
        {
            "pool_id": "c1",
            "wallet": "universal",
            "booked_period": JULY,
            "customer_id": "c1",
            "user_id": "u1",
            "members": 2,
            "island_credits": D(50),
            "asked_credits": D(70),
            "drawn_credits": D(65),
            "unpaid_credits": D(5),
            "lacking_credits": D(20),
            "remaining_credits": D(0),
            "stranded_credits": D(0),
            "hits_while_full": 1,
            "kept_while_full_credits": D(3),
        },
        {
            "pool_id": "c1",
            "wallet": "universal",
            "booked_period": JULY,
            "customer_id": "c1",
            "user_id": None,
            "members": 2,
            "island_credits": D(50),
            "asked_credits": D(10),
            "drawn_credits": D(10),
            "unpaid_credits": D(0),
            "lacking_credits": D(0),
            "remaining_credits": D(40),
            "stranded_credits": D(20),
            "hits_while_full": 0,
            "kept_while_full_credits": D(0),
        },
    ],
    "reconciliation": [
        {
            "statement_id": name,
            "source": "lago",
            "customer_id": "c1",
            "measure": measure,
            "wallet": "universal",
            "lot_id": None,
            "from_at": start,
            "until_at": LATER,
            "received_at": LATER,
            "decimals": 2,
            "theirs": theirs,
            "ours": D(70),
            "difference": theirs - D(70),
            "rounding": rounding,
            "timing": D(0),
            "late": D(5),
            "expiry": D(0),
            "refund": D(0),
            "missing_here": missing,
            "missing_there": D(0),
        }
        for name, measure, start, theirs, rounding, missing in [
            ("s1", "balance", None, D("75.003"), D("0.003"), D(0)),
            ("s2", "drawn", NOON, D(95), D(0), D(20)),
        ]
    ],
    "cash_reconciliation": [
        {
            "booked_period": JULY,
            "fact_id": "ch_1",
            "kind": "payment",
            "processor": "stripe",
            "customer_id": "c1",
            "currency": "USD",
            "payment_currency": "EUR",
            "received": D("110.000"),
            "tax": D("10.000"),
            "in_lots": D("80.000"),
            "elsewhere": D("20.000"),
            "available_at": LATER,
            "payout_id": "po_1",
            "paid_out": None,
            "theirs": D("96.000"),
            "ours": D("100.000"),
            "difference": D("-4.000"),
            "timing": D("1.000"),
            "fee": D("-3.000"),
            "fx": D("-1.500"),
            "refund": D("0.250"),
            "dispute": D("-0.250"),
            "not_told": D("-0.500"),
            "missing_here": D("0.500"),
            "missing_there": D("-0.500"),
        }
    ],
    "load_audit": [
        {
            "file_no": 1,
            "feed": "usage",
            "format": "csv",
            "path": "usage.csv",
            "sha256": "ab" * 32,
            "rows": 10,
            "loaded": 7,
            "duplicates": 1,
            "rejected": 1,
            "excluded": 1,
        }
    ],
    "period_closes": [
        {
            "close_id": "k1",
            "period": JULY,
            "closed_at": LATER,
            "action": "close",
            "reason": None,
            "closed_by": "controller",
        }
    ],
}


@dataclass(frozen=True)
class Violation:
    """A change to the first sound row of a mart, and the rule that must refuse it."""

    table: str
    changes: dict[str, Any]
    rule: str


VIOLATIONS = [
    Violation("rated_usage", {"quantity": D(-1)}, "quantity: greater_than_or_equal_to(0)"),
    Violation("rated_usage", {"cost": None}, "a cost with its rate, or the reason there is none"),
    Violation(
        "rated_usage", {"rate_id": None}, "a cost with its rate, or the reason there is none"
    ),
    Violation(
        "rated_usage",
        {"booked_period": AUGUST},
        "booked in its own period or, when late, in a later one",
    ),
    Violation("rated_usage", {"customer_id": None}, "customer_id: not_nullable"),
    Violation("credit_lots", {"credits": D(0)}, "credits: greater_than(0)"),
    Violation("credit_lots", {"consideration": D("-0.001")}, "consideration: greater_than_or"),
    Violation("credit_lots", {"kind": "gift"}, "kind: isin"),
    Violation("credit_lots", {"currency": "usd"}, "currency: str_matches"),
    Violation("credit_lots", {"expires_at": NOON}, "expires after it takes effect"),
    Violation("credit_lots", {"granted_at": LATER}, "granted no later than it takes effect"),
    Violation("credit_ledger", {"wallet": None}, "a movement names its lot"),
    Violation("credit_lots", {"ssp": D(0)}, "ssp: greater_than(0)"),
    Violation("credit_lots", {"expected_use": D("1.1")}, "expected_use: less_than_or_equal_to(1)"),
    Violation("credit_lots", {"ssp": None}, "a stand-alone price with its currency"),
    Violation("credit_ledger", {"credits": D(4)}, "the sign of credits and amount follows"),
    Violation("credit_ledger", {"amount": D("0.4")}, "the sign of credits and amount follows"),
    Violation("credit_ledger", {"lot_id": None}, "a movement names its lot"),
    Violation("credit_ledger", {"event_id": None}, "a movement names its lot"),
    Violation("credit_ledger", {"entry_type": "burn"}, "entry_type: isin"),
    Violation("lot_balances", {"closing": D("9.999999999")}, "opening and movements make"),
    Violation("lot_balances", {"drawn": D(3), "closing": D(16)}, "drawn: less_than_or_equal_to(0)"),
    Violation("wallet_balances", {"closing": D("10.000000001")}, "opening and movements make"),
    Violation("wallet_balances", {"overdrawn": D(-1)}, "overdrawn: greater_than_or_equal_to(0)"),
    Violation("wallet_balances", {"booked_period": date(2025, 7, 2)}, "opening and movements make"),
    Violation("wallet_balances", {"unreleased": D("10.000000001")}, "no more is unreleased than"),
    Violation("deferred_revenue_schedule", {"closing": D("110.001")}, "opening and movements make"),
    Violation(
        "deferred_revenue_schedule",
        {"closing_functional": D("110.001")},
        "opening and movements make",
    ),
    Violation(
        "deferred_revenue_schedule",
        {"usage_revenue": D(-30), "closing": D(170)},
        "usage_revenue: greater_than_or_equal_to(0)",
    ),
    Violation("liability_rollforward", {"gl_balance": D("110.001")}, "closing equals the general"),
    Violation("liability_rollforward", {"variance": D("0.001")}, "variance: equal_to(0)"),
    Violation("liability_rollforward", {"refunded": D("1.001")}, "opening and movements make"),
    Violation("liability_rollforward", {"escheated": D("0.501")}, "opening and movements make"),
    Violation("liability_rollforward", {"liability": "deferred"}, "liability: isin"),
    Violation("deferred_revenue_waterfall", {"cohort": AUGUST}, "recognised no earlier than sold"),
    Violation("deferred_revenue_waterfall", {"remaining": D("10.001")}, "recognised no earlier"),
    Violation("deferred_revenue_waterfall", {"breakage_amount": D("4.001")}, "recognised no earl"),
    Violation("remaining_obligations", {"no_expiry": D("0.501")}, "the time bands sum"),
    Violation(
        "remaining_obligations",
        {"expected_within_12_months": D("3.999")},
        "at least what must be is expected",
    ),
    Violation(
        "remaining_obligations",
        {"expected_within_12_months": D("6.001")},
        "at least what must be is expected",
    ),
    Violation("contract_balances", {"revenue": D("39.001")}, "opening and movements make closing"),
    Violation("contract_balances", {"current_portion": D("90.001")}, "opening and movements make"),
    Violation(
        "contract_balances",
        {"revenue_from_opening": D("100.001")},
        "no more was in the opening balance",
    ),
    Violation("journal_lines", {"credit": D("4.000")}, "one side only, dated in its period"),
    Violation("journal_lines", {"effective_date": date(2025, 8, 1)}, "one side only, dated in its"),
    Violation("journal_lines", {"debit": D("4.001")}, "debits equal credits in each journal"),
    Violation("journal_lines", {"functional_debit": D("3.999")}, "debits equal credits in each"),
    Violation("trial_balance", {"closing": D("10.001")}, "opening, debits and credits make"),
    Violation(
        "trial_balance",
        {"debits": D("10.001"), "closing": D("10.001")},
        "the closing balances of a period sum to zero",
    ),
    Violation("trial_balance", {"functional_closing": D("20.001")}, "opening, debits and credits"),
    Violation(
        "trial_balance",
        {"functional_debits": D("20.001"), "functional_closing": D("20.001")},
        "the closing balances of a period sum to zero",
    ),
    Violation("trial_balance", {"account_type": "income"}, "account_type: isin"),
    Violation("revenue_by_meter", {"wallet": None}, "only overage may have no wallet"),
    Violation("usage_accruals", {"difference": D("0.501")}, "the difference is what was accrued"),
    Violation("usage_margin", {"margin": D("0.501")}, "margin is revenue less supplier cost"),
    Violation("usage_margin", {"is_below_cost": True}, "margin is revenue less supplier cost"),
    Violation("shadow_prices", {"mix": D("-0.249")}, "volume, mix, mapping and credit price make"),
    Violation("shadow_prices", {"change": D("1.001")}, "volume, mix, mapping and credit price"),
    Violation("rate_card_changes", {"kind": "added"}, "what was added has no old price"),
    Violation("rate_card_changes", {"new_credits": None}, "what was added has no old price"),
    Violation("usage_accruals", {"share": D(1)}, "share: less_than(1)"),
    Violation("revenue_by_meter", {"meter": None}, "breakage has no meter, credits and"),
    Violation("revenue_by_meter", {"breakage_revenue": D("1.000")}, "breakage has no meter, cred"),
    Violation("corrections", {"booked_period": JULY}, "booked in a later period"),
    Violation("limit_breaches", {"used_credits": D(10)}, "used is above the limit"),
    Violation("limit_breaches", {"currency": "USD"}, "used is above the limit"),
    Violation("limit_breaches", {"unfunded_credits": D(0)}, "the part above went to the wallets"),
    Violation("limit_breaches", {"window_start": None}, "a window without a start is the only"),
    Violation("limit_breaches", {"scope": "everyone"}, "scope: isin"),
    Violation("stranded_credits", {"lacking_credits": D(19)}, "an island pays what is asked"),
    Violation("stranded_credits", {"stranded_credits": D(1)}, "an island pays what is asked"),
    Violation("stranded_credits", {"drawn_credits": D(66)}, "an island pays what is asked"),
    Violation("reconciliation", {"late": D(6)}, "every difference is in a bucket"),
    Violation("reconciliation", {"theirs": D("75.004")}, "every difference is in a bucket"),
    Violation("reconciliation", {"measure": "held"}, "measure: isin"),
    Violation("reconciliation", {"decimals": 10}, "decimals: less_than_or_equal_to(9)"),
    Violation("reconciliation", {"missing_here": D(-5), "timing": D(5)}, "missing_here: greater_"),
    Violation("reconciliation", {"missing_there": D(5), "late": D(0)}, "missing_there: less_than"),
    Violation(
        "reconciliation",
        {"missing_here": D(1), "late": D(4)},
        "what is rounding and what is missing exclude",
    ),
    Violation("cash_reconciliation", {"fee": D("-2.000")}, "every difference is in a bucket"),
    Violation("cash_reconciliation", {"ours": D("99.000")}, "every difference is in a bucket"),
    Violation("cash_reconciliation", {"in_lots": D("81.000")}, "what a payment brought is tax"),
    Violation("cash_reconciliation", {"kind": "charge"}, "kind: isin"),
    Violation("cash_reconciliation", {"booked_period": NOON.date()}, "booked_period is a month"),
    Violation("cash_reconciliation", {"currency": "usd"}, "currency: str_matches"),
    Violation("load_audit", {"loaded": 8}, "every row was loaded, a duplicate"),
    Violation("load_audit", {"sha256": "AB" * 32}, "sha256: str_matches"),
    Violation("period_closes", {"period": date(2025, 7, 2)}, "periods are months"),
    Violation("period_closes", {"action": "freeze"}, "action: isin"),
]


def output_of(table: str) -> Output:
    return next(output for output in OUTPUTS if output.table == table)


def frame_of(table: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows as a frame of exactly the types the schema promises."""
    columns = output_of(table).schema.to_schema().columns
    dtypes = {name: column.dtype.type for name, column in columns.items()}
    return pl.DataFrame([{name: row[name] for name in dtypes} for row in rows], schema=dtypes)


@pytest.mark.parametrize("output", OUTPUTS, ids=[output.table for output in OUTPUTS])
def test_schema_accepts_sound_rows(output: Output) -> None:
    assert failures_of(output, frame_of(output.table, ROWS[output.table])) == {}


@pytest.mark.parametrize("violation", VIOLATIONS, ids=lambda v: f"{v.table}-{'-'.join(v.changes)}")
def test_schema_refuses_an_unsound_row(violation: Violation) -> None:
    first, *others = ROWS[violation.table]
    frame = frame_of(violation.table, [first | violation.changes, *others])
    broken = failures_of(output_of(violation.table), frame)
    assert any(rule.startswith(violation.rule) for rule in broken), broken


KEYED = [output for output in OUTPUTS if output.table != "corrections"]


@pytest.mark.parametrize("output", KEYED, ids=[output.table for output in KEYED])
def test_schema_refuses_a_key_that_occurs_twice(output: Output) -> None:
    rows = ROWS[output.table]
    broken = failures_of(output, frame_of(output.table, [*rows, rows[0]]))
    assert any("unique" in rule for rule in broken), broken


@pytest.mark.parametrize("output", OUTPUTS, ids=[output.table for output in OUTPUTS])
def test_schema_refuses_a_missing_column(output: Output) -> None:
    frame = frame_of(output.table, ROWS[output.table])
    broken = failures_of(output, frame.drop(frame.columns[0]))
    assert any("column_in_dataframe" in rule for rule in broken), broken


@pytest.mark.parametrize("output", OUTPUTS, ids=[output.table for output in OUTPUTS])
def test_schema_refuses_every_decimal_as_a_binary_float(output: Output) -> None:
    frame = frame_of(output.table, ROWS[output.table])
    decimals = [name for name, dtype in frame.schema.items() if dtype.is_decimal()]
    for name in decimals:
        broken = failures_of(output, frame.with_columns(pl.col(name).cast(pl.Float64)))
        assert f"{name} is a binary float" in broken


def test_schema_refuses_a_float_in_a_column_nobody_promised() -> None:
    frame = frame_of("period_closes", ROWS["period_closes"]).with_columns(extra=pl.lit(0.1))
    assert failures_of(output_of("period_closes"), frame) == {"extra is a binary float": 1}
