"""Snowflake's views in money: what was left at the end of a day, and what was drawn in it."""

from __future__ import annotations

import pandera.polars as pa

from ingestion.exports.export import (
    BALANCE_SOURCE,
    DAY,
    MAJOR_UNITS,
    Export,
    end_of_day,
    from_utc,
    one_row_per_fact,
    plain_number,
)


class SnowflakeRemainingBalance(pa.DataFrameModel):
    """One row per contract, day and currency. Source: REMAINING_BALANCE_DAILY, docs.snowflake.com.

    Balances are in major units at the end of the day, UTC, with two decimals. Rows change until
    Snowflake closes the month.
    """

    DATE: str = pa.Field(str_matches=DAY)
    """The day."""
    CURRENCY: str
    """Of the balances, ISO 4217."""
    CAPACITY_BALANCE: str = pa.Field(str_matches=MAJOR_UNITS)
    """Of what was committed to."""
    FREE_USAGE_BALANCE: str = pa.Field(str_matches=MAJOR_UNITS)
    """Of what was given."""
    ROLLOVER_BALANCE: str | None = pa.Field(nullable=True, str_matches=MAJOR_UNITS)
    """Of what earlier contracts left."""
    ON_DEMAND_CONSUMPTION_BALANCE: str | None = pa.Field(nullable=True, str_matches=MAJOR_UNITS)
    """What was sold beyond all of them and is not yet paid; negative. No wallet holds it."""
    ORGANIZATION_NAME: str | None = pa.Field(nullable=True)
    """The customer, unless book.yml says otherwise."""
    CONTRACT_NUMBER: str | None = pa.Field(nullable=True)
    """The contract; those of a customer are added up."""


class SnowflakeUsageInCurrency(pa.DataFrameModel):
    """One row per day, account and service. Source: USAGE_IN_CURRENCY_DAILY, docs.snowflake.com.

    Amounts are in major units with two decimals, adjustments (IS_ADJUSTMENT) among them. Rows
    change until Snowflake closes the month.
    """

    USAGE_DATE: str = pa.Field(str_matches=DAY)
    """The day, UTC."""
    CURRENCY: str
    """Of the amount, ISO 4217."""
    USAGE_IN_CURRENCY: str = pa.Field(str_matches=MAJOR_UNITS)
    """What was drawn; negative where it is given back."""
    BALANCE_SOURCE: str = pa.Field(str_matches=BALANCE_SOURCE)
    """What paid. Overage is sold, and a rebate given, outside all wallets."""
    ORGANIZATION_NAME: str | None = pa.Field(nullable=True)
    """The customer, unless book.yml says otherwise."""


_BALANCES = {
    "capacity": "CAPACITY_BALANCE",
    "free usage": "FREE_USAGE_BALANCE",
    "rollover": "ROLLOVER_BALANCE",
    "on demand": "ON_DEMAND_CONSUMPTION_BALANCE",
}

SNOWFLAKE_REMAINING_BALANCE_DAILY = Export(
    name="snowflake_remaining_balance_daily",
    title="Snowflake's REMAINING_BALANCE_DAILY",
    feed="statements",
    container="csv",
    schema=SnowflakeRemainingBalance,
    reshape=one_row_per_fact(
        {
            name: (f"{column} is not null", {"_balance": f"'{name}'", "_amount": column})
            for name, column in _BALANCES.items()
        }
    ),
    only="_balance <> 'on demand'",
    adds_up=True,
    restates=True,
    columns={
        "source": "'snowflake'",
        "customer_id": "ORGANIZATION_NAME",
        "measure": "'balance'",
        "until_at": end_of_day("DATE"),
        "amount": plain_number("_amount"),
    },
)

SNOWFLAKE_USAGE_IN_CURRENCY_DAILY = Export(
    name="snowflake_usage_in_currency_daily",
    title="Snowflake's USAGE_IN_CURRENCY_DAILY",
    feed="statements",
    container="csv",
    schema=SnowflakeUsageInCurrency,
    only="coalesce(lower(BALANCE_SOURCE) not in ('overage', 'rebate'), true)",
    adds_up=True,
    restates=True,
    columns={
        "source": "'snowflake'",
        "customer_id": "ORGANIZATION_NAME",
        "measure": "'drawn'",
        "from_at": from_utc("USAGE_DATE"),
        "until_at": end_of_day("USAGE_DATE"),
        "amount": plain_number("USAGE_IN_CURRENCY"),
    },
)
