"""Purchases, plans, refunds and payouts of a simulated company.

Amounts are whole cents until they are written. Streams of draws are numbered from 10.
"""

from __future__ import annotations

from pathlib import Path

from duckdb import DuckDBPyConnection

CENTS_PER_EVENT = 55
"""About what one event costs at list price; sets how much customers buy for what they use."""


def build_sales(connection: DuckDBPyConnection, usage: Path) -> None:
    """Create the tables `subscriptions` and `payments`; needs the tables of the world.

    Args:
        connection: Holds the world.
        usage: Folder of the Parquet usage files: customers buy for what they use.
    """
    connection.execute(
        "create table used as select customer_id, count(*) as events "
        "from read_parquet(?) group by customer_id",
        [(usage / "*.parquet").as_posix()],
    )
    for step in (_MACROS, _PACKS_BOUGHT, _SUBSCRIPTIONS, _PLANS_PAID, _UNAPPLIED, _RECEIVED):
        connection.execute(step)
    connection.execute(_REFUNDS)
    connection.execute(_PAYOUTS)


_MACROS = """
create macro tax_on(net_cents, per_thousand) as (net_cents * per_thousand + 500) // 1000;
-- 2.9 per cent and 30 cents of what a card is charged.
create macro card_fee(gross_cents) as (gross_cents * 29 + 500) // 1000 + 30;
"""

# Who uses more buys more often, up to four times as often as the average. The first purchase comes
# within minutes of joining, the others at intervals that vary. Customers buy between four fifths
# and twice what they use, not always of what they need: some run out, some leave credits unused.
_PACKS_BOUGHT = f"""
create table packs_bought as
with totals as (
    select cast(greatest(1, coalesce(sum(events), 0)) as bigint) as used_in_all from used
),
buyers as (
    select
        customers.*,
        date_diff('second', joined_at, ends_at()) - 700 as remaining,
        coalesce(used.events, 0) as events,
        least(4 * purchases_each(), greatest(1,
            (2 * purchases_each() * coalesce(used.events, 0) * customer_count() + used_in_all)
            // (2 * used_in_all)
        )) as purchases,
        [80, 90, 100, 120, 150, 220][1 + customer_no * 7 % 6] as coverage
    from customers
    left join used on customers.customer_id = used.customer_id, totals
    where customer_no % 20 <> 13
),
occasions as (
    select
        *,
        customer_no * 1048583 + k as occasion_no
    from buyers, range(purchases) as numbers(k)
),
timed as (
    select
        *,
        joined_at + seconds(
            60 + draw(10, occasion_no) % 540
            + case when k = 0 then 0
                else (k * 1024 + draw(11, occasion_no) % 1024) * remaining // (purchases * 1024)
            end
        ) as occurred_at
    from occasions
)
select
    timed.customer_no,
    timed.customer_id,
    timed.tax_per_thousand,
    timed.occurred_at,
    packs.offer,
    packs.currency,
    greatest(1, least(9999,
        events * {CENTS_PER_EVENT} * coverage // (100 * purchases * packs.price_cents)
    )) as quantity,
    packs.price_cents
from timed
inner join offerings
    on timed.occurred_at >= offerings.since and timed.occurred_at < offerings.until
inner join packs
    on
        offerings.offering_no = packs.offering_no
        and packs.slot = draw(12, occasion_no) % offerings.pack_slots
"""

# A sixth of the customers take the first plan, a 24th the last. Of those a quarter end after
# two months to the day, and a quarter in the middle of the third.
_SUBSCRIPTIONS = """
create table subscriptions as
with subscribers as (
    select
        *,
        joined_at + days(draw(13, customer_no) % 20) + seconds(draw(14, customer_no) % 86400)
            as started_at,
        draw(15, customer_no) % 4 as ending
    from customers
    where customer_no % 6 = 1 or customer_no % 24 = 2
)
select
    row_number() over (order by customer_no) as subscription_no,
    'sub_' || code(customer_no) as subscription_id,
    customer_no,
    customer_id,
    tax_per_thousand,
    plans.offer,
    started_at,
    case ending
        when 0 then started_at + interval 2 month
        when 1 then started_at + interval 2 month + interval 11 day
    end as would_end_at,
    case when would_end_at < ends_at() then would_end_at end as ended_at,
    case when plans.slot = 0 then 1 else 1 + draw(16, customer_no) % 2 end as quantity
from subscribers
inner join offerings
    on subscribers.started_at >= offerings.since and subscribers.started_at < offerings.until
inner join plans
    on
        offerings.offering_no = plans.offering_no
        and plans.slot = case when customer_no % 6 = 1 then 0 else offerings.plan_count - 1 end
where started_at < ends_at()
qualify subscription_no <= subscription_count()
order by subscription_no
"""

# Periods run from the day of the month on which the plan began. One subscription in thirty misses
# its second payment, which leaves a receivable; another pays it twenty days late.
_PLANS_PAID = """
create table plans_paid as
with periods as (
    select
        subscriptions.*,
        n,
        started_at + n * interval 1 month as period_start,
        started_at + (n + 1) * interval 1 month as period_end
    from subscriptions,
        range(date_diff('month', starts_at(), ends_at()) + 1) as numbers(n)
)
select
    periods.*,
    period_start + case
        when subscription_no % 30 = 9 and n = 1 then interval 20 day
        else interval 5 minute
    end as occurred_at,
    plans.price_cents,
    plans.currency
from periods
inner join offerings
    on periods.period_start >= offerings.since and periods.period_start < offerings.until
inner join plans
    on offerings.offering_no = plans.offering_no and periods.offer = plans.offer
where
    (ended_at is null or period_start < ended_at)
    and not (subscription_no % 30 = 4 and n = 1)
    and occurred_at < ends_at()
"""

# Money that came without a word: nobody knows yet what it is for.
_UNAPPLIED = """
create table unapplied as
select *, joined_at + days(40) as occurred_at, 3750 as price_cents
from customers
where customer_no % 60 = 9 and joined_at + days(40) < ends_at()
"""

# Cards are known of within seconds, bank transfers after two days and a few only after two weeks.
_RECEIVED = """
create table payments as
with sold as (
    select customer_no, customer_id, occurred_at, offer, currency, tax_per_thousand, quantity,
        price_cents, null as subscription_id, null::timestamp as period_start,
        null::timestamp as period_end
    from packs_bought
    union all
    select customer_no, customer_id, occurred_at, offer, currency, tax_per_thousand, quantity,
        price_cents, subscription_id, period_start, period_end
    from plans_paid
    union all
    select customer_no, customer_id, occurred_at, null, home_currency(), 0, null, price_cents,
        null, null, null
    from unapplied
),
charged as (
    select
        *,
        price_cents * coalesce(quantity, 1) as net_cents,
        tax_on(net_cents, tax_per_thousand) as tax_cents,
        net_cents + tax_cents as gross_cents,
        subscription_id is null and is_enterprise(customer_no) as is_transfer
    from sold
),
numbered as (
    select
        *,
        row_number() over (order by occurred_at, customer_no, offer, subscription_id, gross_cents)
            as payment_no
    from charged
)
select
    payment_no,
    'pay_' || lpad(cast(payment_no as varchar), 6, '0') as payment_id,
    occurred_at,
    customer_id,
    'payment' as kind,
    gross_cents,
    currency,
    tax_cents,
    case when is_transfer then 0 else card_fee(gross_cents) end as fee_cents,
    offer,
    quantity,
    cast(null as varchar) as relates_to,
    subscription_id,
    period_start,
    period_end,
    occurred_at + case
        when not is_transfer then interval 2 second
        when draw(17, payment_no) % 16 = 0 then interval 14 day
        else interval 2 day
    end as received_at
from numbered
order by payment_no
"""

# One purchase in forty is paid back in full within days, two in forty by two fifths after weeks.
_REFUNDS = """
insert into payments
with chosen as (
    select
        *,
        draw(18, payment_no) % 40 as fate,
        occurred_at + case
            when fate = 0 then days(1 + draw(19, payment_no) % 5)
            else days(8 + draw(19, payment_no) % 23)
        end as refunded_at
    from payments
    where offer is not null and received_at = occurred_at + interval 2 second
)
select
    payment_no,
    replace(payment_id, 'pay', 're'),
    refunded_at,
    customer_id,
    'refund',
    case when fate = 0 then gross_cents else gross_cents * 2 // 5 end,
    currency,
    case when fate = 0 then tax_cents else tax_cents * 2 // 5 end,
    0,
    null,
    null,
    payment_id,
    subscription_id,
    null,
    null,
    refunded_at + interval 2 second
from chosen
where fate < 3 and refunded_at < ends_at()
"""

# Weekly: what came in net of fees and refunds. A week below zero is made up by the next ones.
_PAYOUTS = """
insert into payments
with weeks as (
    select
        currency,
        date_diff('day', starts_at(), occurred_at) // 7 as week_no,
        sum(case kind when 'payment' then gross_cents - fee_cents else -gross_cents end) as cents
    from payments
    group by all
),
balances as (
    select *, sum(cents) over (partition by currency order by week_no) as balance from weeks
),
peaks as (
    select *, greatest(0, max(balance) over (partition by currency order by week_no)) as peak
    from balances
),
due as (
    select
        *,
        peak - coalesce(lag(peak) over (partition by currency order by week_no), 0) as payout_cents,
        starts_at() + days(week_no * 7 + 7) as paid_at
    from peaks
)
select
    week_no,
    'po_' || lower(currency) || '_' || lpad(cast(week_no + 1 as varchar), 3, '0'),
    paid_at,
    null,
    'payout',
    payout_cents,
    currency,
    0,
    0,
    null,
    null,
    null,
    null,
    null,
    null,
    paid_at + interval 1 day
from due
where payout_cents > 0 and paid_at < ends_at()
"""
