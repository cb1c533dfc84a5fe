"""A comparison as one screen of text."""

from __future__ import annotations

from decimal import Decimal

from reports.compare.comparison import EFFECT_NAMES, Comparison
from reports.numbers import aligned, count, money, month, short_credits

SHOWN = 5
"""Rows of a list on the screen; files have all of them."""


def comparison_text(comparison: Comparison) -> str:
    """What was reproduced, totals, the bridge, who is affected, and how long balances last."""
    first, last = comparison.months
    when = f"{month(first)} to {month(last)}" if first and last else "no month"
    lines = [
        f"{comparison.entity}: {count(comparison.events, 'event')}, {when}, "
        f"priced as {count(comparison.groups, 'group')}",
        "The cards in force reproduce the ledger, to the last decimal.",
        *(
            [f"On the cards in force: {', '.join(comparison.staying)}"]
            if comparison.staying
            else []
        ),
        *_totals(comparison),
        *_bridges(comparison),
        *_meters(comparison),
        *_impacts(comparison),
        *_balances(comparison),
        *_rebuilt(comparison),
        *_unpriced(comparison),
    ]
    return "\n".join(lines)


def _totals(comparison: Comparison) -> list[str]:
    rows = [["", *comparison.names]]
    totals = comparison.tables["totals"]
    for currency in sorted({row["currency"] for row in totals}):
        by_name = {row["scenario"]: row for row in totals if row["currency"] == currency}
        rows.append(
            [
                f"Usage, {currency}",
                *(money(by_name[n]["money"], by_name[n]["minor_units"]) for n in comparison.names),
            ]
        )
    asked = comparison.tables["credits"]
    for wallet in sorted({row["wallet"] for row in asked}):
        by_wallet = {row["scenario"]: row["asked"] for row in asked if row["wallet"] == wallet}
        rows.append(
            [
                f"Asked of {wallet}",
                *(short_credits(by_wallet.get(name, Decimal(0))) for name in comparison.names),
            ]
        )
    return ["", *aligned(rows)]


def _bridges(comparison: Comparison) -> list[str]:
    lines: list[str] = []
    for bridge in comparison.bridges:
        rows = [[comparison.names[0], money(bridge.before, bridge.decimals)]]
        rows += [
            [f"  {EFFECT_NAMES[step]}", money(amount, bridge.decimals)]
            for step, amount in bridge.steps
            if amount or step == "price"
        ]
        rows.append([bridge.scenario, money(bridge.after, bridge.decimals)])
        lines += ["", f"Bridge to {bridge.scenario}, {bridge.currency}", *aligned(rows)]
    return lines


def _meters(comparison: Comparison) -> list[str]:
    rows = [["By meter", *comparison.names]]
    for row in comparison.tables["by_meter"]:
        amounts = [money(row[name], row["minor_units"]) for name in comparison.names]
        rows.append([f"{row['meter']}, {row['currency']}", *amounts])
    return ["", *aligned(rows)]


def _impacts(comparison: Comparison) -> list[str]:
    lines: list[str] = []
    for each in comparison.impacts:
        bands = ", ".join(f"p{rank} {change:+f} %" for rank, change in each.bands)
        lines += [
            "",
            f"{each.scenario}, {each.currency}: {each.up:,} pay more, {each.down:,} less, "
            f"{each.same:,} the same" + (f"; {bands}" if bands else ""),
        ]
        rows = [
            [f"  {who}", money(before, each.decimals), money(after, each.decimals)]
            for who, before, after in each.exposed[:SHOWN]
        ]
        lines += aligned(rows) if rows else []
    return lines


def _balances(comparison: Comparison) -> list[str]:
    found = comparison.tables["balances"]
    rows = [["Days that balances last", *comparison.names]]
    for wallet, currency in sorted({(row["wallet"], row["currency"]) for row in found}):
        days = {
            row["scenario"]: row["days_left"]
            for row in found
            if (row["wallet"], row["currency"]) == (wallet, currency)
        }
        shown = (days.get(name) for name in comparison.names)
        rows.append(
            [
                f"{wallet}, {currency}",
                *("never used up" if day is None else f"{day:,}" for day in shown),
            ]
        )
    return ["", *aligned(rows)] if len(rows) > 1 else []


def _rebuilt(comparison: Comparison) -> list[str]:
    found = comparison.tables.get("rebuilt", [])
    if not found:
        return []
    names = list(dict.fromkeys(row["scenario"] for row in found))
    amounts = {(row["measure"], row["of"], row["scenario"]): row["amount"] for row in found}
    rows = [["Whole books", *names]]
    for measure, of in dict.fromkeys((row["measure"], row["of"]) for row in found):
        shown = [amounts.get((measure, of, name), Decimal(0)) for name in names]
        if any(shown):
            label = f"{measure.replace('_', ' ').capitalize()}, {of}"
            rows.append([label, *(short_credits(amount) for amount in shown)])
    return ["", *aligned(rows)]


def _unpriced(comparison: Comparison) -> list[str]:
    lines = []
    for name in comparison.names:
        found = [row for row in comparison.tables["unpriced"] if row["scenario"] == name]
        if found:
            events = sum(row["events"] for row in found)
            kinds = count(len(found), "kind")
            lines.append(f"{name} has no rate for {count(events, 'event')} of {kinds} of usage.")
    return ["", *lines] if lines else []
