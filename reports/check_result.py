"""What a check says, whoever made it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class CheckResult:
    """One thing that must hold, and whether it does.

    Attributes:
        name: What identifies it, stable between builds.
        kind: identity, tie-out, statement, file, keys or schema.
        statement: The sentence that must be true.
        left_name: What the first number is; '' when there are no two numbers.
        left_value: The first number.
        right_name: What the second number is.
        right_value: The second number.
        decimals: Decimals to show the two numbers with, at least.
        failures: Rows, or differences, that contradict the statement.
        is_ok: Whether it holds. With failures all the same, the books need not be wrong: a person
            has to look at them.
        rows_kept_in: Table that keeps the failing rows; '' when none do.
    """

    name: str
    kind: str
    statement: str
    left_name: str = ""
    left_value: Decimal | None = None
    right_name: str = ""
    right_value: Decimal | None = None
    decimals: int = 0
    failures: int = 0
    is_ok: bool = True
    rows_kept_in: str = ""
