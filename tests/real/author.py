"""Write the authored feeds of the real books: who bought what, by rules over the tenants' names.

    python -m tests.real.author

The traces hold usage and no sales. So that the books have something to draw down, each tenant buys
by a rule that anyone can follow by hand; a test checks that the files say what the rules say.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from tests.real.books import BOOKS, IMAGE_VENDOR, LLM_TENANTS, Row, rows_of

PAYMENT_COLUMNS = (
    "payment_id", "occurred_at", "customer_id", "kind", "amount", "currency", "fee", "offer",
    "quantity", "relates_to", "subscription_id",
)  # fmt: skip


def image_vendor() -> dict[str, str]:
    """Plans for tenants of 20 requests or more, packs for two thirds of them, one refund.

    With n the number in the tenant's name (G0264 -> 264) and r its rows in the file:
    - r >= 60: plan studio and segment business; r >= 20: plan starter.
    - even n: the plan runs from 1 November to 1 December; odd n: from the day of the first request
      on.
    - the first period is paid a day after it begins, unless n ends in 9.
    - n divisible by 3: a pack on 20 November; remainder 1: two packs on 25 November, at the price
      of the second card. The first tenant with two packs gets half of the money back on
      29 November.
    """
    [usage] = rows_of(IMAGE_VENDOR).values()
    requests = Counter(row["groupId"] for row in usage)
    first_day: dict[str, str] = {}
    for row in usage:
        day = row["gmt_create"][:10]
        first_day[row["groupId"]] = min(day, first_day.get(row["groupId"], day))
    customers: list[Row] = []
    subscriptions: list[Row] = []
    payments: list[Row] = []
    for tenant in sorted(tenant for tenant, count in requests.items() if count >= 20):
        number = int(tenant[1:])
        plan, price = ("studio", "49.00") if requests[tenant] >= 60 else ("starter", "12.00")
        if plan == "studio" and number % 2 and first_day[tenant] >= "2024-11-22":
            price = "54.00"
        customers.append(
            {"customer_id": tenant, "segment": "business" if plan == "studio" else "self-serve"}
        )
        start = first_day[tenant] if number % 2 else "2024-11-01"
        subscriptions.append(
            {
                "subscription_id": f"sub-{tenant}",
                "customer_id": tenant,
                "offer": plan,
                "started_at": f"{start}T00:00:00Z",
                "ended_at": "" if number % 2 else "2024-12-01T00:00:00Z",
            }
        )
        if number % 10 != 9:
            paid_on = date.fromisoformat(start) + timedelta(days=1)
            payments.append(
                payment(
                    f"pay-plan-{tenant}", f"{paid_on}T09:00:00Z", tenant, price,
                    subscription_id=f"sub-{tenant}",
                )
            )  # fmt: skip
        if number % 3 == 0:
            payments.append(
                payment(
                    f"pay-pack-{tenant}", "2024-11-20T09:00:00Z", tenant, "9.99",
                    fee="0.59", offer="pack_50", quantity="1",
                )
            )  # fmt: skip
        elif number % 3 == 1:
            payments.append(
                payment(
                    f"pay-pack-{tenant}", "2024-11-25T09:00:00Z", tenant, "23.98",
                    fee="1.00", offer="pack_50", quantity="2",
                )
            )  # fmt: skip
    refunded = next(row for row in payments if row["quantity"] == "2")
    payments.append(
        {
            **payment("refund-1", "2024-11-29T12:00:00Z", refunded["customer_id"], "11.99"),
            "kind": "refund",
            "relates_to": refunded["payment_id"],
        }
    )
    return {
        "customers.csv": as_csv(("customer_id", "segment"), customers),
        "subscriptions.csv": as_csv(
            ("subscription_id", "customer_id", "offer", "started_at", "ended_at"), subscriptions
        ),
        "payments.csv": as_csv(PAYMENT_COLUMNS, payments),
    }


def llm_tenants() -> dict[str, str]:
    """A prepaid commitment of every tenant, bonus credits for some, top-ups, one refund.

    With n the number in the tenant's name:
    - n mod 4 chooses the commitment: 20, 100, 1,000 or 10,000 credits at 1.00, 0.95, 0.90 or 0.85
      dollars each, paid by wire on 24 March.
    - n divisible by 3: it ends on 1 April, otherwise after a year.
    - n divisible by 5: 5 % bonus credits with it, under the same payment.
    - n ends in 7: 500 credits more on 2 April, at 1.00 dollar.
    - n divisible by 40: 25 credits of goodwill on 1 April, for an outage.
    - tenant 002 gets a fifth of its commitment back on 5 April.
    """
    [usage] = rows_of(LLM_TENANTS).values()
    sizes = (("20", "1.00"), ("100", "0.95"), ("1000", "0.90"), ("10000", "0.85"))
    payments: list[Row] = []
    grants: list[Row] = []
    for tenant in sorted({row["tenant_id"] for row in usage}):
        number = int(tenant[-3:])
        credits, price = sizes[number % 4]
        amount = Decimal(credits) * Decimal(price)
        commitment = {
            "grant_id": f"commit-{number:03d}",
            "customer_id": tenant,
            "wallet": "token_credits",
            "credits": credits,
            "kind": "paid",
            "effective_at": "2025-03-24T00:00:00Z",
            "expires_at": "2025-04-01T00:00:00Z" if number % 3 == 0 else "2026-03-24T00:00:00Z",
            "payment_id": f"wire-{number:03d}",
            "reason": "commitment",
        }
        payments.append(payment(f"wire-{number:03d}", "2025-03-24T00:00:00Z", tenant, f"{amount}"))
        grants.append(commitment)
        if number % 5 == 0:
            bonus = f"{Decimal(credits) * Decimal('0.05'):f}"
            grants.append(
                {**commitment, "grant_id": f"bonus-{number:03d}", "kind": "bonus", "credits": bonus}
            )
        if number % 10 == 7:
            payments.append(
                payment(f"top-up-{number:03d}", "2025-04-02T08:00:00Z", tenant, "500.00")
            )
            grants.append(
                {
                    **commitment,
                    "grant_id": f"top-up-{number:03d}",
                    "credits": "500",
                    "effective_at": "2025-04-02T08:00:00Z",
                    "expires_at": "2026-04-02T08:00:00Z",
                    "payment_id": f"top-up-{number:03d}",
                    "reason": "top-up",
                }
            )
        if number % 40 == 0:
            grants.append(
                {
                    **commitment,
                    "grant_id": f"goodwill-{number:03d}",
                    "credits": "25",
                    "kind": "goodwill",
                    "effective_at": "2025-04-01T00:00:00Z",
                    "expires_at": "2025-07-01T00:00:00Z",
                    "payment_id": "",
                    "reason": "outage",
                }
            )
    payments.append(
        {
            **payment("wire-back-002", "2025-04-05T10:00:00Z", "tenant-m-large-002", "180.00"),
            "kind": "refund",
            "relates_to": "wire-002",
        }
    )
    return {
        "payments.csv": as_csv(PAYMENT_COLUMNS, payments),
        "grants.csv": as_csv(tuple(grants[0]), grants),
    }


def payment(payment_id: str, at: str, customer: str, amount: str, **more: str) -> Row:
    """One row of the payments feed."""
    return {
        "payment_id": payment_id,
        "occurred_at": at,
        "customer_id": customer,
        "kind": "payment",
        "amount": amount,
        "currency": "USD",
        "fee": "",
        "offer": "",
        "quantity": "",
        "relates_to": "",
        "subscription_id": "",
        **more,
    }


def as_csv(columns: Sequence[str], rows: Sequence[Row]) -> str:
    """The text of a CSV file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def authored() -> dict[Path, str]:
    """Path -> text of every file these rules make."""
    return {
        book.folder / name: text
        for book, files in ((IMAGE_VENDOR, image_vendor()), (LLM_TENANTS, llm_tenants()))
        for name, text in files.items()
    }


if __name__ == "__main__":
    assert all(book.is_there for book in BOOKS), "needs ../shared beside the repository"
    for path, text in authored().items():
        path.write_text(text, encoding="utf-8")
        print(f"{path.relative_to(Path.cwd())}: {text.count(chr(10)) - 1} rows")
