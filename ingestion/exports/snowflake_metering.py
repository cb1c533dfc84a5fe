"""Snowflake's metering views: credits by service, by the hour and by the day."""

from __future__ import annotations

import pandera.polars as pa

from ingestion.exports.export import (
    DAY,
    MAJOR_UNITS,
    ZONED_TEXT,
    Export,
    Rule,
    from_utc,
    from_zoned,
    plain_number,
)


class SnowflakeMetering(pa.DataFrameModel):
    """What both views have. In ACCOUNT_USAGE they are of one account and do not name it.

    Numbers are credits. The columns of ORGANIZATION_USAGE are optional here: they tell accounts
    apart where there are several.
    """

    SERVICE_TYPE: str
    """What took the credits, such as WAREHOUSE_METERING."""
    CREDITS_USED: str = pa.Field(str_matches=MAJOR_UNITS)
    """Compute and cloud services."""
    CREDITS_USED_COMPUTE: str = pa.Field(str_matches=MAJOR_UNITS)
    """Of them, by warehouses and serverless features."""
    CREDITS_USED_CLOUD_SERVICES: str = pa.Field(str_matches=MAJOR_UNITS)
    """Of them, by cloud services."""
    ORGANIZATION_NAME: str | None = pa.Field(nullable=True)
    """The customer, unless book.yml says otherwise."""
    ACCOUNT_NAME: str | None = pa.Field(nullable=True)
    """Account of the organization."""
    ACCOUNT_LOCATOR: str | None = pa.Field(nullable=True)
    """Its name within the region; stays when the account is renamed."""
    REGION: str | None = pa.Field(nullable=True)
    """Region of the account."""


class SnowflakeMeteringHistory(SnowflakeMetering):
    """One row per hour, service and entity. Source: METERING_HISTORY, docs.snowflake.com.

    Times are in the zone of the session that exported them, with its offset. Credits are before
    the daily rebate of cloud services. Until bundle 2025_06 the view had BUDGET_ID, since then it
    has ENTITY_TYPE and names of databases and schemas; none of them is read, so that an hour
    exported before and after is the same event.
    """

    START_TIME: str = pa.Field(str_matches=ZONED_TEXT)
    """First instant of the hour."""
    END_TIME: str = pa.Field(str_matches=ZONED_TEXT)
    """First instant after it."""
    ENTITY_ID: str | None = pa.Field(nullable=True)
    """The warehouse, pipe, task or other thing; empty for some services."""
    NAME: str | None = pa.Field(nullable=True)
    """Its name."""


class SnowflakeMeteringDaily(SnowflakeMetering):
    """One row per day and service. Source: METERING_DAILY_HISTORY, docs.snowflake.com.

    Days are UTC in ORGANIZATION_USAGE; in ACCOUNT_USAGE they are of the session's zone, which must
    be set to UTC before the export. Rows change until Snowflake closes the month.
    """

    USAGE_DATE: str = pa.Field(str_matches=DAY)
    """The day, UTC."""
    CREDITS_ADJUSTMENT_CLOUD_SERVICES: str | None = pa.Field(nullable=True, str_matches=MAJOR_UNITS)
    """Rebate of cloud services up to a tenth of the day's compute; not above zero."""
    CREDITS_BILLED: str = pa.Field(str_matches=MAJOR_UNITS)
    """Compute, cloud services and rebate."""


_ACCOUNT = "coalesce(coalesce(REGION || '.', '') || ACCOUNT_LOCATOR, ACCOUNT_NAME)"
_HOUR = "strftime(try_cast({}) at time zone 'UTC', '%Y-%m-%dT%H:%M:%SZ')"


def _credits(column: str) -> str:
    """SQL of a number of credits, exactly."""
    return f"cast({plain_number(column)} as decimal(38, 9))"


def _sum(total: str, *parts: str) -> Rule:
    """The rule that a number of credits is the sum of others."""
    added = " + ".join(f"coalesce({_credits(part)}, 0)" for part in parts)
    shown = " || ' + ' || ".join(f"coalesce({part}, '0')" for part in parts)
    return Rule(
        column="quantity",
        words=f"has a {total} that is not {' + '.join(parts)}",
        holds=f"{_credits(total)} = {added}",
        shown=f"{total} || ', not ' || {shown}",
    )


_USED = _sum("CREDITS_USED", "CREDITS_USED_COMPUTE", "CREDITS_USED_CLOUD_SERVICES")

SNOWFLAKE_METERING_HISTORY = Export(
    name="snowflake_metering_history",
    title="Snowflake's METERING_HISTORY",
    feed="usage",
    container="csv",
    schema=SnowflakeMeteringHistory,
    rules=(_USED,),
    restates=True,
    columns={
        "event_id": f"concat_ws('/', ORGANIZATION_NAME, {_ACCOUNT}, SERVICE_TYPE, "
        f"coalesce(ENTITY_ID, NAME), {_HOUR.format(from_zoned('START_TIME') + ' as timestamptz')})",
        "occurred_at": from_zoned("START_TIME"),
        "customer_id": "ORGANIZATION_NAME",
        "quantity": plain_number("CREDITS_USED"),
        "properties.service_type": "SERVICE_TYPE",
    },
)

SNOWFLAKE_METERING_DAILY = Export(
    name="snowflake_metering_daily",
    title="Snowflake's METERING_DAILY_HISTORY",
    feed="usage",
    container="csv",
    schema=SnowflakeMeteringDaily,
    rules=(
        _USED,
        _sum(
            "CREDITS_BILLED",
            "CREDITS_USED_COMPUTE",
            "CREDITS_USED_CLOUD_SERVICES",
            "CREDITS_ADJUSTMENT_CLOUD_SERVICES",
        ),
    ),
    restates=True,
    columns={
        "event_id": f"concat_ws('/', ORGANIZATION_NAME, {_ACCOUNT}, SERVICE_TYPE, USAGE_DATE)",
        "occurred_at": from_utc("USAGE_DATE"),
        "customer_id": "ORGANIZATION_NAME",
        "quantity": plain_number("CREDITS_BILLED"),
        "properties.service_type": "SERVICE_TYPE",
    },
)
