"""A month on a command line."""

from __future__ import annotations

from datetime import date
from typing import Any

import click


class Period(click.ParamType[date]):
    """A month as typed, given on as its first day."""

    name = "month"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """2025-07 as 1 July 2025."""
        if isinstance(value, date):
            return value
        try:
            if len(value) != len("2025-07"):
                raise ValueError
            return date.fromisoformat(f"{value}-01")
        except ValueError:
            self.fail(f"{value} is not a month such as 2025-07", param, ctx)
