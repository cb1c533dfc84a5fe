-- One row per usage event: the rate that prices it and its cost in the first wallet of the rate's chain.
--
-- Internal numbers only (keys, dates and decimals), and of those only what the drawdown asks again: at 10
-- million events every column costs as much to write as a join of the whole. The rest stays in raw.usage and
-- marts join it back. rate_no and cost are null where no price was in force: never a guess.

with

usage as (
    select * from {{ ref('stg_usage') }}
),

customers as (
    select
        customer_no,
        pool_no,
        class_no
    from {{ ref('stg_customers') }}
    where customer_no is not null
),

matches as (
    select * from {{ ref('int_rate_matches') }}
),

chain as (
    select * from {{ ref('int_rate_chain') }}
    where position = 1
),

tiered as (
    select * from {{ ref('int_tiered_costs') }}
    where position = 1
)

select
    usage.event_no,
    usage.customer_no,
    usage.property_set_no,
    usage.quantity,
    usage.booked_at,
    case
        when usage.booked_at = usage.occurred_at then usage.service_period
        else {{ period_of('usage.booked_at') }}
    end as booked_period,
    usage.service_period,
    matches.rate_no,
    {{ node_no('customers.pool_no', 'chain.wallet_rank') }} as node_no,
    case
        when chain.is_tiered then tiered.cost
        else cast(
            {{ cost_in_quanta('usage.quantity', 'chain.', 'chain.rounding') }}
            * chain.quantum as {{ t_credits() }}
        )
    end as cost
from usage
inner join customers
    on usage.customer_no = customers.customer_no
left join matches
    on
        usage.property_set_no = matches.property_set_no
        and customers.class_no = matches.class_no
        and {{ in_card_window('usage.occurred_at', 'usage.booked_at', 'matches') }}
left join chain
    on matches.rate_no = chain.rate_no
left join tiered
    on case when chain.is_tiered then usage.event_no end = tiered.event_no
