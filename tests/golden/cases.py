"""The files of cases: two shapes, read into one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import yaml

ABOUT = {"id", "kind", "source", "test", "rule", "note", "lesson", "description", "verification"}
"""Fields of a case that say where it comes from."""

OUTCOMES = ("expected", "remaining", "invoice_breakdown", "targeting_disabled", "also_")
"""Fields, or beginnings of fields, that hold figures to compare where input and figures share one
mapping."""

MIXED = ("cases", "next_month")
"""Fields that hold input and figures once more; the figures are called one of FIGURES."""

FIGURES = {"expected", "rounds_to_zero"}

CATALOGUE = re.compile(r"v\d+")
"""Prices that a case leaves out when it comes from the same file as the one before."""

QUESTIONS = {"at", "from", "to", "i", "window", "split_at", "tolerance"}
"""Fields beside expected figures that say where to look, not what to find."""


class NotCases(ValueError):
    """A file that has neither of the two shapes."""


@dataclass(frozen=True)
class Case:
    """One case: what goes in, and the figures that must come out.

    Attributes:
        id: Its name, unique in its file.
        family: Whose semantics it follows: the engine and level, or `vendor`.
        given: The input, the only thing a translation may look at.
        expected: The figures its source asserts.
        derived: Figures somebody worked out from the source's rule where it asserts too little.
        words: What it is about.
    """

    id: str
    family: str
    given: Mapping[str, Any]
    expected: Mapping[str, Any]
    derived: Mapping[str, Any]
    words: str

    @property
    def questions(self) -> Any:
        """The expected part with every figure blanked: where to look, nothing to find."""
        return _blanked(self.expected)


def read_cases(path: Path) -> list[Case]:
    """The cases of a file, in its order.

    Raises:
        NotCases: It is neither a JSON object with `cases` nor a YAML list of cases.
    """
    text = path.read_text(encoding="utf-8")
    content = (
        json.loads(text, parse_float=Decimal)
        if path.suffix == ".json"
        else yaml.load(text, Loader=_ExactLoader)
    )
    if isinstance(content, dict) and isinstance(content.get("cases"), list):
        return [_engine_case(case) for case in content["cases"]]
    if isinstance(content, list) and all(isinstance(case, dict) for case in content):
        return _vendor_cases(content)
    raise NotCases(f"{path.name} holds neither an object with cases nor a list of cases")


def _engine_case(case: dict[str, Any]) -> Case:
    return Case(
        id=str(case["id"]),
        family=f"{case['engine']}/{case['level']}",
        given=case["input"],
        expected=case["expected"],
        derived=case.get("derived_by_rule", {}),
        words=str(case.get("description", "")),
    )


def _vendor_cases(cases: list[dict[str, Any]]) -> list[Case]:
    found: list[Case] = []
    for case in cases:
        shared = {}
        if found and str(case.get("source", "")).startswith("same"):
            before = found[-1].given
            shared = {key: before[key] for key in before if CATALOGUE.fullmatch(key)}
        found.append(_vendor_case({**shared, **case}))
    return found


def _vendor_case(case: dict[str, Any]) -> Case:
    about = {key for key in ABOUT & case.keys() if not isinstance(case[key], dict)}
    outcomes = {key: value for key, value in case.items() if key.startswith((*OUTCOMES, *MIXED))}
    given = {
        key: _without_figures(value)
        for key, value in case.items()
        if key not in about and (key not in outcomes or key in MIXED)
    }
    words = next((str(case[key]) for key in ("rule", "test", "source") if key in about), "")
    return Case(str(case["id"]), "vendor", given, outcomes, {}, words)


def _without_figures(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_figures(part) for k, part in value.items() if k not in FIGURES}
    return [_without_figures(part) for part in value] if isinstance(value, list) else value


def _blanked(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _blanked(part, name) for name, part in value.items()}
    if isinstance(value, list):
        return [_blanked(part) for part in value]
    return value if key in QUESTIONS else None


class _ExactLoader(yaml.SafeLoader):
    """YAML whose decimals are exact and whose dates stay text."""

    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, pattern) for tag, pattern in found if not tag.endswith(":timestamp")]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_ExactLoader.add_constructor(
    "tag:yaml.org,2002:float",
    lambda loader, node: Decimal(str(loader.construct_scalar(node))),  # type: ignore[arg-type]
)
