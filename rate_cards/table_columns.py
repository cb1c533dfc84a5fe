"""The columns of the configuration tables, in the order the warehouse stores them.

Grain and meaning of each table: dbt_project/models/staging/_staging__sources.yml.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl

TEXT = pl.String()
INT = pl.Int32()
BIG_INT = pl.Int64()
FLAG = pl.Boolean()
DAY = pl.Date()
INSTANT = pl.Datetime("us")
"""UTC, kept without a zone."""
AMOUNT = pl.Decimal(28, 9)
RATE = pl.Decimal(28, 12)
WHOLE = pl.Decimal(38, 0)
"""Numerators and denominators of exact prices."""

Columns = Mapping[str, pl.DataType]

Row = dict[str, Any]
"""Column -> value: decimals exact, instants UTC without a zone."""


def utc(instant: datetime | None) -> datetime | None:
    """An instant as it is stored: UTC, without its zone."""
    return None if instant is None else instant.astimezone(UTC).replace(tzinfo=None)


_ORIGIN: Columns = {"source_file": TEXT, "source_line": INT}
"""File relative to the book folder, and 1-based line."""

CONFIG_TABLES: Mapping[str, Columns] = {
    "book": {
        "book": TEXT,
        "entity": TEXT,
        "functional_currency": TEXT,
        "time_zone": TEXT,
        "first_period": DAY,
        "framework": TEXT,
        "source_file": TEXT,
        "sha256": TEXT,
    },
    "config_files": {"path": TEXT, "kind": TEXT, "sha256": TEXT, "bytes": BIG_INT},
    "wallets": {
        "wallet": TEXT,
        "rank": INT,
        "level": INT,
        "unit": TEXT,
        "is_money": FLAG,
        "currency": TEXT,
        "precision": INT,
        "rounding": TEXT,
        "liability": TEXT,
        "overdraft": TEXT,
        **_ORIGIN,
    },
    "burn_order_keys": {"wallet": TEXT, "position": INT, "key": TEXT, "is_descending": FLAG},
    "kind_order": {"wallet": TEXT, "kind": TEXT, "kind_rank": INT},
    "meters": {"meter": TEXT, "unit": TEXT, **_ORIGIN},
    "meter_properties": {"meter": TEXT, "property": TEXT},
    "accounts": {
        "role": TEXT,
        "number": TEXT,
        "name": TEXT,
        "account_type": TEXT,
        "effective_from": DAY,
        **_ORIGIN,
    },
    "policies": {
        "policy_no": INT,
        "effective_from": DAY,
        "approved_by": TEXT,
        "approved_on": DAY,
        "reference": TEXT,
        "topic": TEXT,
        "subject": TEXT,
        "setting": TEXT,
        "value": TEXT,
        **_ORIGIN,
    },
    "currencies": {"currency": TEXT, "minor_units": INT},
    "rate_card_versions": {
        "version": TEXT,
        "version_no": INT,
        "effective_from": INSTANT,
        "effective_to": INSTANT,
        "published_at": INSTANT,
        "supersedes": TEXT,
        "corrects": TEXT,
        "agreement": TEXT,
        "existing_customers_from": INSTANT,
        "approved_by": TEXT,
        "approved_on": DAY,
        "reference": TEXT,
        "source_file": TEXT,
        "sha256": TEXT,
    },
    "rates": {
        "rate_no": INT,
        "version": TEXT,
        "rate_id": TEXT,
        "counts_as": TEXT,
        "contract": TEXT,
        "meter": TEXT,
        "match_count": INT,
        "tiers": TEXT,
        "audience": TEXT,
        "overage_amount": AMOUNT,
        "overage_currency": TEXT,
        "overage_per": AMOUNT,
        "overage_numerator": WHOLE,
        "overage_denominator": WHOLE,
        **_ORIGIN,
    },
    "rate_audience": {"rate_no": INT, "audience": TEXT, "value": TEXT},
    "rate_match": {"rate_no": INT, "property": TEXT, "value": TEXT},
    "rate_prices": {
        "rate_no": INT,
        "position": INT,
        "wallet": TEXT,
        "step_no": INT,
        "step_from": AMOUNT,
        "step_to": AMOUNT,
        "credits": RATE,
        "per": AMOUNT,
        "quanta_numerator": WHOLE,
        "quanta_denominator": WHOLE,
    },
    "offers": {
        "version": TEXT,
        "offer": TEXT,
        "price_amount": AMOUNT,
        "price_currency": TEXT,
        "sold_by": TEXT,
        "every_count": INT,
        "every_unit": TEXT,
        "anchor": TEXT,
        "prorate": TEXT,
        "on_change": TEXT,
        **_ORIGIN,
    },
    "offer_grants": {
        "version": TEXT,
        "offer": TEXT,
        "grant_no": INT,
        "wallet": TEXT,
        "credits": AMOUNT,
        "slabs_by": TEXT,
        "kind": TEXT,
        "priority": INT,
        "expires": TEXT,
        "expires_count": INT,
        "expires_unit": TEXT,
        "every_count": INT,
        "every_unit": TEXT,
        "max_per_month": AMOUNT,
        "rollover": TEXT,
        "rollover_count": INT,
        "rollover_unit": TEXT,
        "rollover_max": AMOUNT,
        "rollover_share": AMOUNT,
        "rollover_cap_over": TEXT,
        "rollover_when": TEXT,
        "rollover_priority": INT,
        "ssp": AMOUNT,
        "expected_use": AMOUNT,
        "source_line": INT,
    },
    "offer_slabs": {
        "version": TEXT,
        "offer": TEXT,
        "grant_no": INT,
        "slab_no": INT,
        "slab_from": AMOUNT,
        "slab_to": AMOUNT,
        "credits": AMOUNT,
        "share": AMOUNT,
    },
    "config_limits": {
        "limit_id": TEXT,
        "customer_id": TEXT,
        "scope": TEXT,
        "subject_id": TEXT,
        "wallet": TEXT,
        "window_unit": TEXT,
        "credits": AMOUNT,
        "amount": AMOUNT,
        "currency": TEXT,
        "action": TEXT,
        "effective_from": INSTANT,
        "effective_to": INSTANT,
        **_ORIGIN,
    },
    "cost_rates": {
        "cost_no": INT,
        "version": TEXT,
        "cost_id": TEXT,
        "supplier": TEXT,
        "effective_from": INSTANT,
        "published_at": INSTANT,
        "meter": TEXT,
        "match_count": INT,
        "amount": RATE,
        "currency": TEXT,
        "per": AMOUNT,
        "numerator": WHOLE,
        "denominator": WHOLE,
        **_ORIGIN,
    },
    "cost_match": {"cost_no": INT, "property": TEXT, "value": TEXT},
}
"""Table of schema `raw` -> its columns."""
