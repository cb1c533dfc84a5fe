"""Instants as cases write them: ISO times, and times relative to a `now` of theirs."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
"""What `now` is in cases that only say how far from it something lies."""

MOMENT = timedelta(microseconds=1)

_OFFSET = re.compile(r"([+-]?)(\d+)(min|mo|[hdwmy])")
_ISO_DURATION = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?)?")
_ENGLISH = {"d": "day", "w": "week", "mo": "month", "m": "month", "y": "year", "h": "hour"}


class Unreadable(ValueError):
    """A case says something its reader has no words for."""


def instant(text: object) -> datetime:
    """An instant: `2026-01-01`, `2026-01-01T00:00:00Z`, `tomorrow`, `now-2mo15d`, `+30d`."""
    words = str(text)
    if words == "now":
        return NOW
    if words == "tomorrow":
        return NOW + timedelta(days=1)
    if words.startswith(("now", "+", "-")):
        return moved(NOW, words.removeprefix("now"))
    try:
        found = datetime.fromisoformat(words)
    except ValueError:
        raise Unreadable(f'"{words}" is no instant') from None
    return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)


def moved(start: datetime, offset: str) -> datetime:
    """An instant moved by `+10h`, `-2mo15d` or `+1d+1h`; a sign holds until the next one."""
    parts = _OFFSET.findall(offset)
    if not parts or "".join("".join(part) for part in parts) != offset:
        raise Unreadable(f'"{offset}" is no time span')
    sign = 1
    for mark, count, unit in parts:
        sign = {"+": 1, "-": -1}.get(mark, sign)
        start = shifted(start, sign * int(count), {"min": "minute"}.get(unit) or _ENGLISH[unit])
    return start


def shifted(start: datetime, count: int, unit: str) -> datetime:
    """An instant some calendar units later; a day that a month lacks becomes its last."""
    if unit in ("minute", "hour", "day", "week"):
        return start + timedelta(**{f"{unit}s": count})
    if unit not in ("month", "year"):
        raise Unreadable(f'"{unit}" is no calendar unit')
    months = start.year * 12 + start.month - 1 + count * (12 if unit == "year" else 1)
    year, month = divmod(months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)


def span(text: object) -> tuple[int, str]:
    """A duration as (count, unit): `P1W`, `PT1H`, `P3M`, or `daily`."""
    words = {"daily": "P1D", "weekly": "P1W", "monthly": "P1M", "yearly": "P1Y"}.get(
        str(text), str(text)
    )
    matched = _ISO_DURATION.fullmatch(words)
    given = [
        (int(count), unit)
        for count, unit in zip(
            matched.groups() if matched else (),
            ("year", "month", "week", "day", "hour"),
            strict=False,
        )
        if count
    ]
    if len(given) != 1:
        raise Unreadable(f'"{words}" is no duration of one unit')
    return given[0]


def written(moment: datetime) -> str:
    """An instant as our feeds take it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
