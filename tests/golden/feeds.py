"""The public feeds as cases fill them: columns, and names that all cases share."""

from __future__ import annotations

from datetime import date

METER = "units"
RESOLD = "resold_units"
"""Meter of what a case sells for somebody else."""
FEEDS = {
    "customers": ("customer_id", "parent_customer_id"),
    "usage": (
        "event_id",
        "occurred_at",
        "customer_id",
        "meter",
        "quantity",
        "properties",
        "user_id",
        "received_at",
        "corrects",
    ),
    "payments": (
        "payment_id",
        "occurred_at",
        "customer_id",
        "kind",
        "amount",
        "currency",
        "tax",
        "offer",
        "quantity",
        "relates_to",
        "subscription_id",
        "period_start",
        "period_end",
        "contract_id",
        "received_at",
    ),
    "grants": (
        "grant_id",
        "customer_id",
        "wallet",
        "credits",
        "kind",
        "effective_at",
        "expires_at",
        "priority",
        "consideration",
        "currency",
        "payment_id",
        "contract_id",
        "received_at",
    ),
    "lot_events": (
        "lot_event_id",
        "occurred_at",
        "lot_id",
        "kind",
        "credits",
        "new_expires_at",
        "to_wallet",
        "least",
        "most",
        "reason",
        "received_at",
    ),
    "subscriptions": (
        "subscription_id",
        "customer_id",
        "offer",
        "started_at",
        "ended_at",
        "received_at",
        "anchor_at",
    ),
    "limits": ("limit_id", "customer_id", "scope", "wallet", "window", "credits", "action", "from"),
    "fx_rates": ("date", "currency", "rate"),
    "period_closes": ("close_id", "period", "closed_at"),
}
"""Feed -> the columns written. Grants by day are a file of their own, whose dates are numbers."""

UNDATED = ("fx_rates", "period_closes")
"""Feeds whose rows do not begin the books."""

ALWAYS = date(2000, 1, 1)
"""A day before every case."""

FUNCTIONAL = "USD"

BY_DAY = "grants_by_day"
