"""The summary and the page: figures as people read them, the same bytes every time."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest

from reports.chart import rollforward_svg
from reports.check_result import CheckResult
from reports.figures import (
    MOVEMENTS,
    Figures,
    Headline,
    LateLine,
    PeriodLine,
    Rollforward,
    RollforwardRow,
    SourceFile,
    UnpaidLine,
    WalletLine,
)
from reports.numbers import aligned, credits_text, instant, last_day, money
from reports.page import render_rollforward
from reports.summary import summary_text

D = Decimal
JULY, AUGUST = date(2025, 7, 1), date(2025, 8, 1)


def moved(**amounts: str) -> dict[str, Decimal]:
    return {name: D(amounts.get(name, "0")) for name in MOVEMENTS}


ROLL = Rollforward(
    "contract_liability",
    "2400 Deferred revenue",
    "USD",
    2,
    (
        # 0 + 49.00 - 28.58 = 20.42
        RollforwardRow(JULY, D(0), moved(additions="49", usage_revenue="-28.58"), D("20.42")),
        # 20.42 - 12.25 - 8.17 = 0
        RollforwardRow(
            AUGUST, D("20.42"), moved(usage_revenue="-12.25", breakage_revenue="-8.17"), D(0)
        ),
    ),
)
HOLDS = CheckResult("tie", "tie-out", "Debits equal credits", "debits", D(49), "credits", D(49), 2)
FAILS = replace(HOLDS, right_value=D("48.99"), failures=1, is_ok=False)
FIGURES = Figures(
    book="lite",
    entity="Ada & Söhne <GmbH>",
    framework="ASC606",
    time_zone="UTC",
    as_of=datetime(2025, 9, 1, tzinfo=UTC),
    models_sha256="ab" * 32,
    rollforwards=(ROLL,),
    wallets=(
        WalletLine(
            "universal", "credit", "contract_liability", "USD", 2, 1, D("12.5"), D("1.00"), D(200),
            D("8.17"),
        ),
    ),
    revenue=(PeriodLine(JULY, "4000 Usage revenue", "USD", 2, D("28.58")),),
    meters=(PeriodLine(JULY, "images", "USD", 2, D("28.58")),),
    late=(LateLine(AUGUST, (JULY,), 3, "USD", 2, D("0.10")),),
    unpaid=(UnpaidLine("universal", D("75.123456789"), 4),),
    heads=(Headline("Deferred revenue", D(0), "USD", 2),),
    checks=(HOLDS,),
    sources=(SourceFile("usage.csv", "usage", "cd" * 32, 3),),
)  # fmt: skip


class Outline(HTMLParser):
    """Collects tags left open and every address a page refers to."""

    VOID = ("meta", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_page_is_the_same_bytes_for_the_same_figures() -> None:
    assert render_rollforward(FIGURES) == render_rollforward(FIGURES)


def test_page_is_well_formed_and_refers_to_nothing_outside_itself() -> None:
    page = render_rollforward(FIGURES)
    outline = Outline()
    outline.feed(page)
    assert outline.open == []
    assert all(address.startswith("#") for address in outline.addresses)
    assert "<script" not in page
    assert not re.search(r"url\(|@import", page)
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page


def test_page_escapes_what_a_company_calls_itself() -> None:
    page = render_rollforward(FIGURES)
    assert "Ada &amp; Söhne &lt;GmbH&gt;" in page
    assert "<GmbH>" not in page


def test_page_shows_every_figure_of_the_rollforward_and_its_totals() -> None:
    text = re.sub(r"<[^>]+>", " ", render_rollforward(FIGURES))
    # Usage over both months: 28.58 + 12.25 = 40.83; and 40.83 + 8.17 = 49.00, what was sold.
    for figure in ("49.00", "(28.58)", "20.42", "(12.25)", "(8.17)", "(40.83)"):
        assert figure in text


def test_page_ticks_a_tie_out_with_both_numbers() -> None:
    page = render_rollforward(FIGURES)
    assert "✓ 1 of 1 check hold" in page
    assert re.search(r'class="ok">✓</td>.*Debits equal credits.*49\.00.*49\.00.*0\.00', page, re.S)


def test_page_says_first_that_a_check_failed() -> None:
    page = render_rollforward(replace(FIGURES, checks=(FAILS,)))
    assert "do not rely on these figures" in page.split("<main>")[0]
    assert re.search(r'class="bad">✗</td>.*49\.00.*48\.99.*0\.01', page, re.S)


def test_page_gives_the_digests_it_rests_on() -> None:
    page = render_rollforward(FIGURES)
    assert "ab" * 32 in page
    assert "cd" * 32 in page
    assert "2025-09-01 00:00:00 UTC" in page


def test_chart_is_named_for_those_who_do_not_see_it() -> None:
    svg = rollforward_svg(ROLL)
    assert 'role="img"' in svg
    assert "<title id=" in svg
    assert "From 0.00 before 2025-07 to 0.00 at the end of 2025-08" in svg


def test_chart_draws_one_bar_for_each_movement_that_is_not_zero() -> None:
    # July: additions, usage, closing. August: usage, breakage; closing is zero and has no bar.
    assert rollforward_svg(ROLL).count("<rect") == 5


def test_chart_of_a_liability_that_never_held_anything_is_empty() -> None:
    row = RollforwardRow(JULY, D(0), moved(), D(0))
    assert rollforward_svg(replace(ROLL, rows=(row,))) == ""


def test_chart_holds_a_balance_below_zero() -> None:
    row = RollforwardRow(JULY, D(0), moved(refunded="-5"), D(-5))
    assert rollforward_svg(replace(ROLL, rows=(row,))).count("<rect") == 2


def test_rollforward_row_says_by_how_much_it_does_not_foot() -> None:
    assert [row.difference for row in ROLL.rows] == [0, 0]
    assert replace(ROLL.rows[0], closing=D("20.43")).difference == D("0.01")


def test_columns_nobody_moved_are_left_out() -> None:
    assert ROLL.shown == ("additions", "usage_revenue", "breakage_revenue", "refunded")
    late = RollforwardRow(JULY, D(1), moved(prior_period_revenue="-1"), D(0))
    assert "prior_period_revenue" in replace(ROLL, rows=(late,)).shown


def test_summary_fits_a_screen_and_aligns_decimals() -> None:
    text = summary_text(FIGURES, {"Page": Path("page.html")})
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 24
    july, august = (
        next(line for line in lines if line.startswith(p)) for p in ("2025-07", "2025-08")
    )
    assert july.rindex("20.42") + len("20.42") == august.rindex("0.00") + len("0.00")


def test_summary_names_the_checks_that_fail() -> None:
    text = summary_text(replace(FIGURES, checks=(HOLDS, FAILS)), {})
    assert "1 of 2 checks FAILED; do not rely on these figures.\n  Debits equal credits" in text


def test_summary_counts_the_periods_it_leaves_out() -> None:
    rows = tuple(replace(ROLL.rows[0], period=date(2025, month, 1)) for month in range(1, 13))
    text = summary_text(replace(FIGURES, rollforwards=(replace(ROLL, rows=rows),)), {})
    assert "the last 8 of 12 periods" in text
    assert "2025-04" not in text
    assert "2025-05" in text


@pytest.mark.parametrize(
    ("amount", "decimals", "text"),
    [
        ("1234567.5", 2, "1,234,567.50"),
        ("-0.01", 2, "(0.01)"),
        ("0.000", 2, "0.00"),
        ("12.345", 2, "12.345"),  # never cut
        ("1500", 0, "1,500"),
        ("99999999999999999999999999999.0001", 2, "99,999,999,999,999,999,999,999,999,999.0001"),
    ],
)
def test_money_keeps_every_digit(amount: str, decimals: int, text: str) -> None:
    assert money(D(amount), decimals) == text


def test_credits_show_only_the_decimals_they_have() -> None:
    assert credits_text(D("1200.000000000")) == "1,200"
    assert credits_text(D("0.000000001")) == "0.000000001"


def test_instants_show_a_fraction_only_when_there_is_one() -> None:
    assert instant(datetime(2025, 7, 1, tzinfo=UTC)) == "2025-07-01 00:00:00 UTC"
    assert (
        instant(datetime(2025, 7, 1, 0, 0, 0, 120, tzinfo=UTC)) == "2025-07-01 00:00:00.00012 UTC"
    )


def test_as_of_midnight_reads_as_the_day_before() -> None:
    assert last_day(datetime(2025, 9, 1, tzinfo=UTC)) == "31 August 2025"
    assert last_day(datetime(2025, 9, 1, 1, tzinfo=UTC)) == "2025-09-01 01:00:00 UTC"


def test_a_closing_parenthesis_stands_outside_the_digits() -> None:
    assert aligned([["a", "1.00"], ["b", "(1.00)"]]) == ["a  1.00", "b (1.00)"]
