"""Sheets of revenue: by meter, and what was booked later than it happened."""

from __future__ import annotations

from reports.workbook.books import Books
from reports.workbook.model import Column, Kind, Sheet, Sum, Table, money

CURRENCY = Column("currency", "Currency", width=9)
EARNED = {
    "usage_revenue": "Usage revenue",
    "prior_period_revenue": "Late usage",
    "breakage_revenue": "Breakage",
    "overage_revenue": "Overage",
    "accrued_revenue": "Accrued",
}


def by_meter(books: Books) -> Sheet:
    """Revenue by what was metered, all customers together."""
    table = Table(
        sql="""
        select * from (
            select
                coalesce(meter, 'not metered') as meter, properties, wallet, currency,
                sum(events) as events, sum(quantity) as quantity,
                sum(usage_revenue) as usage_revenue,
                sum(prior_period_revenue) as prior_period_revenue,
                sum(breakage_revenue) as breakage_revenue, sum(overage_revenue) as overage_revenue,
                0 as accrued_revenue, sum(supplier_cost) as supplier_cost,
                sum(supplier_share) as supplier_share
            from marts.revenue_by_meter where booked_period = $period group by all
            union all
            select
                'estimate of usage not yet known', null, wallet, currency, 0, 0, 0, 0, 0, 0,
                sum(credit - debit), 0, 0
            from marts.journal_lines
            where booked_period = $period and account_role = 'accrued_usage_revenue' group by all
        ) order by meter, properties, wallet, currency
        """,
        columns=(
            Column("meter", "Meter", width=16),
            Column("properties", "Properties", width=46),
            Column("wallet", "Wallet", width=15),
            CURRENCY,
            Column("events", "Events", Kind.COUNT, total_by="currency"),
            Column("quantity", "Quantity", Kind.CREDITS, width=19),
            *(money(key, title, width=12) for key, title in EARNED.items()),
            money("revenue", "Revenue", Sum(tuple(EARNED))),
            money("supplier_cost", "Supplier cost", width=12),
            money("supplier_share", "Of which not revenue", width=12),
            money("net", "Net revenue", Sum(tuple(EARNED), ("supplier_share",))),
        ),
        whole="marts.revenue_by_meter",
        is_filtered=True,
    )
    return Sheet(
        name="Revenue by meter",
        answers="Which usage earned what?",
        tables=(table,),
        notes=(
            "Customers together; the mart has each. Not metered: breakage, and what time earns. "
            "An event is counted in the wallet its price begins with.",
        ),
    )


def corrections(books: Books) -> Sheet:
    """Facts booked in this month that happened in an earlier one."""
    listed = Table(
        sql="""
        select
            what || coalesce(', ' || corrections.currency, '') as kind, fact_id, lot_id,
            lots.customer_id, lots.wallet, service_period, corrections.booked_period,
            corrections.credits, corrections.amount, corrections.currency, reason
        from marts.corrections left join marts.credit_lots as lots using (lot_id)
        where corrections.booked_period = $period order by kind, service_period, fact_id, lot_id
        """,
        columns=(
            Column("kind", "Kind", width=20),
            Column("fact_id", "Fact", width=22),
            Column("lot_id", "Lot", width=22),
            Column("customer_id", "Customer", width=14),
            Column("wallet", "Wallet", width=15),
            Column("service_period", "Happened in", Kind.MONTH),
            Column("booked_period", "Booked in", Kind.MONTH),
            Column("credits", "Credits", Kind.CREDITS),
            Column("amount", "Amount", Kind.EXACT, total_by="kind"),
            CURRENCY,
            Column("reason", "Reason", width=38),
        ),
        whole="marts.corrections",
    )
    by_month = Table(
        title="By the month it happened in",
        sql="""
        select * from (
            select
                what || coalesce(', ' || currency, '') as kind, service_period,
                count(distinct fact_id) as facts, sum(amount) as amount, currency
            from marts.corrections where booked_period = $period group by all
        ) order by kind, service_period
        """,
        columns=(
            Column("kind", "Kind", width=20),
            Column("service_period", "Happened in", Kind.MONTH),
            Column("facts", "Facts", Kind.COUNT, total_by="kind"),
            Column("amount", "Amount", Kind.EXACT, total_by="kind"),
            CURRENCY,
        ),
        whole="marts.corrections",
    )
    return Sheet(
        name="Corrections",
        answers="What was booked this month that belongs to an earlier one?",
        tables=(listed, by_month),
        notes=(
            "Amounts of single draws, not yet rounded: revenue is rounded once per lot and month, "
            "so late usage in the roll-forward may differ by fractions.",
        ),
    )
