-- One row per customer, booked period, property set, first wallet, supplier's price line and role: what usage cost.
--
-- is_agent: the meter is sold for somebody else (policy principal, as in force when the usage was booked), so that
-- the supplier's part is not revenue (ASC 606-10-55-36 to 40, IFRS 15.B34-B38). What a supplier charges for a
-- period is rounded once, per supplier, period, role and currency; the parts are differences of rounded running
-- totals of it, so they add up to what the supplier is owed.

with

rated as (
    select * from {{ ref('int_events_rated') }}
    where rate_no is not null
),

happened as (
    select
        event_no,
        occurred_at
    from {{ source('feeds', 'usage') }}
),

property_sets as (
    select * from {{ ref('stg_property_sets') }}
),

matches as (
    select * from {{ ref('int_cost_matches') }}
),

costed as (
    select distinct property_set_no from matches
),

agents as (
    select * from {{ ref('int_agent_windows') }}
),

cost_rates as (
    select * from {{ source('config', 'cost_rates') }}
),

currencies as (
    select * from {{ source('config', 'currencies') }}
),

customers as (
    select * from {{ ref('stg_customers') }}
    where customer_no is not null
),

chain as (
    select * from {{ ref('int_rate_chain') }}
    where position = 1
),

events as (
    select
        rated.customer_no,
        rated.booked_period,
        rated.booked_at,
        rated.property_set_no,
        rated.rate_no,
        rated.quantity,
        happened.occurred_at
    from rated
    inner join costed
        on rated.property_set_no = costed.property_set_no
    inner join happened
        on rated.event_no = happened.event_no
),

used as (
    select
        events.customer_no,
        events.booked_period,
        events.property_set_no,
        events.rate_no,
        matches.cost_no,
        agents.meter is not null as is_agent,
        {{ sum_credits('events.quantity') }} as quantity
    from events
    inner join property_sets
        on events.property_set_no = property_sets.property_set_no
    inner join matches
        on
            events.booked_period = matches.booked_period
            and events.property_set_no = matches.property_set_no
            and events.occurred_at >= matches.effective_from
            and events.occurred_at < matches.effective_to
    left join agents
        on
            events.booked_period = agents.booked_period
            and property_sets.meter = agents.meter
            and events.booked_at >= agents.in_force_from
            and events.booked_at < agents.in_force_to
    group by
        events.customer_no,
        events.booked_period,
        events.property_set_no,
        events.rate_no,
        matches.cost_no,
        agents.meter is not null
),

priced as (
    select
        customers.customer_id,
        customers.sort_no as customer_sort,
        property_sets.sort_no as property_sort,
        used.booked_period,
        used.property_set_no,
        chain.wallet,
        used.cost_no,
        used.is_agent,
        cost_rates.supplier,
        cost_rates.currency,
        coalesce(currencies.minor_units, 2) as minor_units,
        {{ sum_credits('used.quantity') }} as quantity,
        cast({{ from_billionths(in_quanta(
            billionths(sum_credits('used.quantity')) ~ ' * ' ~ as_whole('cost_rates.numerator'),
            'cost_rates.denominator')) }} as {{ t_amount() }}) as unrounded_cost
    from used
    inner join cost_rates
        on used.cost_no = cost_rates.cost_no
    left join currencies
        on cost_rates.currency = currencies.currency
    inner join customers
        on used.customer_no = customers.customer_no
    inner join property_sets
        on used.property_set_no = property_sets.property_set_no
    inner join chain
        on used.rate_no = chain.rate_no
    group by
        customers.customer_id,
        customers.sort_no,
        property_sets.sort_no,
        used.booked_period,
        used.property_set_no,
        chain.wallet,
        used.cost_no,
        used.is_agent,
        cost_rates.supplier,
        cost_rates.currency,
        cost_rates.numerator,
        cost_rates.denominator,
        currencies.minor_units
),

running as (
    select
        *,
        {{ sum_amount(
            'unrounded_cost',
            'partition by supplier, booked_period, is_agent, currency'
            ~ ' order by customer_sort, property_sort, wallet nulls first, cost_no rows unbounded preceding') }} as cost_to
    from priced
)

select
    customer_id,
    booked_period,
    property_set_no,
    wallet,
    cost_no,
    supplier,
    is_agent,
    currency,
    quantity,
    unrounded_cost,
    cast(
        {{ to_money('cost_to', 'minor_units') }}
        - {{ to_money('cost_to - unrounded_cost', 'minor_units') }}
        as {{ t_money() }}
    ) as cost
from running
