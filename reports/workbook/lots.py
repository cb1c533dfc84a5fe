"""Sheets of lots: what is open and how old it is, and how cohorts were used up."""

from __future__ import annotations

from reports.workbook.books import Books
from reports.workbook.model import RANKED, Column, Kind, Ratio, Sheet, Table, credits, money

AGES = {30: "0-30 days", 90: "31-90 days", 180: "91-180 days", 365: "181-365 days"}
ENDS = {30: "within 30 days", 90: "31-90 days", 365: "91-365 days"}
"""Upper limit in days -> band."""


def _band(days: str, bands: dict[int, str], above: str) -> str:
    """A case of SQL that names the band a number of days lies in."""
    cases = " ".join(f"when {days} <= {limit} then '{name}'" for limit, name in bands.items())
    return f"{cases} else '{above}' end"


OPEN_LOTS = f"""
    with
    held as (
        select lot_id, closing as credits_left
        from marts.lot_balances where booked_period = $period and closing <> 0
    ),
    carried as (
        select lot_id, sum(closing) as carrying
        from marts.deferred_revenue_schedule where booked_period = $period
        group by lot_id having sum(closing) <> 0
    ),
    names as (select customer_id, max(name) as customer from raw.customers group by customer_id),
    lots as (
        select
            *, date_diff('day', effective_at, $ends_at) as days_old,
            date_diff('day', $ends_at, expires_at) as days_to_end
        from marts.credit_lots
    )
    select
        lot_id, lots.customer_id, customer, lots.wallet, wallets.rank, kind, effective_at,
        expires_at, consideration, currency, credits, coalesce(credits_left, 0) as credits_left,
        coalesce(carrying, 0) as carrying, days_old,
        case when effective_at >= $ends_at then 'not yet usable'
        {_band("days_old", AGES, "over 365 days")} as age,
        case when expires_at is null then 'never'
        {_band("days_to_end", ENDS, "after 365 days")} as ends,
        days_to_end
    from held full join carried using (lot_id) inner join lots using (lot_id)
    left join names using (customer_id) {RANKED}
"""
"""Lots with credits left, or with money left that time has yet to earn."""


def open_lots(books: Books) -> Sheet:
    """Every open lot, oldest first, and the sums by age and by end."""
    listed = Table(
        sql=f"""
        select * exclude (rank, days_old, days_to_end) from ({OPEN_LOTS})
        order by days_old desc, lot_id
        """,
        columns=(
            Column("lot_id", "Lot", width=22),
            Column("customer_id", "Customer", width=14),
            Column("customer", "Name", width=22),
            Column("wallet", "Wallet", width=15),
            Column("kind", "Kind", width=10),
            Column("effective_at", "From (UTC)", Kind.INSTANT),
            Column("expires_at", "Ends (UTC)", Kind.INSTANT),
            Column("age", "Age", width=14),
            Column("ends", "Ends", width=14),
            credits("credits", "Credits granted"),
            credits("credits_left", "Credits left"),
            Column("currency", "Currency", width=9),
            money("consideration", "Sold for"),
            money("carrying", "Carrying amount"),
        ),
        whole="marts.lot_balances, marts.deferred_revenue_schedule",
        is_filtered=True,
    )
    return Sheet(
        name="Open lots by age",
        answers="Which credits are left, how old are they, and when do they end?",
        tables=(
            listed,
            _by_band("age", "By age", "-min(days_old)"),
            _by_band("ends", "By end", "min(days_to_end) nulls last"),
        ),
        notes=(
            "Age since the lot could first be used, to the end of the month. Ends as the books "
            "knew them at the as-of instant.",
        ),
    )


def _by_band(key: str, title: str, order: str) -> Table:
    """Open lots added up by a band."""
    return Table(
        title=title,
        sql=f"""
        select {key}, currency, count(*) as lots, sum(carrying) as carrying from ({OPEN_LOTS})
        group by {key}, currency order by currency, {order}
        """,
        columns=(
            Column(key, title, width=22),
            Column("currency", "Currency", width=9),
            Column("lots", "Lots", Kind.COUNT, total_by="currency"),
            money("carrying", "Carrying amount"),
        ),
        whole="marts.lot_balances, marts.deferred_revenue_schedule",
    )


def breakage_study(books: Books) -> Sheet:
    """Cohorts of lots: granted, used, expired, left."""
    table = Table(
        sql=f"""
        with
        moved as (
            select
                lot_id, sum(granted) as granted, -sum(drawn) as used, -sum(expired) as expired,
                -sum(voided) as voided, sum(transferred) as moved,
                coalesce(sum(closing) filter (booked_period = $period), 0) as credits_left
            from marts.lot_balances where booked_period <= $period group by lot_id
        ),
        earned as (
            select lot_id, sum(additions) as sold, sum(breakage_revenue) as breakage
            from marts.deferred_revenue_schedule where booked_period <= $period group by lot_id
        )
        select * exclude (rank) from (
            select
                lots.booked_period as cohort, lots.wallet, wallets.rank, lots.kind, lots.currency,
                count(*) as lots, sum(granted) as granted, sum(used) as used,
                sum(expired) as expired, sum(voided) as voided, sum(moved) as moved,
                sum(credits_left) as credits_left, coalesce(sum(sold), 0) as sold,
                coalesce(sum(breakage), 0) as breakage
            from moved inner join marts.credit_lots as lots using (lot_id)
            left join earned using (lot_id) {RANKED}
            group by all
        ) order by cohort, rank, wallet, kind, currency
        """,
        columns=(
            Column("cohort", "Granted in", Kind.MONTH),
            Column("wallet", "Wallet", width=15),
            Column("kind", "Kind", width=10),
            Column("lots", "Lots", Kind.COUNT, total_by="wallet"),
            credits("granted", "Granted"),
            credits("used", "Used"),
            credits("expired", "Expired"),
            credits("voided", "Taken back"),
            credits("moved", "Moved"),
            credits("credits_left", "Left"),
            Column("redeemed", "Redemption", Kind.RATIO, 0, "wallet", Ratio("used", "granted")),
            Column(
                "lapsed", "Expired, share", Kind.RATIO, 0, "wallet", Ratio("expired", "granted")
            ),
            Column("currency", "Currency", width=9),
            money("sold", "Sold for"),
            money("breakage", "Breakage revenue"),
            Column(
                "broken", "Breakage, share", Kind.RATIO, 0, "currency", Ratio("breakage", "sold")
            ),
        ),
        whole="marts.lot_balances",
    )
    return Sheet(
        name="Breakage study",
        answers="How much of what was granted is used, and how much expires?",
        tables=(table,),
        notes=(
            "To the end of the month. Credits are added up within a wallet. A cohort whose lots "
            "are still open is not at its final redemption.",
        ),
    )
