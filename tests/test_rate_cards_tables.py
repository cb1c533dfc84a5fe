"""The configuration as tables: columns, types, exact figures, and the lines rows come from."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from lite_book import CARD, Edit, lite_book, next_card

from rate_cards.accounts import ROLES
from rate_cards.load import load_book
from rate_cards.table_columns import CONFIG_TABLES
from rate_cards.tables import config_tables

BOOK = "book.yml"
NEXT = "cards/2026-03-01.yml"
FOREVER = datetime(9999, 12, 31)  # noqa: DTZ001 -- instants are stored in UTC without a zone


def tables_of(tmp_path: Path, *edits: Edit) -> dict[str, pl.DataFrame]:
    return config_tables(load_book(lite_book(tmp_path, *edits)))


def rows(table: pl.DataFrame, **where: Any) -> list[dict[str, Any]]:
    """The rows whose columns have the given values."""
    return [
        row for row in table.to_dicts() if all(row[name] == value for name, value in where.items())
    ]


def utc(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 -- as FOREVER


def test_every_table_has_exactly_its_columns_and_types(tmp_path: Path) -> None:
    tables = tables_of(tmp_path)
    assert list(tables) == list(CONFIG_TABLES)
    for name, columns in CONFIG_TABLES.items():
        assert dict(tables[name].schema) == dict(columns), name


def test_no_column_is_a_float() -> None:
    for columns in CONFIG_TABLES.values():
        assert not any(dtype.is_float() for dtype in columns.values())


def test_the_book_is_one_row_with_the_digest_of_its_file(tmp_path: Path) -> None:
    tables = tables_of(tmp_path)
    (book,) = tables["book"].to_dicts()
    (file,) = rows(tables["config_files"], kind="book")
    assert book["sha256"] == file["sha256"]
    assert book["first_period"] == date(2026, 1, 1)
    assert (tmp_path / "book" / BOOK).stat().st_size == file["bytes"]


def test_a_wallet_s_level_is_one_more_than_any_wallet_before_it(tmp_path: Path) -> None:
    # Chains: token_credits > universal, and image_credits > universal > usd.
    levels = {row["wallet"]: row["level"] for row in tables_of(tmp_path)["wallets"].to_dicts()}
    assert levels == {"image_credits": 0, "token_credits": 0, "universal": 1, "usd": 2}


def test_a_level_counts_wallets_of_every_card(tmp_path: Path) -> None:
    # The second card lets image_credits fall to token_credits, so all later wallets move up:
    # image_credits 0 > token_credits 1 > universal 2 > usd 3.
    chain = "{wallet: image_credits, credits: 2.5}\n      - {wallet: token_credits, credits: 1}"
    card = next_card().replace("{wallet: image_credits, credits: 2.5}", chain)
    tables = tables_of(tmp_path, (NEXT, "", card))
    assert tables["wallets"]["level"].to_list() == [0, 1, 2, 3]
    assert tables["wallets"]["rank"].to_list() == [1, 2, 3, 4]


def test_a_money_wallet_knows_its_currency(tmp_path: Path) -> None:
    wallets = tables_of(tmp_path)["wallets"]
    (money,) = rows(wallets, is_money=True)
    assert (money["wallet"], money["currency"], money["overdraft"]) == ("usd", "USD", "carry")
    assert rows(wallets, wallet="universal")[0]["currency"] is None
    assert money["source_line"] == 11


def test_presets_arrive_expanded(tmp_path: Path) -> None:
    tables = tables_of(tmp_path)
    keys = rows(tables["burn_order_keys"], wallet="universal")
    assert [(row["position"], row["key"], row["is_descending"]) for row in keys] == [
        (1, "priority", False),
        (2, "expires_at", False),
        (3, "kind", False),
        (4, "effective_at", False),
        (5, "received_at", False),
        (6, "lot_id", False),
    ]
    ranks = {
        row["kind"]: row["kind_rank"] for row in rows(tables["kind_order"], wallet="universal")
    }
    assert ranks == {
        "included": 1,
        "promo": 1,
        "goodwill": 1,
        "bonus": 1,
        "migration": 1,
        "paid": 2,
    }


def test_roles_without_an_account_use_the_default_chart(tmp_path: Path) -> None:
    accounts = tables_of(tmp_path)["accounts"]
    (authored,) = rows(accounts, role="contract_liability")
    assert (authored["number"], authored["account_type"]) == ("2400", "liability")
    assert (authored["source_file"], authored["source_line"]) == (BOOK, 16)
    (default,) = rows(accounts, role="usage_revenue")
    assert (default["source_file"], default["source_line"]) == ("", 0)
    assert set(accounts["role"]) == set(ROLES)
    assert set(accounts["effective_from"].to_list()) == {date(2026, 1, 1)}


def test_policies_are_one_row_per_setting(tmp_path: Path) -> None:
    proportional = '{method: proportional, expected_unused: "0.10"}'
    policies = tables_of(tmp_path, (BOOK, "{method: at_expiry}", proportional))["policies"]
    settings = [
        (row["topic"], row["subject"], row["setting"], row["value"]) for row in policies.to_dicts()
    ]
    assert settings == [
        ("late_usage", "default", "value", "first_open_period"),
        ("breakage", "default", "method", "proportional"),
        ("breakage", "default", "expected_unused", "0.10"),
        ("bonus_credits", "default", "value", "pool"),
        ("progress", "default", "value", "consumption"),
    ]
    assert policies["source_line"].to_list() == [20, 22, 22, 23, 24]


@pytest.mark.parametrize(("currency", "units"), [("USD", 2), ("JPY", 0), ("KWD", 3)])
def test_currencies_have_the_minor_units_of_iso_4217(
    tmp_path: Path, currency: str, units: int
) -> None:
    # Whether or not the book names them: payments may come in any.
    currencies = tables_of(tmp_path)["currencies"]
    assert rows(currencies, currency=currency) == [{"currency": currency, "minor_units": units}]


def test_a_version_ends_where_the_next_one_that_corrects_none_begins(tmp_path: Path) -> None:
    fix = next_card(
        "fix", effective_from="2026-01-01T00:00:00Z", corrects='"2026-01-01"', supersedes="null"
    )
    versions = tables_of(tmp_path, (NEXT, "", next_card()), ("cards/fix.yml", "", fix))[
        "rate_card_versions"
    ]
    windows = {
        row["version"]: (row["effective_from"], row["effective_to"]) for row in versions.to_dicts()
    }
    assert windows == {
        "2026-01-01": (utc(2026, 1, 1), utc(2026, 3, 1)),
        "fix": (utc(2026, 1, 1), utc(2026, 3, 1)),
        "2026-03-01": (utc(2026, 3, 1), FOREVER),
    }
    assert versions["version_no"].to_list() == [1, 2, 3]


def test_rates_are_numbered_over_all_versions(tmp_path: Path) -> None:
    tables = tables_of(tmp_path, (NEXT, "", next_card()))
    assert tables["rates"]["rate_no"].to_list() == [1, 2, 3, 4, 5, 6]
    assert rows(tables["rate_match"], rate_no=6) == [
        {"rate_no": 6, "property": "model", "value": "flux-dev"}
    ]
    (output,) = rows(tables["rates"], rate_no=2)
    assert output["overage_amount"] == Decimal("12")
    assert (output["match_count"], output["audience"], output["tiers"]) == (2, "everyone", None)
    assert (output["source_file"], output["source_line"]) == (CARD, 14)


def test_prices_keep_their_figure_and_their_per(tmp_path: Path) -> None:
    edit = (CARD, "credits: 1.7", "credits: 0.123456789012")
    (price,) = rows(tables_of(tmp_path, edit)["rate_prices"], rate_no=2, position=1)
    assert price["credits"] == Decimal("0.123456789012")
    assert price["per"] == Decimal(1000000)
    assert (price["step_no"], price["step_from"], price["step_to"]) == (1, Decimal(0), None)


def test_steps_join_without_gap(tmp_path: Path) -> None:
    old = "match: {model: flux-dev}\n    price:\n      - {wallet: image_credits, credits: 2.5}"
    steps = "[{up_to: 1000, credits: 2.5}, {up_to: 5000, credits: 2.25}, {credits: 2.0}]"
    new = (
        "match: {model: flux-dev}\n    tiers: graduated\n    price:\n"
        f"      - {{wallet: image_credits, steps: {steps}}}"
    )
    prices = rows(tables_of(tmp_path, (CARD, old, new))["rate_prices"], rate_no=3, position=1)
    assert [(row["step_from"], row["step_to"], row["credits"]) for row in prices] == [
        (Decimal(0), Decimal(1000), Decimal("2.5")),
        (Decimal(1000), Decimal(5000), Decimal("2.25")),
        (Decimal(5000), None, Decimal("2.0")),
    ]


def test_a_reserved_rate_lists_whom_it_is_for(tmp_path: Path) -> None:
    edit = (CARD, "match: {model: flux-dev}\n", "customers: [acme, globex]\n")
    audience = tables_of(tmp_path, edit)["rate_audience"].to_dicts()
    assert audience == [
        {"rate_no": 3, "audience": "customer", "value": "acme"},
        {"rate_no": 3, "audience": "customer", "value": "globex"},
    ]


def test_offers_and_their_grants(tmp_path: Path) -> None:
    plan = (
        CARD,
        "price: {amount: 10.00, currency: USD}",
        "price: {amount: 10.00, currency: USD, every: 3 months, anchor: calendar, prorate: day}"
        "\n    on_change: expire",
    )
    paid = (
        CARD,
        "kind: paid, expires: 12 months",
        "kind: paid, expires: period_end, rollover: {max: 50, for: 1 month}, "
        'ssp: "0.20", expected_use: 0.9',
    )
    daily = (
        CARD,
        "kind: bonus, expires: 12 months",
        "kind: included, every: day, expires: 1 day, max_per_month: 150",
    )
    tables = tables_of(tmp_path, plan, paid, daily)
    (offer,) = tables["offers"].to_dicts()
    assert (offer["price_amount"], offer["every_count"], offer["every_unit"]) == (
        Decimal("10.00"),
        3,
        "month",
    )
    assert (offer["anchor"], offer["prorate"], offer["on_change"]) == ("calendar", "day", "expire")
    first, second = tables["offer_grants"].to_dicts()
    assert (first["grant_no"], first["credits"], first["priority"]) == (1, Decimal(100), 50)
    assert (first["expires"], first["expires_count"]) == ("period_end", None)
    rollover = {key: value for key, value in first.items() if key.startswith("rollover")}
    assert rollover == {
        "rollover": "duration",
        "rollover_count": 1,
        "rollover_unit": "month",
        "rollover_max": Decimal(50),
        "rollover_share": None,
        "rollover_cap_over": "grant",
        "rollover_when": "renewed",
        "rollover_priority": None,
    }
    assert {value for key, value in second.items() if key.startswith("rollover")} == {None}
    assert (first["ssp"], first["expected_use"]) == (Decimal("0.20"), Decimal("0.9"))
    assert (second["ssp"], second["expected_use"]) == (None, None)
    assert (second["expires"], second["expires_count"], second["expires_unit"]) == (
        "duration",
        1,
        "day",
    )
    assert (second["every_count"], second["every_unit"]) == (1, "day")
    assert (second["max_per_month"], second["priority"]) == (Decimal(150), 100)
    assert [first["source_line"], second["source_line"]] == [33, 34]


def test_a_contract_makes_rates_of_the_general_ones_at_its_price(tmp_path: Path) -> None:
    contracts = (
        CARD,
        "offers:\n",
        "contracts:\n"
        '  - {id: tenth, segments: [smb, edu], discount: "0.10"}\n'
        "  - id: acme\n    customers: [acme]\n    rates: [gpt-4o-input]\n"
        "    off: [{wallet: universal, credits: 0.05, per: 500000}]\n"
        "    overage_off: {amount: 0.50, currency: USD, per: 1000000}\n"
        "offers:\n",
    )
    tables = tables_of(tmp_path, contracts)
    made = [row for row in tables["rates"].to_dicts() if row["contract"]]
    assert [
        (row["rate_no"], row["rate_id"], row["counts_as"], row["audience"]) for row in made
    ] == [
        (4, "gpt-4o-input@tenth", "gpt-4o-input", "segment"),
        (5, "gpt-4o-output@tenth", "gpt-4o-output", "segment"),
        (6, "flux-dev@tenth", "flux-dev", "segment"),
        (7, "gpt-4o-input@acme", "gpt-4o-input", "customer"),
    ]
    assert [row["source_line"] for row in made] == [29, 29, 29, 30]
    assert [row["counts_as"] for row in rows(tables["rates"], contract=None)] == [
        "gpt-4o-input",
        "gpt-4o-output",
        "flux-dev",
    ]
    # 0.6 per million less a tenth is 0.54; less 0.05 per half a million, 0.50. In billionths a
    # unit: 540 and 500. Of the token wallet the second contract takes nothing: 0.5 stays.
    prices = {
        (row["rate_no"], row["wallet"]): (row["credits"], row["quanta_numerator"])
        for row in tables["rate_prices"].to_dicts()
    }
    assert prices[4, "universal"] == (Decimal("0.54"), Decimal(540))
    assert prices[7, "universal"] == (Decimal("0.50"), Decimal(500))
    assert prices[7, "token_credits"] == (Decimal("0.5"), Decimal(500))
    # Overage: 3.00 less a tenth, and less 0.50.
    assert [row["overage_amount"] for row in made] == [
        Decimal("2.70"),
        Decimal("10.80"),
        None,
        Decimal("2.50"),
    ]
    assert [row["value"] for row in rows(tables["rate_audience"], rate_no=4)] == ["smb", "edu"]
    assert len(rows(tables["rate_match"], rate_no=4)) == 2


def test_a_discount_lowers_every_step(tmp_path: Path) -> None:
    stepped = (
        CARD,
        "match: {model: flux-dev}\n    price:\n      - {wallet: image_credits, credits: 2.5}",
        "match: {model: flux-dev}\n    tiers: graduated\n    price:\n"
        "      - {wallet: image_credits, "
        "steps: [{up_to: 10, credits: 2.5}, {credits: 0.000000000004}]}",
    )
    contracts = (
        CARD,
        "offers:\n",
        "contracts:\n"
        '  - {id: c, customers: [acme], rates: [flux-dev], discount: "0.25"}\n'
        "offers:\n",
    )
    tables = tables_of(tmp_path, stepped, contracts)
    steps = rows(tables["rate_prices"], rate_no=4, position=1)
    assert [(row["step_to"], row["credits"]) for row in steps] == [
        (Decimal(10), Decimal("1.875")),
        (None, Decimal("0.000000000003")),
    ]


def test_slabs_run_from_one_size_to_the_next(tmp_path: Path) -> None:
    bonus = "credits: 20, kind: bonus"
    slabs = 'slabs: [{from: 0, credits: 0}, {from: 100, share: "0.10"}], kind: bonus'
    sold = (
        CARD,
        "price: {amount: 10.00, currency: USD",
        "price: {amount: 10.00, currency: USD, sold_by: amount",
    )
    tables = tables_of(tmp_path, (CARD, bonus, slabs), sold)
    (offer,) = tables["offers"].to_dicts()
    assert offer["sold_by"] == "amount"
    grants = tables["offer_grants"].to_dicts()
    assert [(row["credits"], row["slabs_by"]) for row in grants] == [
        (Decimal(100), None),
        (None, "credits"),
    ]
    found = [tuple(row.values())[2:] for row in tables["offer_slabs"].to_dicts()]
    assert found == [
        (2, 1, Decimal(0), Decimal(100), Decimal(0), None),
        (2, 2, Decimal(100), None, None, Decimal("0.10")),
    ]


def test_credits_that_roll_over_for_ever_have_no_duration(tmp_path: Path) -> None:
    terms = "{max_share: 0.5, for: forever, cap_over: lot, when: always, priority: 7}"
    edit = (
        CARD,
        "kind: paid, expires: 12 months",
        f"kind: paid, expires: 12 months, rollover: {terms}",
    )
    grant = tables_of(tmp_path, edit)["offer_grants"].to_dicts()[0]
    assert {key: value for key, value in grant.items() if key.startswith("rollover")} == {
        "rollover": "forever",
        "rollover_count": None,
        "rollover_unit": None,
        "rollover_max": None,
        "rollover_share": Decimal("0.5"),
        "rollover_cap_over": "lot",
        "rollover_when": "always",
        "rollover_priority": 7,
    }


def test_limits_without_a_name_are_named_by_their_line(tmp_path: Path) -> None:
    terms = "customer_id: acme, window: month, action: unfunded"
    text = (
        "limits:\n"
        f"  - {{scope: user, id: u1, wallet: usd, credits: 50, {terms},"
        " from: 2026-01-01T00:00:00Z}\n"
        f"  - {{limit_id: cap, scope: each_team, amount: 2.50, currency: USD, {terms},"
        " from: 2026-01-01T00:00:00+01:00, to: 2026-02-01T00:00:00Z}\n"
    )
    first, second = tables_of(tmp_path, ("limits.yml", "", text))["config_limits"].to_dicts()
    assert (first["limit_id"], first["subject_id"], first["wallet"]) == (
        "limits.yml:2",
        "u1",
        "usd",
    )
    assert (first["effective_from"], first["effective_to"]) == (utc(2026, 1, 1), None)
    assert (first["credits"], first["amount"], first["currency"]) == (Decimal(50), None, None)
    assert (second["limit_id"], second["subject_id"], second["wallet"]) == ("cap", None, None)
    assert (second["credits"], second["amount"]) == (None, Decimal("2.50"))
    assert second["currency"] == "USD"
    # One hour ahead of UTC: midnight there is 23:00 of the day before.
    assert second["effective_from"] == utc(2025, 12, 31, 23)
    assert second["effective_to"] == utc(2026, 2, 1)


def test_a_cost_is_an_exact_fraction_of_its_supplier_s_version(tmp_path: Path) -> None:
    def costs(version: str, supplier: str) -> Edit:
        text = (
            f'version: "{supplier}-{version}"\neffective_from: {version}T00:00:00Z\n'
            "published_at: 2026-01-01T00:00:00Z\nsupplier: " + supplier + "\n"
            "approved: {by: buyer, on: 2026-01-01, reference: PO-1}\ncosts:\n"
            "  - {id: c, meter: llm_tokens, match: {model: m}, amount: 0.000002500001,"
            " currency: KWD}\n"
        )
        return (f"costs/{supplier}-{version}.yml", "", text)

    tables = tables_of(
        tmp_path, costs("2026-01-01", "a"), costs("2026-02-01", "b"), costs("2026-03-01", "a")
    )
    rows = tables["cost_rates"].to_dicts()
    assert [(row["cost_no"], row["version"], row["supplier"]) for row in rows] == [
        (1, "a-2026-01-01", "a"),
        (2, "b-2026-02-01", "b"),
        (3, "a-2026-03-01", "a"),
    ]
    # 2,500.001 billionths.
    assert {(row["numerator"], row["denominator"]) for row in rows} == {(2500001, 1000)}
    assert {row["match_count"] for row in rows} == {1}
    assert set(tables["cost_rates"]["amount"]) == {Decimal("0.000002500001")}
    assert tables["cost_match"].height == 3


def test_sources_know_their_line(tmp_path: Path) -> None:
    sources = load_book(lite_book(tmp_path)).book.sources
    assert [(source.feed, source.line) for source in sources] == [
        ("usage", 26),
        ("payments", 27),
        ("customers", 28),
    ]


def test_an_account_changes_its_number_from_a_day_on(tmp_path: Path) -> None:
    old = '{number: "2400", name: Deferred revenue}'
    new = '[{number: "2400"}, {number: "2450", name: Deferred, effective_from: 2026-07-01}]'
    accounts = rows(tables_of(tmp_path, (BOOK, old, new))["accounts"], role="contract_liability")
    assert [(row["number"], row["name"], row["effective_from"]) for row in accounts] == [
        ("2400", "Contract liability", date(2026, 1, 1)),
        ("2450", "Deferred", date(2026, 7, 1)),
    ]
