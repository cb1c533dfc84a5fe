"""A usage event: the row it was read from, the rate that priced it, and the lots that paid."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from rate_cards.card_tables import MONEY_DECIMALS
from reports.numbers import credits_text, instant, money, month, total
from reports.trace.lots import LOTS, lot_line, origin_steps
from reports.trace.rows import Row, config_step, file_step, journal_steps, one, rows
from reports.trace.tree import Step, tie

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SETTLED = "drawn, sold or unfunded"
UNPAID_WORDS = {
    "overage": "sold after use (overage)",
    "unfunded": "paid for by nobody (unfunded)",
    "overdraft": "served beyond the wallet's lots (overdraft)",
    "repayment": "repaid by a later lot",
}
UNPAID_REASONS = {
    "chain": "no wallet of the chain held credits",
    "limit": "above a limit",
    "postpaid": "its rate is billed afterwards only",
}


def event_step(connection: DuckDBPyConnection, event_id: str) -> Step:
    """The whole story of one usage event.

    Args:
        connection: Open on a built database.
        event_id: Of an event in `raw.usage`.
    """
    read = one(
        connection,
        """
        select
            usage.*, customers.customer_id, sets.meter, sets.properties, meters.unit
        from raw.usage as usage
        inner join raw.usage_customers as customers using (customer_no)
        inner join raw.property_sets as sets using (property_set_no)
        inner join raw.meters as meters using (meter)
        where event_id = ?
        """,
        event_id,
    )
    assert read is not None
    rated = one(connection, "select * from marts.rated_usage where event_id = ?", event_id)
    entries = rows(
        connection,
        """
        select entries.*, minor_units
        from marts.credit_ledger as entries
        left join (select wallet, rank from raw.wallets) as wallets using (wallet)
        left join raw.currencies using (currency)
        where event_id = ? order by entries.entry_type, wallets.rank, entries.entry_id
        """,
        event_id,
    )
    title = (
        f"event {event_id}: {credits_text(read['quantity'])} {read['unit']}s of {read['meter']} "
        f"{read['properties']}, customer {read['customer_id']}, {instant(read['occurred_at'])}"
    )
    steps = [Step("comes from", steps=(file_step(connection, read), *_versions(connection, read)))]
    if rated is None:
        steps.append(Step("not in the books: replaced by a correction, or not yet known at as-of"))
        return Step(title, read, tuple(steps))
    late = ", late: its month was closed" if rated["is_late"] else ""
    steps.append(
        Step(
            f"booked in {month(rated['booked_period'])}{late}",
            {"booked_period": rated["booked_period"], "is_late": rated["is_late"]},
        )
    )
    steps += _rating(connection, rated)
    steps += [_entry_step(connection, entry) for entry in entries]
    steps += _cost_tie(connection, rated, entries)
    return Step(title, {**read, **rated}, tuple(steps))


def _versions(connection: DuckDBPyConnection, read: Row) -> list[Step]:
    """The event this one corrects, and those that correct it."""
    steps = []
    if read["corrects"]:
        steps.append(Step(f"corrects event {read['corrects']}", {"corrects": read["corrects"]}))
    later = rows(
        connection,
        "select event_id from raw.usage where corrects = ? order by event_id",
        read["event_id"],
    )
    return steps + [Step(f"corrected by event {row['event_id']}", row) for row in later]


def _rating(connection: DuckDBPyConnection, rated: Row) -> list[Step]:
    """The rate, where it is written, and the cost it gives."""
    if rated["rate_id"] is None:
        return [Step(f"not rated: {rated['unrated_reason']}")]
    rate = one(
        connection,
        """
        select rates.*, versions.approved_by, versions.approved_on, versions.reference
        from raw.rates as rates
        inner join raw.rate_card_versions as versions using (version)
        where rates.version = ? and rates.rate_id = ?
        """,
        rated["card_version"],
        rated["rate_id"],
    )
    assert rate is not None
    is_tiered = rate["tiers"] is not None
    chain = tuple(
        _price_step(price, None if is_tiered else rated["quantity"])
        for price in _prices(connection, rate)
    )
    return [
        Step(
            f"rated at {rate['rate_id']} of card {rate['version']}, approved by "
            f"{rate['approved_by']} on {rate['approved_on']} ({rate['reference']})",
            rate,
            (config_step(connection, rate["source_file"], rate["source_line"]), *chain),
        ),
        Step(
            f"costs {credits_text(rated['cost'])} {rated['wallet']}, the first wallet of its chain"
            if rated["wallet"]
            else f"costs {credits_text(rated['cost'])} {rate['overage_currency']}, billed "
            f"afterwards at {credits_text(rate['overage_amount'])} per "
            f"{credits_text(rate['overage_per'])}",
            {"cost": rated["cost"], "wallet": rated["wallet"]},
        ),
    ]


def _prices(connection: DuckDBPyConnection, rate: Row) -> list[Row]:
    """The chain of a rate, with the smallest unit of each wallet."""
    return rows(
        connection,
        """
        select prices.*, wallets.precision, wallets.rounding
        from raw.rate_prices as prices inner join raw.wallets as wallets using (wallet)
        where rate_no = ? order by position, step_no
        """,
        rate["rate_no"],
    )


def _price_step(price: Row, quantity: Decimal | None) -> Step:
    """One wallet of the chain: its price as written, and what the whole event costs there.

    Args:
        price: A row of `_prices`.
        quantity: Of the event; None for a rate with tiers, whose cost depends on the usage before.
    """
    text = (
        f"{price['position']}. {price['wallet']}: {credits_text(price['credits'])} per "
        f"{credits_text(price['per'])}"
    )
    if price["step_from"] or price["step_to"] is not None:
        upper = f" to {credits_text(price['step_to'])}" if price["step_to"] is not None else " on"
        return Step(f"{text}, from {credits_text(price['step_from'])}{upper}", price)
    if quantity is None:
        return Step(f"{text}, in whole packages", price)
    cost = cost_of(quantity, price)
    return Step(f"{text}, {credits_text(cost)} for all of the event", {**price, "cost": cost})


def _arrears(rate: Row) -> Row:
    """The price of a rate that is billed afterwards only, like the price of a wallet of money."""
    return {
        "credits": rate["overage_amount"],
        "per": rate["overage_per"],
        "precision": MONEY_DECIMALS,
        "rounding": "half_up",
    }


def cost_of(quantity: Decimal, price: Row) -> Decimal:
    """What a quantity costs, worked out here again from the price as written.

    In whole numbers, rounded once to the wallet's smallest unit, as the wallet rounds (half up is
    away from zero); a second opinion on what the models computed.

    Args:
        quantity: Of the event, in the meter's unit.
        price: With credits, per, and the wallet's precision and rounding.
    """
    exact = Fraction(quantity) * Fraction(price["credits"]) / Fraction(price["per"])
    units = exact * 10 ** price["precision"]
    half = Fraction(1, 2)
    whole = {"down": math.floor(units), "up": math.ceil(units), "half_up": math.floor(units + half)}
    return Decimal(whole[price["rounding"]]).scaleb(-price["precision"])


def _entry_step(connection: DuckDBPyConnection, entry: Row) -> Step:
    """One ledger entry of the event: a draw on a lot, or what no lot paid."""
    decimals = 2 if entry["minor_units"] is None else entry["minor_units"]
    amount = f"{money(abs(entry['amount']), decimals)} {entry['currency'] or ''}".rstrip()
    credits = credits_text(-entry["credits"])
    if entry["lot_id"] is None:
        worth = f", {amount}" if entry["entry_type"] == "overage" else ""
        why = UNPAID_REASONS.get(entry["reason"], entry["reason"])
        what = f"{credits} {entry['wallet']}" if entry["wallet"] else "usage without a wallet"
        return Step(f"{what} {UNPAID_WORDS[entry['entry_type']]}{worth}: {why}", entry)
    lot = one(connection, f"{LOTS} where lot_id = ?", entry["lot_id"])
    assert lot is not None
    behind = [Step(lot_line(lot), lot, tuple(origin_steps(connection, lot)))]
    if lot["consideration"]:
        cause = "usage of earlier periods" if entry["is_late"] else "usage"
        lines = journal_steps(
            connection, [cause], [entry["booked_period"]], lot["currency"], lot["wallet"]
        )
        behind.append(Step("posted within these journal lines", steps=lines, others="lines"))
    return Step(
        f"{credits} {entry['wallet']} drawn from lot {entry['lot_id']}, cost basis {amount}",
        entry,
        tuple(behind),
    )


def _cost_tie(connection: DuckDBPyConnection, rated: Row, entries: list[Row]) -> list[Step]:
    """Identity 2 of one event, against a cost worked out again.

    Parts that several wallets settled are in units that do not add up; they are shares of the
    event, each rounded to its wallet's smallest unit. A cost with tiers depends on what was used
    before, so it is left to the models.
    """
    wallets = {entry["wallet"] for entry in entries}
    if rated["rate_id"] is None or not entries:
        return []
    rate = one(
        connection,
        "select * from raw.rates where version = ? and rate_id = ?",
        rated["card_version"],
        rated["rate_id"],
    )
    assert rate is not None
    if rate["tiers"] is not None:
        return []
    prices = {price["wallet"]: price for price in _prices(connection, rate)} or {
        None: _arrears(rate)
    }
    costs = {wallet: cost_of(rated["quantity"], prices[wallet]) for wallet in wallets}
    if len(wallets) == 1:
        settled = -total(entry["credits"] for entry in entries)
        return [tie("quantity at its price", costs.popitem()[1], SETTLED, settled, 0)]
    if not all(costs.values()):
        return []
    paid = sum(-Fraction(entry["credits"]) / Fraction(costs[entry["wallet"]]) for entry in entries)
    share = round(Decimal(paid.numerator) / Decimal(paid.denominator) * 100, 6)
    return [Step(f"{SETTLED}: {share} % of the event, each part at its wallet's price")]
