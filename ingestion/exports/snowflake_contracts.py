"""Snowflake's CONTRACT_ITEMS: what was committed to and what was given, in money."""

from __future__ import annotations

import pandera.polars as pa

from ingestion.exports.export import (
    CONTRACT_ITEM,
    DAY,
    MAJOR_UNITS,
    Export,
    from_utc,
    plain_number,
)


class SnowflakeContractItems(pa.DataFrameModel):
    """One row per item of the active contract. Source: CONTRACT_ITEMS, docs.snowflake.com.

    Amounts are in major units of the currency, "not credits", and are for a wallet of it, which the
    source names as a constant. Days are UTC.
    """

    CONTRACT_NUMBER: str
    """The contract."""
    CONTRACT_ITEM: str = pa.Field(str_matches=CONTRACT_ITEM)
    """Capacity and additional capacity are paid for, free usage is not."""
    AMOUNT: str = pa.Field(str_matches=MAJOR_UNITS)
    """What may be used."""
    CURRENCY: str
    """Of the amount, ISO 4217."""
    START_DATE: str = pa.Field(str_matches=DAY)
    """The day it goes into effect."""
    END_DATE: str = pa.Field(str_matches=DAY)
    """The day it "stops being used": read as the first one on which it cannot be."""
    ORGANIZATION_NAME: str | None = pa.Field(nullable=True)
    """The customer, unless book.yml says otherwise."""


_IS_FREE = "lower(CONTRACT_ITEM) = 'free usage'"

SNOWFLAKE_CONTRACT_ITEMS = Export(
    name="snowflake_contract_items",
    title="Snowflake's CONTRACT_ITEMS",
    feed="grants",
    container="csv",
    schema=SnowflakeContractItems,
    columns={
        "grant_id": "concat_ws('/', ORGANIZATION_NAME, CONTRACT_NUMBER, lower(CONTRACT_ITEM), "
        "START_DATE)",
        "customer_id": "ORGANIZATION_NAME",
        "credits": plain_number("AMOUNT"),
        "kind": f"case when {_IS_FREE} then 'promo' else 'paid' end",
        "effective_at": from_utc("START_DATE"),
        "expires_at": from_utc("END_DATE"),
        "consideration": f"case when not {_IS_FREE} then {plain_number('AMOUNT')} end",
        "currency": "CURRENCY",
        "reason": "CONTRACT_ITEM",
    },
)
