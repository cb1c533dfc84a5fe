"""The facts as files: book.yml, the cards, and one CSV per feed and piece."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from tests.golden.clock import NOW, written
from tests.golden.facts import Decision, Facts, Link, Rate
from tests.golden.feeds import BY_DAY, FEEDS, FUNCTIONAL, METER, RESOLD

EXPIRES_ON = "strftime(strptime(expires_on, '%Y%m%d'), '%Y-%m-%dT00:00:00Z')"
"""How a date written as a number becomes an instant: midnight UTC of that day."""

UNUSED = Rate("unused", (), "unused", (Link("unused"),), None, FUNCTIONAL, None, None)
"""A card has a rate, also where cases only grant."""


def write(facts: Facts, book: Path, data: Path) -> None:
    """Write everything, each feed in the two pieces it is loaded in.

    Args:
        facts: What was told.
        book: Folder for book.yml and cards, which does not exist yet.
        data: Folder for the feeds.
    """
    write_book(facts, book)
    data.mkdir(parents=True)
    closes = [
        (NOW, {"_case": "", "close_id": period, "period": period, "closed_at": at})
        for period, at in sorted(facts.closes.items())
    ]
    for feed, rows in {**facts.rows, "period_closes": closes}.items():
        columns = FEEDS.get(feed) or (*FEEDS["grants"], "expires_on")
        for piece in (1, 2):
            chosen = [row for when, row in rows if facts.piece(row, when) == piece]
            if chosen:
                _write_csv(data / f"{feed}.{piece}.csv", columns, chosen)


def write_book(facts: Facts, folder: Path) -> None:
    """Write the configuration: a card for every instant at which some case's prices change."""
    (folder / "cards").mkdir(parents=True)
    _write_yaml(folder / "book.yml", _book(facts))
    starts = facts.starts_at()
    cuts = {starts} | {
        moment
        for rate in facts.rates
        for moment in (rate.effective_from, rate.effective_to)
        if moment is not None and moment > starts
    }
    for moment in cuts:
        _write_yaml(folder / "cards" / f"{moment:%Y-%m-%dT%H%M%S}.yml", _card(facts, moment))
    if facts.costs:
        (folder / "costs").mkdir()
        _write_yaml(folder / "costs" / "suppliers.yml", _costs(facts, starts))


def _book(facts: Facts) -> dict[str, Any]:
    sources: list[dict[str, Any]] = [
        {"feed": feed, "format": "csv", "path": f"{feed}.[12].csv", "optional": True}
        for feed in FEEDS
    ]
    by_day = {name: name for name in FEEDS["grants"]} | {"expires_at": EXPIRES_ON}
    sources.append({**sources[0], "feed": "grants", "path": f"{BY_DAY}.[12].csv"})
    sources[-1]["columns"] = by_day
    return {
        "book": "golden",
        "entity": "Golden Cases, Inc.",
        "functional_currency": FUNCTIONAL,
        "time_zone": "UTC",
        "first_period": f"{facts.starts_at():%Y-%m}",
        "framework": "ASC606",
        "wallets": {**facts.wallets, "unused": {"unit": "credit"}},
        "meters": {meter: {"unit": "unit", "properties": ["line"]} for meter in (METER, RESOLD)},
        "policies": _policies(facts.decisions, facts.starts_at().date()),
        "sources": sources,
    }


def _policies(decisions: Sequence[Decision], start: date) -> list[dict[str, Any]]:
    """A policy per day on which some case decides, each with all that is in force by then."""
    in_force: dict[str, Any] = {}
    policies = []
    for day in sorted({max(decision.since or start, start) for decision in decisions}):
        for decision in decisions:
            if max(decision.since or start, start) != day:
                continue
            if decision.subject is None:
                in_force[decision.topic] = decision.value
            else:
                subjects = in_force.get(decision.topic, {})
                in_force[decision.topic] = {**subjects, decision.subject: decision.value}
        approved = {"by": "cases", "on": f"{day:%Y-%m-%d}", "reference": "golden"}
        policies.append({"effective_from": f"{day:%Y-%m-%d}", "approved": approved, **in_force})
    return policies


def _card(facts: Facts, moment: datetime) -> dict[str, Any]:
    before = moment - timedelta(days=1)
    rates = [rate for rate in facts.rates if rate.holds_at(moment)]
    return {
        "version": f"{moment:%Y-%m-%dT%H:%M:%S}",
        "effective_from": moment,
        "published_at": before,
        "approved": {"by": "cases", "on": f"{before:%Y-%m-%d}", "reference": "golden"},
        "rates": [_rate(rate, facts) for rate in [*rates, UNUSED]],
        "offers": facts.offers,
    }


def _costs(facts: Facts, start: datetime) -> dict[str, Any]:
    costs = [
        {
            "id": f"cost-{n}",
            "meter": RESOLD,
            "match": {"line": cost.line},
            "amount": cost.amount,
            "currency": cost.currency,
        }
        for n, cost in enumerate(facts.costs)
    ]
    approved = {"by": "cases", "on": f"{start:%Y-%m-%d}", "reference": "golden"}
    return {
        "version": "suppliers",
        "effective_from": start,
        "published_at": start,
        "approved": approved,
        "costs": costs,
    }


def _rate(rate: Rate, facts: Facts) -> dict[str, Any]:
    wallets = facts.wallets
    found: dict[str, Any] = {"id": rate.rate_id, "meter": facts.meter_of(rate.line)}
    if rate.line:
        found["match"] = {"line": rate.line}
    if rate.chain:
        units = [wallets.get(link.wallet, {"unit": "credit"})["unit"] for link in rate.chain]
        found["price"] = [_link(link, unit) for link, unit in zip(rate.chain, units, strict=True)]
    if any(link.steps for link in rate.chain):
        found["tiers"] = "graduated"
    if rate.overage is not None:
        found["overage"] = {"amount": rate.overage, "currency": rate.currency}
    if rate.customers:
        found["customers"] = list(rate.customers)
    return found


def _link(link: Link, unit: str) -> dict[str, Any]:
    figure = "amount" if unit.isupper() else "credits"
    if not link.steps:
        return {"wallet": link.wallet, figure: link.credits, "per": link.per}
    steps = [
        ({} if up_to is None else {"up_to": up_to}) | {figure: price} for up_to, price in link.steps
    ]
    return {"wallet": link.wallet, "steps": steps}


def _plain(value: Any) -> Any:
    """A value as it is written: decimals in full, instants with their zone."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    return written(value) if isinstance(value, datetime) else value


class _PlainDumper(yaml.SafeDumper):
    """YAML that repeats what is the same instead of pointing to it."""

    def ignore_aliases(self, data: Any) -> bool:
        """Always: our configuration takes no anchors."""
        return True


def _write_yaml(path: Path, content: dict[str, Any]) -> None:
    text = yaml.dump(_plain(content), Dumper=_PlainDumper, sort_keys=False, allow_unicode=True)
    path.write_text(text, encoding="utf-8")


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            cells = (_plain(row.get(column)) for column in columns)
            writer.writerow(["" if cell is None else cell for cell in cells])
