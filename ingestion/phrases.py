"""Failed pandera checks in words that follow the name of their column."""

from __future__ import annotations

import re

PHRASES = (
    (r"not_nullable", "is missing"),
    (r"greater_than_or_equal_to\(0\)", "is negative"),
    (r"greater_than\(0\)", "is not above 0"),
    (r"less_than_or_equal_to\((\d)\)", r"is above \1"),
    (r"greater_than_or_equal_to\((\d{4}).*\)", r"is before the year \1: is it in another unit?"),
    (r"less_than\((\d{4}).*\)", r"is after the year \1: is it in another unit?"),
)
"""Name of a pandera check -> how people say that it failed."""


def phrase(check: str) -> str:
    """A failed check in words that follow the name of its column."""
    for pattern, words in PHRASES:
        if re.fullmatch(pattern, check):
            return re.sub(pattern, words, check)
    if allowed := re.fullmatch(r"isin\([\[(](.*)[\])]\)", check):
        return f"is none of {allowed[1].replace(chr(39), '')}"
    return check
