"""Which books and which month a workbook is of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rate_cards.problems import InputError, Problem
from reports.build import Parameters
from reports.numbers import month

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DEFAULT_DECIMALS = 2
NEVER = 9999
"""Year of the instant that stands for never."""


@dataclass(frozen=True)
class Books:
    """What every sheet is about.

    Attributes:
        parameters: Of the build the figures come from.
        entity: Legal entity of the book.
        framework: ASC606 or IFRS15.
        functional_currency: Currency the entity measures itself in.
        period: First day of the month.
        starts_at: First instant of the month, UTC.
        ends_at: First instant after it, UTC.
        closes_at: From when on facts are booked later, UTC; None while it is open.
        periods: Every month of the books up to this one, oldest first.
        minor_units: Currency -> decimals.
        currencies: Currencies of the journals up to the month, in order.
    """

    parameters: Parameters
    entity: str
    framework: str
    functional_currency: str
    period: date
    starts_at: datetime
    ends_at: datetime
    closes_at: datetime | None
    periods: tuple[date, ...]
    minor_units: Mapping[str, int]
    currencies: tuple[str, ...]

    @property
    def is_translated(self) -> bool:
        """Whether functional amounts say more than the amounts themselves."""
        return any(currency != self.functional_currency for currency in self.currencies)

    @property
    def last_day(self) -> date:
        """Last day of the month."""
        return (self.period + timedelta(days=32)).replace(day=1) - timedelta(days=1)

    @property
    def placeholders(self) -> Mapping[str, Any]:
        """What queries may refer to."""
        return {"period": self.period, "starts_at": self.starts_at, "ends_at": self.ends_at}

    def decimals(self, currency: str | None) -> int:
        """Decimals of a currency's minor unit."""
        return self.minor_units.get(currency or "", DEFAULT_DECIMALS)


def read_books(
    connection: DuckDBPyConnection, parameters: Parameters, period: date | None
) -> Books:
    """The books of a built database.

    Args:
        connection: Open on it.
        parameters: Of the build.
        period: First day of the month; None for the last one.

    Raises:
        InputError: The books have no such month.
    """
    found = connection.execute(
        "select period, starts_at, ends_at, closes_at from staging.stg_periods order by period"
    ).fetchall()
    periods = [row[0] for row in found]
    wanted = period or periods[-1]
    if wanted not in periods:
        raise InputError(
            [
                Problem(
                    month(wanted),
                    f"is no period of {parameters.book}",
                    f"It has {', '.join(map(month, periods))}.",
                )
            ],
            "Nothing was written.",
        )
    [(entity, framework, functional)] = connection.execute(
        "select entity, framework, functional_currency from raw.book"
    ).fetchall()
    minor = connection.execute("select currency, minor_units from raw.currencies").fetchall()
    currencies = connection.execute(
        "select distinct currency from marts.trial_balance where booked_period <= $period "
        "order by currency",
        {"period": wanted},
    ).fetchall()
    position = periods.index(wanted)
    _, starts_at, ends_at, closes_at = found[position]
    is_closed = closes_at.year < NEVER and closes_at.replace(tzinfo=UTC) <= parameters.as_of
    return Books(
        parameters=parameters,
        entity=entity,
        framework=framework,
        functional_currency=functional,
        period=wanted,
        starts_at=starts_at,
        ends_at=ends_at,
        closes_at=closes_at if is_closed else None,
        periods=tuple(periods[: position + 1]),
        minor_units=dict(minor),
        currencies=tuple(currency for (currency,) in currencies),
    )
