"""What the models take from dbt besides ref and source, so that sqlfluff can render them alone.

Values are placeholders: linting looks at the shape of the SQL, never at what it selects.
"""

from __future__ import annotations

from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

VARIABLES = {
    "as_of": "1970-01-01 00:00:00",
    "time_zone": "UTC",
    "wallet_levels": 2,
    "transfer_passes": 2,
}
UNKNOWN_TO_SQLFLUFF = {"burned_rows": "select node_no, i, k, taken_from, taken_to from tape"}
"""Macros whose SQL its grammar cannot read (DuckDB's `lambda x: ...`), with a stand-in."""


def var(name: str, default: Any = None) -> Any:
    """A variable of dbt_project.yml."""
    return VARIABLES.get(name, default)


class adapter:
    """Dispatch always finds the default implementation, which is DuckDB's."""

    @staticmethod
    @pass_context
    def dispatch(context: Context, name: str, package: str | None = None) -> Any:
        """The macro `default__<name>`."""
        if name in UNKNOWN_TO_SQLFLUFF:
            return lambda *arguments: UNKNOWN_TO_SQLFLUFF[name]
        return context[f"default__{name}"]
