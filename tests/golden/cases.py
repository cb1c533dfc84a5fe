"""The files of cases: four shapes, read into one."""

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

ABOUT_REVENUE = ABOUT | {"v", "doc_bug", "rounding", "rule", "title", "read_or_recalled"}
"""The same for cases about revenue; a rule that is no sentence is something to hold."""

ASSUMED = re.compile(
    r"usage_[a-z]{3}|grant_[a-z]{3}(_\d+)?|collection_run|late_qty|if_used_credits"
)
"""Input that stands among derived figures."""

REST = "anything else"
"""The account for what no expected line names: nothing may move there."""


class NotCases(ValueError):
    """A file that has neither of the two shapes."""


@dataclass(frozen=True)
class Case:
    """One case: what goes in, and the figures that must come out.

    Attributes:
        id: Its name, unique in its file.
        family: Whose semantics it follows: the engine and level, `vendor`, `gaap/` and the topic,
            or `revenue` for a vendor's pages on revenue.
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
    # A JSON case on revenue has a topic, one on burning credits an engine; entries of a vendor's
    # pages on revenue say how far they were verified.
    text = path.read_text(encoding="utf-8")
    content = (
        json.loads(text, parse_float=Decimal)
        if path.suffix == ".json"
        else yaml.load(text, Loader=_ExactLoader)
    )
    if isinstance(content, dict) and isinstance(content.get("cases"), list):
        return [
            _topic_case(case) if "topic" in case else _engine_case(case)
            for case in content["cases"]
        ]
    if isinstance(content, list) and all(isinstance(case, dict) for case in content):
        if any("v" in case for case in content):
            return _revenue_cases(content)
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


def _topic_case(case: dict[str, Any]) -> Case:
    """A case with periods, other figures and journal entries; what a source leaves out is left out.

    Journals are compared by what each account moved in a period: the same facts make other entries
    in other books, but not other movements.
    """
    expected = case["expected"]
    periods = {
        str(period["period"]): {
            key: figure for key, figure in period.items() if key != "period" and figure is not None
        }
        for period in expected.get("periods", [])
    }
    figures = {
        "periods": periods,
        "other": {k: v for k, v in expected.get("other", {}).items() if v is not None},
        "journals": _movements(expected.get("journal_entries", []), list(periods)),
    }
    return Case(
        id=str(case["id"]),
        family=f"gaap/{case['topic']}",
        given={
            **case["inputs"],
            **{f"policy.{topic}": value for topic, value in case.get("policy", {}).items()},
            "decimals": case.get("rounding", {}).get("dp", 2),
        },
        expected={name: figure for name, figure in figures.items() if figure},
        derived={},
        words=str(case.get("title", "")),
    )


def _movements(
    entries: list[dict[str, Any]], labels: list[str]
) -> dict[str, dict[str, Decimal | int]]:
    """Period -> account -> debits less credits of its entries."""
    if not entries:
        return {}
    moved: dict[str, dict[str, Decimal | int]] = {label: {REST: 0} for label in labels}
    for entry in entries:
        accounts = moved.setdefault(str(entry["period"]), {REST: 0})
        for line in entry["lines"]:
            amount = Decimal(line.get("dr", 0)) - Decimal(line.get("cr", 0))
            accounts[line["account"]] = accounts.get(line["account"], Decimal(0)) + amount
    return moved


def _revenue_cases(entries: list[dict[str, Any]]) -> list[Case]:
    return [_revenue_case(entry, _inputs(entry, entries)) for entry in entries]


def _inputs(entry: dict[str, Any], entries: list[dict[str, Any]]) -> dict[str, Any]:
    """What an entry starts from, that of the entry it says `as` included."""
    own = dict(entry.get("inputs") or {})
    like = f"{own.pop('as')}-" if "as" in own else None
    named = next((e for e in entries if like and f"{e['id']}-".startswith(like)), None)
    if named is None or named is entry:
        return own
    return {**_inputs(named, [e for e in entries if e is not entry]), **own}


def _revenue_case(entry: dict[str, Any], given: dict[str, Any]) -> Case:
    """An entry of a vendor's page: `inputs`, rules and what happened go in, all else comes out."""
    expected = {}
    for key, value in entry.items():
        if key == "inputs" or (key in ABOUT_REVENUE and not isinstance(value, dict)):
            continue
        if key == "sort_key":
            given[key] = value
            continue
        if key == "movements":
            given[key] = [_happened(movement) for movement in value]
        if isinstance(value, dict):
            given |= {name: part for name, part in value.items() if ASSUMED.fullmatch(str(name))}
            value = {k: v for k, v in value.items() if not ASSUMED.fullmatch(str(k))}
        expected[key] = value
    for table in [name for name in expected if str(name).startswith("net_change")]:
        expected[table] = {
            month: {**accounts, REST: 0} for month, accounts in expected[table].items()
        }
    words = next((str(entry[key]) for key in ("rule", "lesson", "source") if key in entry), "")
    return Case(str(entry["id"]), "revenue", given, expected, {}, " ".join(words.split()))


def _happened(movement: Any) -> Any:
    """A movement of a balance without what the books have to find out: what expired."""
    if isinstance(movement, dict):
        return {key: None if key == "expired" else part for key, part in movement.items()}
    return None


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
