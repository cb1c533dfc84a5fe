"""Stripe's dashboard export: a row per attempt, from which the facts are told apart."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest

from tests.cli import exit_code
from tests.ingestion_company import Company

SOURCE = '{feed: payments, format: stripe_dashboard, path: "unified_payments*.csv"}'
FACTS = """
    select payment_id, kind, customer_id, occurred_at::varchar, amount, currency, relates_to, offer
    from raw.payments order by row_no
"""
PAID = {
    "id": "ch_1",
    "Description": "1000 credits",
    "Created date (UTC)": "2026-03-01 09:30:00",
    "Amount": "100.00",
    "Amount Refunded": "0.00",
    "Currency": "usd",
    "Captured": "true",
    "Converted Amount": "100.00",
    "Converted Amount Refunded": "0.00",
    "Converted Currency": "usd",
    "Fee": "3.20",
    "Taxes On Fee": "0.00",
    "Status": "Paid",
    "Customer ID": "cus_a",
    "Invoice ID": "in_1",
    "PaymentIntent ID": "pi_1",
    "Refunded date (UTC)": "",
    "Disputed Amount": "",
    "Dispute Status": "",
    "Dispute Date (UTC)": "",
    "Transfer": "po_9",
    "offer (metadata)": "pack_100",
}


def export(company: Company, *changes: dict[str, str], start: str = "") -> None:
    """The file, a row per change to a payment that went well."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(PAID), lineterminator="\n")
    writer.writeheader()
    writer.writerows({**PAID, **change} for change in changes)
    company.file("unified_payments.csv", start + text.getvalue().rstrip("\n"))


def test_a_payment_its_fee_and_its_refund_are_told_by_one_row(tmp_path: Path) -> None:
    company = Company(tmp_path, SOURCE)
    back = {"Amount Refunded": "40.00", "Refunded date (UTC)": "2026-03-05 11:00"}
    export(company, back)
    [file] = company.load().files
    assert file.ignored_columns == (
        "Description",
        "Taxes On Fee",
        "PaymentIntent ID",
        "Transfer",
    )
    at = "2026-03-01 09:30:00"
    assert company.rows(FACTS) == [
        ("ch_1", "payment", "cus_a", at, Decimal(100), "USD", None, "pack_100"),
        ("ch_1/fee", "fee", "cus_a", at, Decimal("3.2"), "USD", "ch_1", None),
        ("ch_1/refund", "refund", "cus_a", "2026-03-05 11:00:00", Decimal(40), "USD", "ch_1", None),
    ]


def test_what_the_customer_paid_counts_and_the_fee_is_in_what_stripe_settles_in(
    tmp_path: Path,
) -> None:
    company = Company(tmp_path, SOURCE)
    # The rate moved: more goes back than was taken, but not to the customer.
    euros = {
        "Amount": "450.00",
        "Amount Refunded": "450.00",
        "Currency": "eur",
        "Status": "Refunded",
        "Converted Amount": "521.18",
        "Converted Amount Refunded": "532.70",
        "Fee": "15.41",
        "Refunded date (UTC)": "2026-03-09 08:00:00",
    }
    export(company, euros)
    company.load()
    money = "select kind, amount, currency from raw.payments order by row_no"
    assert company.rows(money) == [
        ("payment", Decimal(450), "EUR"),
        ("fee", Decimal("15.41"), "USD"),
        ("refund", Decimal(450), "EUR"),
    ]
    settled = f"{SOURCE[:-1]}, columns: {{amount: _settled, currency: \"'USD'\"}}}}"
    other = Company(tmp_path / "settled", settled)
    export(other, euros)
    other.load()
    assert [row[1] for row in other.rows(money)] == [
        Decimal("521.18"),
        Decimal("15.41"),
        Decimal("532.7"),
    ]


@pytest.mark.parametrize(
    ("status", "kinds"),
    [
        ("needs_response", ["dispute_opened"]),
        ("under_review", ["dispute_opened"]),
        ("won", ["dispute_opened", "dispute_won"]),
        ("lost", ["dispute_opened", "dispute_lost"]),
        ("warning_closed", []),
        ("charge_refunded", []),
    ],
)
def test_a_dispute_is_what_its_status_says(tmp_path: Path, status: str, kinds: list[str]) -> None:
    company = Company(tmp_path, SOURCE)
    dispute = {"Disputed Amount": "60.00", "Dispute Date (UTC)": "2026-03-07 00:00:00"}
    export(company, {**dispute, "Dispute Status": status})
    company.load()
    assert [row[:6] for row in company.rows(FACTS)[2:]] == [
        (f"ch_1/{kind}", kind, "cus_a", "2026-03-07 00:00:00", Decimal(60), "USD") for kind in kinds
    ]


def test_attempts_that_moved_no_money_are_counted_and_are_no_facts(tmp_path: Path) -> None:
    company = Company(tmp_path, SOURCE)
    nothing = [
        {"id": f"ch_{number}", "Status": status, "Captured": captured, "Fee": "0.00"}
        for number, (status, captured) in enumerate(
            [
                ("Failed", "false"),
                ("canceled", ""),
                ("Pending", "true"),
                ("requires_payment_method", ""),
                ("Paid", "False"),
            ],
            start=2,
        )
    ]
    export(company, {}, *nothing)
    [file] = company.load().files
    # The payment and its fee, and five attempts.
    assert (file.rows, file.loaded, file.excluded) == (7, 2, 5)
    assert [row[0] for row in company.rows(FACTS)] == ["ch_1", "ch_1/fee"]
    export(company, {"Status": "Enqueued"})
    [message] = company.messages()
    assert "Status is none of Paid, Refunded in 2 rows" in message


def test_old_headers_separators_of_thousands_and_a_byte_order_mark(tmp_path: Path) -> None:
    company = Company(tmp_path, SOURCE)
    company.file(
        "unified_payments.csv",
        "\ufeffid,Description,Created (UTC),Amount,Amount Refunded,Currency,Converted Amount,Fee,"
        "Tax,Converted Currency,Mode,Status,Customer ID,Captured",
        'ch_1,,2026-03-01 09:30,"12,500.00",,usd,"12,500.00",362.80,0.00,usd,Live,Paid,cus_a,TRUE',
    )
    company.load()
    assert [row[:6] for row in company.rows(FACTS)] == [
        ("ch_1", "payment", "cus_a", "2026-03-01 09:30:00", Decimal(12500), "USD"),
        ("ch_1/fee", "fee", "cus_a", "2026-03-01 09:30:00", Decimal("362.8"), "USD"),
    ]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"Amount": "100,00"}, "Amount is not an amount with a decimal point"),
        ({"Created date (UTC)": "03/01/2026 09:30"}, "Created date (UTC) is not a date and time"),
        ({"Currency": "USD"}, "Currency is not a currency in small letters"),
        ({"Status": "succeeded"}, "Status is none of Paid, Refunded"),
        ({"Amount Refunded": "40.00"}, "occurred_at is missing in 1 of 3 rows"),
        ({"Dispute Status": "lost", "Disputed Amount": "9"}, "occurred_at is missing in 2 of 4"),
    ],
    ids=["decimal-comma", "us-date", "capitals", "api-status", "refund-undated", "dispute-undated"],
)
def test_a_row_that_cannot_be_read_is_refused(
    tmp_path: Path, changed: dict[str, str], says: str
) -> None:
    company = Company(tmp_path, SOURCE)
    export(company, changed)
    assert says in " ".join(company.messages())


def test_a_payment_that_is_exported_again_is_known_and_a_second_refund_is_asked_about(
    tmp_path: Path,
) -> None:
    company = Company(tmp_path, SOURCE)
    export(company, {})
    company.load()
    back = {"Amount Refunded": "40.00", "Refunded date (UTC)": "2026-03-05 11:00:00"}
    export(company, back)
    [file] = company.load().files
    assert (file.loaded, file.duplicates) == (1, 2)
    # Two refunds, summed up under the date of one: which of them is new cannot be known.
    export(company, {"Amount Refunded": "70.00", "Refunded date (UTC)": "2026-03-08 11:00:00"})
    [message] = company.messages()
    assert "payment_id came before with other content in 1 of 3 rows" in message


@pytest.mark.slow
def test_the_books_hold_with_a_dashboard_export(tmp_path: Path) -> None:
    company = Company(tmp_path, SOURCE)
    dispute = {"Disputed Amount": "100.00", "Dispute Date (UTC)": "2026-01-20 00:00:00"}
    january = {"Created date (UTC)": "2026-01-10 09:30:00", "Customer ID": "acme"}
    rows = [
        {"Amount Refunded": "40.00", "Refunded date (UTC)": "2026-01-25 00:00:00"},
        {**dispute, "Dispute Status": "won"},
        {**dispute, "Dispute Status": "lost"},
        {"Status": "Failed", "Captured": "false"},
    ]
    export(company, *({**january, "id": f"ch_{n}", **row} for n, row in enumerate(rows)))
    places = (
        "--book",
        str(tmp_path / "book"),
        "--data",
        str(company.data),
        "--db",
        str(company.db),
    )
    assert exit_code("run", "--as-of", "2026-02-15T00:00:00Z", *places) == 0
    cash = company.rows(
        "select sum(debit - credit) from marts.journal_lines where account_role = 'cash_in_transit'"
    )
    # 300 in, 40 refunded, 100 lost, three fees of 3.20.
    assert cash == [(Decimal("150.40"),)]
