"""What usage earned and cost, and what a unit truly costs, end to end and worked by hand."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from tests.lot_books import query, run_book
from tests.test_suppliers import BOOK as RESOLD
from tests.test_suppliers import CARD, GRANTS, RATES, SMALL, call, costs
from tests.test_vendor_books import Told, run_vendor


def test_a_change_of_unit_is_a_cut_for_one_edition_and_a_rise_for_the_other(
    tmp_path: Path,
) -> None:
    # RATE_FACTS.md 1.3: a million tokens written by mistral-large2 take 3.00 platform credits at 3
    # or 2 dollars, and from 31 July 3.6 AI credits at 2 dollars whatever the edition.
    told = Told()
    for day in ("2026-07-15", "2026-08-15"):
        for edition in ("enterprise", "standard"):
            told.use(
                f"{edition}-co", day, "cortex_tokens", "1000000",
                model="mistral-large2", direction="output", edition=edition,
            )  # fmt: skip
    database = run_vendor(tmp_path, "snowflake", "2026-09-01T00:00:00Z", usage=told.rows["usage"])
    found = query(
        database,
        """
        select
            customer_id, booked_period::varchar, price_per_unit * 1000000, change,
            volume, mix, mapping, credit_price
        from marts.shadow_prices order by all
        """,
    )
    moved = [[Decimal(x) for x in row[2:]] for row in found]
    assert [row[:2] for row in found] == [
        ("enterprise-co", "2026-07-01"),
        ("enterprise-co", "2026-08-01"),
        ("standard-co", "2026-07-01"),
        ("standard-co", "2026-08-01"),
    ]
    assert moved == [
        [Decimal("9"), Decimal("9"), Decimal("9"), 0, 0, 0],
        [Decimal("7.2"), Decimal("-1.8"), 0, 0, Decimal("-1.8"), 0],
        [Decimal("6"), Decimal("6"), Decimal("6"), 0, 0, 0],
        [Decimal("7.2"), Decimal("1.2"), 0, 0, Decimal("1.2"), 0],
    ]
    changes = dict(
        query(
            database,
            """
            select rate_id, change from marts.rate_card_changes
            where
                version = '2026-07-31' and wallet = 'funds' and is_silent
                and rate_id like 'cortex-mistral-large2-output-%'
            """,
        )
    )
    assert changes == {
        "cortex-mistral-large2-output-enterprise": Decimal("-0.2"),
        "cortex-mistral-large2-output-standard": Decimal("0.2"),
        "cortex-mistral-large2-output-business-critical": Decimal("-0.4"),
    }


def test_what_is_sold_below_cost_says_what_a_credit_would_have_to_bring(tmp_path: Path) -> None:
    # A credit is worth a cent. 1,000 small calls cost 9.00 and 1,000 big ones 15.00; each takes a
    # credit, so both earn 10.00: 1.00 is left of the small ones, 5.00 are lost on the big ones.
    files = {
        "book.yml": RESOLD,
        "cards/2025-07-01.yml": CARD,
        "costs/models.yml": costs(
            "2025-07-01",
            "models",
            "id: big, meter: calls, match: {model: big}, amount: 15, currency: USD, per: 1000",
            "id: small, meter: calls, match: {model: small}, amount: 9, currency: USD, per: 1000",
        ),
    }
    usage = [
        call("small", "2025-07-10", "calls", 1000, SMALL),
        call("big", "2025-07-11", "calls", 1000, '{"model": "big"}'),
    ]
    database, done = run_book(
        tmp_path, files, "2025-08-01T00:00:00Z", usage=usage, grants=GRANTS, fx_rates=RATES
    )
    assert done.exit_code == 0, done.stdout + done.stderr
    assert query(
        database,
        """
        select
            properties, card_version, credits, revenue, supplier_cost, margin,
            revenue_per_credit, break_even_per_credit, is_below_cost
        from marts.usage_margin order by properties
        """,
    ) == [
        (
            '{"model":"big"}', "2025-07-01", 1000, 10, 15, -5,
            Decimal("0.01"), Decimal("0.015"), True,
        ),
        (
            '{"model":"small"}', "2025-07-01", 1000, 10, 9, 1,
            Decimal("0.01"), Decimal("0.009"), False,
        ),
    ]  # fmt: skip
