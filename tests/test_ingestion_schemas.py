"""Each feed's schema meets one violation of each rule: a backend that stops checking is noticed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from ingestion.sources import FEEDS
from ingestion.sources.feed import Feed
from ingestion.sources.times import EARLIEST, LATEST
from ingestion.validation import failures
from rate_cards.book import Feed as FeedName

NOON = datetime(2026, 1, 6, 12, tzinfo=UTC).replace(tzinfo=None)
LATER = NOON + timedelta(days=1)
MOMENT = timedelta(microseconds=1)

GOOD: dict[str, dict[str, Any]] = {
    "usage": {
        "event_id": "ev_1",
        "occurred_at": NOON,
        "customer_id": "acme",
        "meter": "images",
        "quantity": Decimal(4),
        "properties": "{}",
    },
    "payments": {
        "payment_id": "pay_1",
        "occurred_at": NOON,
        "customer_id": "acme",
        "kind": "payment",
        "amount": Decimal("10.00"),
        "currency": "USD",
        "tax": Decimal(0),
        "fee": Decimal(0),
    },
    "grants": {
        "grant_id": "gr_1",
        "customer_id": "acme",
        "wallet": "universal",
        "credits": Decimal(100),
        "kind": "promo",
        "effective_at": NOON,
    },
    "lot_events": {
        "lot_event_id": "le_1",
        "occurred_at": NOON,
        "lot_id": "gr_1",
        "kind": "void",
    },
    "subscriptions": {
        "subscription_id": "sub_1",
        "customer_id": "acme",
        "offer": "pro",
        "started_at": NOON,
        "quantity": Decimal(1),
    },
    "customers": {"customer_id": "acme"},
    "members": {
        "customer_id": "acme",
        "user_id": "u_1",
        "team_id": "t_1",
        "valid_from": NOON,
    },
    "limits": {
        "limit_id": "l_1",
        "customer_id": "acme",
        "scope": "each_user",
        "window_unit": "month",
        "credits": Decimal(0),
        "action": "flag",
    },
    "fx_rates": {"rate_date": date(2026, 1, 6), "currency": "EUR", "rate": Decimal("1.08")},
    "period_closes": {
        "close_id": "c_1",
        "period": date(2026, 1, 1),
        "closed_at": NOON,
        "action": "close",
    },
    "settlements": {
        "settlement_id": "txn_1",
        "processor": "stripe",
        "occurred_at": NOON,
        "kind": "charge",
        "amount": Decimal(100),
        "fee": Decimal(3),
        "net": Decimal(97),
        "currency": "USD",
    },
    "statements": {
        "statement_id": "st_1",
        "source": "lago",
        "customer_id": "acme",
        "measure": "balance",
        "wallet": "universal",
        "until_at": NOON,
        "amount": Decimal(70),
        "decimals": 2,
    },
}
SMALLEST = Decimal("0.000000001")
BEFORE = "is before the year 1980: is it in another unit?"
AFTER = "is after the year 2200: is it in another unit?"

BAD: list[tuple[str, dict[str, Any], str | None, str]] = [
    # feed, what is changed, column at fault, rule
    ("usage", {"quantity": -SMALLEST}, "quantity", "is negative"),
    ("usage", {"occurred_at": EARLIEST - MOMENT}, "occurred_at", BEFORE),
    ("usage", {"occurred_at": LATEST}, "occurred_at", AFTER),
    ("usage", {"received_at": EARLIEST - MOMENT}, "received_at", BEFORE),
    ("usage", {"received_at": LATEST}, "received_at", AFTER),
    ("usage", {"corrects": "ev_1"}, None, "corrects names the event itself"),
    ("payments", {"amount": -SMALLEST}, "amount", "is negative"),
    ("payments", {"tax": -SMALLEST}, "tax", "is negative"),
    ("payments", {"fee": -SMALLEST}, "fee", "is negative"),
    ("payments", {"quantity": Decimal(0)}, "quantity", "is not above 0"),
    ("payments", {"currency": "usd"}, "currency", "is not a currency of ISO 4217"),
    ("payments", {"currency": "XYZ"}, "currency", "is not a currency of ISO 4217"),
    ("payments", {"kind": "paid"}, "kind",
     "is none of invoice, payment, balance_applied, refund, dispute_opened, dispute_won, "
     "dispute_lost, credit_note, void, write_off, fee, payout"),
    ("payments", {"customer_id": None}, None, "customer_id is missing"),
    ("payments", {"tax": Decimal("10.000000001")}, None, "tax is more than amount"),
    ("payments", {"period_start": NOON, "period_end": NOON}, None,
     "period_end is not after period_start"),
    ("payments", {"period_start": NOON}, None,
     "period_start and period_end are not given together"),
    ("payments", {"occurred_at": EARLIEST - MOMENT}, "occurred_at", BEFORE),
    ("payments", {"occurred_at": LATEST}, "occurred_at", AFTER),
    ("payments", {"received_at": EARLIEST - MOMENT}, "received_at", BEFORE),
    ("payments", {"received_at": LATEST}, "received_at", AFTER),
    ("grants", {"credits": Decimal(0)}, "credits", "is not above 0"),
    ("grants", {"kind": "gift"}, "kind",
     "is none of paid, bonus, promo, included, goodwill, migration"),
    ("grants", {"expires_at": NOON}, None, "expires_at is not after effective_at"),
    ("grants", {"consideration": -SMALLEST, "currency": "USD"}, "consideration", "is negative"),
    ("grants", {"consideration": Decimal(1)}, None, "consideration has no currency"),
    ("grants", {"currency": "eur"}, "currency", "is not a currency of ISO 4217"),
    ("grants", {"effective_at": EARLIEST - MOMENT}, "effective_at", BEFORE),
    ("grants", {"effective_at": LATEST}, "effective_at", AFTER),
    ("grants", {"received_at": EARLIEST - MOMENT}, "received_at", BEFORE),
    ("grants", {"received_at": LATEST}, "received_at", AFTER),
    ("lot_events", {"kind": "cancel"}, "kind",
     "is none of void, reduce, extend, reset, transfer, reprice"),
    ("lot_events", {"credits": Decimal(0)}, "credits", "is not above 0"),
    ("lot_events", {"kind": "reduce"}, None, "credits is missing for a reduce"),
    ("lot_events", {"kind": "extend"}, None, "new_expires_at is missing for an extend"),
    ("lot_events", {"kind": "extend", "new_expires_at": NOON}, None,
     "new_expires_at is not after occurred_at"),
    ("lot_events", {"kind": "reset"}, None, "least and most are both missing for a reset"),
    ("lot_events", {"kind": "reset", "least": -SMALLEST}, "least", "is negative"),
    ("lot_events", {"kind": "reset", "most": -SMALLEST}, "most", "is negative"),
    ("lot_events", {"kind": "transfer", "to_wallet": "usd", "rate": Decimal(0)}, "rate",
     "is not above 0"),
    ("lot_events", {"kind": "transfer"}, None,
     "to_customer_id and to_wallet are both missing for a transfer"),
    ("lot_events", {"kind": "reprice", "credits": Decimal(1)}, None,
     "a reprice takes all that a lot has left, and leaves it in its wallet"),
    ("lot_events", {"occurred_at": EARLIEST - MOMENT}, "occurred_at", BEFORE),
    ("lot_events", {"occurred_at": LATEST}, "occurred_at", AFTER),
    ("lot_events", {"received_at": EARLIEST - MOMENT}, "received_at", BEFORE),
    ("lot_events", {"received_at": LATEST}, "received_at", AFTER),
    ("subscriptions", {"quantity": Decimal(0)}, "quantity", "is not above 0"),
    ("subscriptions", {"ended_at": NOON - MOMENT}, None, "ended_at is before started_at"),
    ("subscriptions", {"started_at": EARLIEST - MOMENT}, "started_at", BEFORE),
    ("subscriptions", {"started_at": LATEST}, "started_at", AFTER),
    ("subscriptions", {"received_at": EARLIEST - MOMENT}, "received_at", BEFORE),
    ("subscriptions", {"received_at": LATEST}, "received_at", AFTER),
    ("subscriptions", {"price": -SMALLEST}, "price", "is negative"),
    ("subscriptions", {"replaces": "sub_1"}, None, "replaces is the subscription itself"),
    ("subscriptions", {"anchor_at": EARLIEST - MOMENT}, "anchor_at", BEFORE),
    ("subscriptions", {"anchor_at": LATEST}, "anchor_at", AFTER),
    ("customers", {"parent_customer_id": "acme"}, None,
     "parent_customer_id is the customer itself"),
    ("members", {"valid_to": NOON}, None, "to is not after from"),
    ("limits", {"credits": -SMALLEST}, "credits", "is negative"),
    ("limits", {"amount": -SMALLEST, "credits": None, "currency": "USD"}, "amount", "is negative"),
    ("limits", {"scope": "team_"}, "scope",
     "is none of user, team, each_user, each_team, organisation"),
    ("limits", {"amount": Decimal(5), "credits": None, "currency": "usd"}, "currency",
     "is not a currency of ISO 4217"),
    ("limits", {"credits": None}, None, "neither credits nor amount is given, or both are"),
    ("limits", {"amount": Decimal(5), "currency": "USD"}, None,
     "neither credits nor amount is given, or both are"),
    ("limits", {"amount": Decimal(5), "credits": None}, None,
     "amount and currency are not given together"),
    ("limits", {"currency": "USD"}, None, "amount and currency are not given together"),
    ("limits", {"scope": "organisation", "subject_id": "acme"}, None,
     "id is given although the limit is not for one user or team"),
    ("limits", {"window_unit": "year"}, "window_unit", "is none of day, week, month, total"),
    ("limits", {"action": "block"}, "action", "is none of flag, overage, unfunded"),
    ("limits", {"scope": "user"}, None, "id is missing for one user or team"),
    ("limits", {"subject_id": "u_1"}, None,
     "id is given although the limit is not for one user or team"),
    ("limits", {"effective_from": NOON, "effective_to": NOON}, None, "to is not after from"),
    ("fx_rates", {"rate": Decimal(0)}, "rate", "is not above 0"),
    ("fx_rates", {"currency": "EURO"}, "currency", "is not a currency of ISO 4217"),
    ("period_closes", {"action": "open"}, "action", "is none of close, reopen"),
    ("period_closes", {"action": "reopen"}, None, "reason is missing for a reopening"),
    ("period_closes", {"closed_at": EARLIEST - MOMENT}, "closed_at", BEFORE),
    ("period_closes", {"closed_at": LATEST}, "closed_at", AFTER),
    ("statements", {"customer_id": None}, None,
     "customer_id is missing, and no lot says whose it is"),
    ("statements", {"measure": "used"}, "measure", "is none of balance, drawn, granted"),
    ("statements", {"decimals": -1}, "decimals", "is negative"),
    ("statements", {"decimals": 10}, "decimals", "is above 9"),
    ("statements", {"measure": "drawn", "from_at": NOON}, None, "until_at is not after from_at"),
    ("statements", {"from_at": NOON - MOMENT}, None, "from_at is given for a balance"),
    ("statements", {"measure": "granted"}, None,
     "from_at is missing for what was drawn or granted"),
    ("statements", {"received_at": NOON - MOMENT}, None, "received_at is before until_at"),
    ("statements", {"until_at": EARLIEST - MOMENT}, "until_at", BEFORE),
    ("statements", {"until_at": LATEST}, "until_at", AFTER),
    ("statements", {"measure": "drawn", "from_at": EARLIEST - MOMENT}, "from_at", BEFORE),
    ("settlements", {"net": Decimal(97) + SMALLEST}, None, "net is not amount less fee"),
    ("settlements", {"kind": "transfer"}, "kind",
     "is none of charge, refund, dispute, fee, payout, adjustment"),
    ("settlements", {"currency": "usd"}, "currency", "is not a currency of ISO 4217"),
    ("settlements", {"occurred_at": EARLIEST - MOMENT}, "occurred_at", BEFORE),
    ("settlements", {"occurred_at": LATEST}, "occurred_at", AFTER),
    ("settlements", {"available_at": LATEST}, "available_at", AFTER),
    ("settlements", {"received_at": LATEST}, "received_at", AFTER),
    ("settlements", {"available_at": EARLIEST - MOMENT}, "available_at", BEFORE),
    ("settlements", {"received_at": EARLIEST - MOMENT}, "received_at", BEFORE),
    ("statements", {"received_at": LATEST}, "received_at", AFTER),
]  # fmt: skip

JUST_INSIDE: list[tuple[str, dict[str, Any]]] = [
    ("usage", {"quantity": Decimal(0), "corrects": "ev_0"}),
    ("usage", {"occurred_at": EARLIEST, "received_at": LATEST - MOMENT}),
    ("payments", {"kind": "payout", "customer_id": None}),
    ("payments", {"kind": "fee", "customer_id": None}),
    ("payments", {"kind": "refund", "customer_id": None, "relates_to": "pay_0"}),
    ("payments", {"tax": Decimal("10.00"), "amount": Decimal("10.00")}),
    ("payments", {"period_start": NOON, "period_end": NOON + MOMENT}),
    ("grants", {"credits": SMALLEST, "expires_at": NOON + MOMENT}),
    ("grants", {"consideration": Decimal(0), "currency": "USD"}),
    ("lot_events", {"kind": "reduce", "credits": SMALLEST}),
    ("lot_events", {"kind": "extend", "new_expires_at": LATER}),
    ("lot_events", {"kind": "reset", "most": Decimal(0)}),
    ("lot_events", {"kind": "reset", "least": Decimal(0)}),
    ("lot_events", {"kind": "transfer", "to_wallet": "usd"}),
    ("lot_events", {"kind": "transfer", "to_customer_id": "globex"}),
    ("subscriptions", {"ended_at": NOON}),
    ("subscriptions", {"anchor_at": EARLIEST}),
    ("subscriptions", {"replaces": "sub_0"}),
    ("subscriptions", {"price": Decimal(0)}),
    ("subscriptions", {"anchor_at": LATEST - MOMENT}),
    ("customers", {"parent_customer_id": "group"}),
    ("members", {"valid_to": NOON + MOMENT}),
    ("limits", {"scope": "team", "subject_id": "t_1"}),
    ("limits", {"scope": "organisation"}),
    ("limits", {"credits": None, "amount": Decimal(0), "currency": "USD"}),
    ("limits", {"effective_from": NOON, "effective_to": NOON + MOMENT}),
    ("fx_rates", {"rate": Decimal("0.000000000001")}),
    ("period_closes", {"action": "reopen", "reason": "an invoice was missing"}),
    ("statements", {"amount": -SMALLEST, "received_at": NOON, "decimals": 0}),
    ("statements", {"measure": "drawn", "from_at": NOON - MOMENT, "decimals": 9}),
    ("settlements", {"amount": Decimal(-100), "fee": Decimal(-3), "net": Decimal(-97)}),
    ("statements", {"customer_id": None, "lot_id": "gr_1"}),
]


def frame(feed: Feed, changes: dict[str, Any]) -> pl.DataFrame:
    """A good row, and after it one with changes."""
    good = GOOD[feed.name]
    schema = {name: column.dtype.type for name, column in feed.schema.to_schema().columns.items()}
    rows = [good, {**good, **changes}]
    columns = {name: [row.get(name) for row in rows] for name in schema}
    return pl.DataFrame(columns, schema=schema).with_columns(
        pl.lit(7, dtype=pl.Int32).alias("file_no"), pl.Series("row_no", [1, 2], dtype=pl.Int64)
    )


def names(bad: tuple[str, dict[str, Any], str | None, str]) -> str:
    return f"{bad[0]}: {bad[3][:40]} {', '.join(bad[1])}"


@pytest.mark.parametrize("bad", BAD, ids=names)
def test_a_broken_rule_is_reported_once_at_its_row(
    bad: tuple[str, dict[str, Any], str | None, str],
) -> None:
    feed_name, changes, column, rule = bad
    feed = FEEDS[feed_name]
    assert failures(feed, frame(feed, changes)).rows() == [(7, 2, column, rule, None)]


@pytest.mark.parametrize(("feed_name", "changes"), JUST_INSIDE)
def test_a_row_just_inside_the_rules_passes(feed_name: str, changes: dict[str, Any]) -> None:
    feed = FEEDS[feed_name]
    assert failures(feed, frame(feed, changes)).is_empty()


REQUIRED = [
    (feed.name, name)
    for feed in FEEDS.values()
    for name, column in feed.schema.to_schema().columns.items()
    if not column.nullable
]


@pytest.mark.parametrize(("feed_name", "column"), REQUIRED)
def test_a_required_value_may_not_be_missing(feed_name: str, column: str) -> None:
    feed = FEEDS[feed_name]
    assert failures(feed, frame(feed, {column: None})).rows() == [
        (7, 2, column, "is missing", None)
    ]


def test_every_rule_of_every_schema_has_a_violation_here() -> None:
    for feed in FEEDS.values():
        schema = feed.schema.to_schema()
        rules = sum(len(column.checks) for column in schema.columns.values()) + len(schema.checks)
        covered = {(column, rule) for name, _, column, rule in BAD if name == feed.name}
        assert len(covered) == rules, f"{feed.name}: {rules} rules, {len(covered)} violated"


def test_a_row_that_breaks_three_rules_is_reported_three_times() -> None:
    feed = FEEDS["usage"]
    changes = {"quantity": Decimal(-1), "meter": None, "corrects": "ev_1"}
    found = failures(feed, frame(feed, changes))
    assert sorted(found["rule"]) == [
        "corrects names the event itself",
        "is missing",
        "is negative",
    ]


def test_a_column_of_another_type_is_our_mistake_and_not_the_senders() -> None:
    feed = FEEDS["usage"]
    wrong = frame(feed, {}).cast({"quantity": pl.Float64})
    with pytest.raises(TypeError, match="quantity"):
        failures(feed, wrong)


def test_there_is_a_schema_for_every_feed_a_book_can_name() -> None:
    assert set(FEEDS) == set(FeedName.__args__)  # type: ignore[attr-defined]


def test_every_schema_says_its_grain_and_its_key_is_always_there() -> None:
    for feed in FEEDS.values():
        assert "One row per" in str(feed.schema.__doc__)
        required = {column for name, column in REQUIRED if name == feed.name}
        assert required.issuperset(feed.key)
