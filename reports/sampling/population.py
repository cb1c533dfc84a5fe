"""What a sample can be taken of: each population as SQL with the same columns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Population:
    """Items of the books, one row each.

    Attributes:
        name: As on the command line.
        title: What it is, after its number of rows.
        rows: SQL of id, customer_id, amount, happened_at and booked_period. Amounts are in
            functional currency; null where items have none of their own.
        has_amounts: Whether monetary units can be sampled.
        has_cut_off: Whether items happen on either side of the end of a month.
    """

    name: str
    title: str
    rows: str
    has_amounts: bool
    has_cut_off: bool


POPULATIONS = {
    population.name: population
    for population in (
        Population(
            "lots",
            "lots that carry a liability at the end of the month, at their carrying amount",
            """
            select
                schedule.lot_id as id, schedule.customer_id,
                sum(schedule.closing_functional) as amount, lots.effective_at as happened_at,
                schedule.booked_period
            from marts.deferred_revenue_schedule as schedule
            inner join marts.credit_lots as lots using (lot_id)
            group by all
            having sum(schedule.closing_functional) <> 0
            """,
            has_amounts=True,
            has_cut_off=False,
        ),
        Population(
            "payments",
            "payments booked in the month, at their gross amount",
            """
            select
                payment_id as id, customer_id, net_functional + tax_functional as amount,
                occurred_at as happened_at, booked_period
            from staging.stg_payments
            where kind = 'payment'
            """,
            has_amounts=True,
            has_cut_off=True,
        ),
        Population(
            "events",
            "usage events booked in the month",
            """
            select
                event_id as id, customer_id, cast(null as decimal(28, 3)) as amount,
                occurred_at as happened_at, booked_period
            from marts.rated_usage
            """,
            has_amounts=False,
            has_cut_off=True,
        ),
    )
}
"""Name -> population."""
