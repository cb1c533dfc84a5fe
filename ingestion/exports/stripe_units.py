"""Amounts of Stripe's API: whole minor units, and what Stripe takes for those of a currency."""

from __future__ import annotations

from ingestion.exports.export import major_units
from rate_cards.currencies import MINOR_UNITS

UNITS = {**MINOR_UNITS, "ISK": 2, "UGX": 2, "MGA": 0}
"""Currency -> decimals of an amount in the API, which are not those of ISO 4217 everywhere: krónur
and Ugandan shillings have none and are written with two all the same, ariary are written without
(docs.stripe.com/currencies, zero-decimal currencies and special cases)."""


def stripe_amount(amount: str, currency: str) -> str:
    """SQL of an amount in major units from one of the API.

    Args:
        amount: SQL of the whole number of minor units, as text.
        currency: SQL of the currency's code in capital letters.
    """
    return major_units(amount, currency, UNITS)
