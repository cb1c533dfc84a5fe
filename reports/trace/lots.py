"""A lot, walked both ways: what was paid for it, and where its credits and its money went."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from reports.numbers import count, credits_text, instant, money, month, total
from reports.trace.rows import (
    GIVEN_BACK,
    Row,
    config_step,
    file_step,
    journal_steps,
    one,
    rows,
    when,
)
from reports.trace.tree import Step, tie

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ZERO = Decimal(0)
SCHEDULE = (
    ("opening", "opening"),
    ("additions", "sold"),
    ("usage_revenue", "usage"),
    ("prior_period_revenue", "late usage"),
    ("breakage_revenue", "breakage"),
    ("escheated", "owed to a state"),
    ("refunded", "refunded"),
    ("transferred", "moved"),
    ("closing", "closing"),
)
"""Columns of the schedule -> the words over them."""


def lot_step(connection: DuckDBPyConnection, lot_id: str) -> Step:
    """The whole story of one lot.

    Args:
        connection: Open on a built database.
        lot_id: Of a lot in `marts.credit_lots`.
    """
    lot = one(connection, f"{LOTS} where lot_id = ?", lot_id)
    assert lot is not None
    draws = _draws(connection, lot_id)
    losses = _losses(connection, lot_id)
    rollovers = _rollovers(connection, lot_id)
    schedule = rows(
        connection,
        "select * from marts.deferred_revenue_schedule where lot_id = ? "
        "order by booked_period, liability = 'contract_liability'",
        lot_id,
    )
    return Step(
        lot_line(lot),
        lot,
        (
            Step("comes from", steps=(*origin_steps(connection, lot), *_policies(connection, lot))),
            _draws_step(draws),
            *_extension_steps(connection, lot_id),
            *(_rollover_step(rollover) for rollover in rollovers),
            *(_loss_step(loss) for loss in losses),
            *_child_steps(connection, lot_id),
            *_schedule_steps(connection, lot, schedule),
            _credits_tie(connection, lot, draws, losses),
        ),
    )


LOTS = """
select lots.*, minor_units
from marts.credit_lots as lots left join raw.currencies using (currency)
"""


def lot_line(lot: Row) -> str:
    """A lot in one line.

    Args:
        lot: From `LOTS`.
    """
    paid = (
        f"sold for {money(lot['consideration'], decimals_of(lot))} {lot['currency']}"
        if lot["consideration"]
        else "given for nothing"
    )
    return (
        f"lot {lot['lot_id']}: {credits_text(lot['credits'])} {lot['wallet']} ({lot['kind']}), "
        f"{paid}, customer {lot['customer_id']}, from {instant(lot['effective_at'])}, "
        f"expires {when(lot['expires_at'])}"
    )


def decimals_of(row: Row) -> int:
    """Decimals of the currency of a row."""
    return 2 if row["minor_units"] is None else int(row["minor_units"])


def origin_steps(connection: DuckDBPyConnection, lot: Row) -> list[Step]:
    """The facts that made a lot: its payment, grant or subscription, and the offer as published."""
    steps = []
    if lot["payment_id"]:
        steps.append(payment_step(connection, lot["payment_id"]))
    if lot["subscription_id"]:
        steps.append(subscription_step(connection, lot["subscription_id"]))
    if grant := one(connection, "select * from raw.grants where grant_id = ?", lot["lot_id"]):
        by = f", approved by {grant['approved_by']}" if grant["approved_by"] else ""
        why = f", {grant['reason']}" if grant["reason"] else ""
        steps.append(
            Step(
                f"grant {grant['grant_id']} of {instant(grant['effective_at'])}{why}{by}",
                grant,
                (file_step(connection, grant),),
            )
        )
    if event := one(
        connection, "select * from raw.lot_events where lot_event_id = ?", lot["origin_id"]
    ):
        what = (
            f", to no less than {credits_text(event['least'])}"
            if event["kind"] == "reset"
            else f": {credits_text(lot['credits'])} {lot['wallet']} arrived"
        )
        steps.append(
            Step(
                f"{event['kind']} {event['lot_event_id']} of lot {lot['parent_lot_id']} on "
                f"{instant(event['occurred_at'])}{what}",
                event,
                (file_step(connection, event),),
            )
        )
    if lot["offer"] and lot["card_version"]:
        steps.append(_offer_step(connection, lot))
    return steps


def payment_step(connection: DuckDBPyConnection, payment_id: str) -> Step:
    """A payment, with the row it was read from."""
    payment = one(
        connection,
        "select payments.*, minor_units from raw.payments as payments "
        "left join raw.currencies using (currency) where payment_id = ?",
        payment_id,
    )
    assert payment is not None
    decimals = decimals_of(payment)
    parts = "".join(
        f", {name} {money(payment[name], decimals)}" for name in ("tax", "fee") if payment[name]
    )
    return Step(
        f"{payment['kind']} {payment_id} of {money(payment['amount'], decimals)} "
        f"{payment['currency']}{parts}, {instant(payment['occurred_at'])}",
        payment,
        (file_step(connection, payment),),
    )


def subscription_step(connection: DuckDBPyConnection, subscription_id: str) -> Step:
    """A subscription, with the rows it was read from: one while it ran, one with its end."""
    read = rows(
        connection,
        "select * from raw.subscriptions where subscription_id = ? order by ended_at nulls first",
        subscription_id,
    )
    found = read[-1]
    ended = f" to {instant(found['ended_at'])}" if found["ended_at"] else ", running"
    return Step(
        f"subscription {subscription_id} to {found['offer']} from "
        f"{instant(found['started_at'])}{ended}",
        found,
        tuple(file_step(connection, row) for row in read),
    )


def _offer_step(connection: DuckDBPyConnection, lot: Row) -> Step:
    """The offer in the card version the lot was sold under."""
    offer = one(
        connection,
        """
        select
            offers.*, versions.approved_by, versions.approved_on, versions.reference,
            grants.credits, grants.expires, grants.expires_count, grants.expires_unit
        from raw.offers as offers
        inner join raw.rate_card_versions as versions using (version)
        left join raw.offer_grants as grants
            on
                offers.version = grants.version and offers.offer = grants.offer
                and grants.wallet = ? and grants.kind = ?
        where offers.version = ? and offers.offer = ?
        order by grants.grant_no limit 1
        """,
        lot["wallet"],
        lot["kind"],
        lot["card_version"],
        lot["offer"],
    )
    if offer is None:
        return Step(f"offer {lot['offer']} of card {lot['card_version']}")
    return Step(
        f"offer {lot['offer']} of card {lot['card_version']}, approved by {offer['approved_by']} "
        f"on {offer['approved_on']} ({offer['reference']})",
        offer,
        (config_step(connection, offer["source_file"], offer["source_line"]),),
    )


def _policies(connection: DuckDBPyConnection, lot: Row) -> list[Step]:
    """The policies a lot follows: those of its inception, and the estimate of breakage in force."""
    found = rows(
        connection,
        """
        with
        decided as (
            select policy_no, topic, subject from staging.stg_policy_windows
            where
                (topic in ('bonus_credits', 'progress') or (topic = 'ssp' and $5))
                and period = $1 and in_force_from <= $2 and $2 < in_force_to
            union all
            select policy_no, 'breakage' as topic, null as subject from revenue.int_breakage_terms
            where
                coalesce(offer, '') = $3 and wallet = $4
                and period = (select max(period) from revenue.int_breakage_terms)
        )
        select policies.* from raw.policies as policies
        inner join decided
            on
                policies.policy_no = decided.policy_no and policies.topic = decided.topic
                and policies.subject = coalesce(decided.subject, policies.subject)
        where policies.subject in ($3, $4, 'default')
        qualify rank() over (
            partition by policies.topic
            order by case policies.subject when $3 then 1 when $4 then 2 else 3 end
        ) = 1
        order by policies.topic, policies.setting
        """,
        lot["booked_period"],
        lot["usable_from"],
        lot["offer"] or "",
        lot["wallet"],
        lot["ssp"] is not None,
    )
    return [
        Step(
            f"policy {policy['topic']} {policy['setting']}: {policy['value']}, approved by "
            f"{policy['approved_by']} on {policy['approved_on']} ({policy['reference']})",
            policy,
            (config_step(connection, policy["source_file"], policy["source_line"]),),
        )
        for policy in found
    ]


def _draws(connection: DuckDBPyConnection, lot_id: str) -> list[Row]:
    """Draws of a lot by booked period, with the first and last event of each."""
    return rows(
        connection,
        """
        select
            booked_period,
            count(*) as draws,
            -sum(credits) as credits,
            -sum(amount) as amount,
            count(*) filter (is_late) as late,
            arg_min(event_id, (occurred_at, event_id)) as first_event,
            arg_max(event_id, (occurred_at, event_id)) as last_event
        from marts.credit_ledger
        where lot_id = ? and entry_type = 'draw'
        group by booked_period order by booked_period
        """,
        lot_id,
    )


def _losses(connection: DuckDBPyConnection, lot_id: str) -> list[Row]:
    """What a lot lost without usage, in order."""
    return _movements(
        connection,
        lot_id,
        "entry_type not in ('grant', 'transfer_in', 'draw', 'rollover_out', 'rollover_in')",
    )


def _rollovers(connection: DuckDBPyConnection, lot_id: str) -> list[Row]:
    """What lived on of a lot at its end; the entries that leave and enter it are one amount."""
    return _movements(connection, lot_id, "entry_type = 'rollover_in'")


def _movements(connection: DuckDBPyConnection, lot_id: str, chosen: str) -> list[Row]:
    return rows(
        connection,
        f"""
        select entry_id, entry_type, credits, occurred_at, booked_period, payment_id, reason
        from marts.credit_ledger
        where lot_id = ? and {chosen}
        order by occurred_at, entry_id
        """,
        lot_id,
    )


def _draws_step(draws: list[Row]) -> Step:
    """Draws as a table by period."""
    number = sum(row["draws"] for row in draws)
    drawn = total(row["credits"] for row in draws)
    if not draws:
        return Step("drawn by nothing so far")
    table = [("period", "draws", "of them late", "credits", "first event", "last event")]
    table += [
        (
            month(row["booked_period"]),
            f"{row['draws']:,}",
            f"{row['late']:,}",
            credits_text(row["credits"]),
            row["first_event"],
            row["last_event"],
        )
        for row in draws
    ]
    return Step(
        f"drawn {credits_text(drawn)} by {count(number, 'event')}",
        {"draws": number, "credits": drawn},
        table=tuple(table),
    )


def _extension_steps(connection: DuckDBPyConnection, lot_id: str) -> list[Step]:
    """Extensions of a lot, with the rows they were read from."""
    found = rows(
        connection,
        "select * from raw.lot_events where lot_id = ? and kind = 'extend' "
        "order by occurred_at, lot_event_id",
        lot_id,
    )
    return [
        Step(
            f"extended to {instant(extension['new_expires_at'])} on "
            f"{instant(extension['occurred_at'])}"
            + (f", {extension['reason']}" if extension["reason"] else ""),
            extension,
            (file_step(connection, extension),),
        )
        for extension in found
    ]


def _rollover_step(rollover: Row) -> Step:
    """Credits that lived on."""
    return Step(
        f"rolled over {credits_text(rollover['credits'])} at {instant(rollover['occurred_at'])}",
        rollover,
    )


def _child_steps(connection: DuckDBPyConnection, lot_id: str) -> list[Step]:
    """Lots that resets granted to fill this one up, and those its credits moved to."""
    found = rows(
        connection, f"{LOTS} where parent_lot_id = ? order by effective_at, lot_id", lot_id
    )
    words = {"transfer": "moved to"}
    return [
        Step(f"{words.get(child['origin'], 'filled up by')} {lot_line(child)}", child)
        for child in found
    ]


def _loss_step(loss: Row) -> Step:
    """Credits that left without usage, or came back."""
    words = {"expire": "expired", "void": "taken back"}
    what = words.get(loss["entry_type"], loss["entry_type"].replace("_", " "))
    why = f", {loss['reason']}" if loss["reason"] not in (None, "expire") else ""
    return Step(
        f"{what} {credits_text(abs(loss['credits']))} at {instant(loss['occurred_at'])}{why}", loss
    )


def _schedule_steps(connection: DuckDBPyConnection, lot: Row, schedule: list[Row]) -> list[Step]:
    """The money of a lot period by period, its journal lines, and that nothing of it is lost."""
    if not schedule:
        return [Step("no consideration, hence no deferred revenue")]
    decimals = decimals_of(lot)
    shown = [
        (name, word)
        for name, word in SCHEDULE
        if name in ("opening", "additions", "usage_revenue", "closing")
        or any(row[name] for row in schedule)
    ]
    # Only of a lot whose right to be refunded has ended does it say as what it was owed.
    owed_as = ("liability",) if len({row["liability"] for row in schedule}) > 1 else ()
    table = [("period", *(word for _, word in shown), *owed_as)]
    table += [
        (
            month(row["booked_period"]),
            *(money(row[name], decimals) for name, _ in shown),
            *(row[name].replace("_", " ") for name in owed_as),
        )
        for row in schedule
    ]
    revenue = ("usage_revenue", "prior_period_revenue", "breakage_revenue")
    earned = total(row[name] for row in schedule for name in revenue)
    refunded = total(row["refunded"] for row in schedule)
    escheated = total(row["escheated"] for row in schedule)
    owed = f"+ owed to a state {money(escheated, decimals)} " if escheated else ""
    arrived = lot["consideration"] if lot["origin"] == "transfer" else ZERO
    moved = arrived - total(row["transferred"] for row in schedule)
    owed += f"+ moved to other lots {money(moved, decimals)} " if moved else ""
    closing = schedule[-1]["closing"]
    causes = {
        "usage_revenue": ("usage",),
        "prior_period_revenue": ("usage of earlier periods",),
        "breakage_revenue": ("breakage",),
        "escheated": ("escheat",),
        "refunded": GIVEN_BACK,
        "transferred": ("transfers", "reclassifications"),
        "additions": (_sold_by(lot),),
    }
    posted = {
        (cause, row["booked_period"])
        for row in schedule
        for name in causes
        if row[name]
        for cause in causes[name]
    }
    lines = tuple(
        line
        for cause, period in sorted(posted, key=lambda found: (found[1], found[0]))
        for line in journal_steps(connection, [cause], [period], lot["currency"], lot["wallet"])
    )
    return [
        Step(f"deferred and earned, {lot['currency']}", table=tuple(table)),
        Step("posted within these journal lines", steps=lines, others="lines"),
        tie(
            "sold for",
            lot["consideration"],
            f"earned {money(earned, decimals)} + refunded {money(refunded, decimals)} {owed}"
            f"+ still deferred {money(closing, decimals)}, together",
            earned + refunded + escheated + moved + closing,
            decimals,
        ),
    ]


def _sold_by(lot: Row) -> str:
    """The cause under which the sale of a lot is posted."""
    if lot["origin"] == "subscription":
        return "plan billings"
    return "top-ups" if lot["origin"] == "payment" else "balances brought in"


def _credits_tie(
    connection: DuckDBPyConnection, lot: Row, draws: list[Row], losses: list[Row]
) -> Step:
    """Identity 1 of one lot, from its ledger entries and its balance."""
    found = one(
        connection,
        "select closing from marts.lot_balances where lot_id = ? "
        "order by booked_period desc limit 1",
        lot["lot_id"],
    )
    remaining = found["closing"] if found else ZERO
    drawn = total(row["credits"] for row in draws)
    expired = -total(row["credits"] for row in losses if row["entry_type"] == "expire")
    moved = -total(row["credits"] for row in losses if row["entry_type"] == "transfer_out")
    others = -total(
        row["credits"] for row in losses if row["entry_type"] not in ("expire", "transfer_out")
    )
    parts = {
        "drawn": drawn,
        "expired": expired,
        "taken back": others,
        "moved": moved,
        "left": remaining,
    }
    words = " + ".join(f"{word} {credits_text(value)}" for word, value in parts.items() if value)
    return tie("granted", lot["credits"], f"{words}, together", total(parts.values()), 0)
