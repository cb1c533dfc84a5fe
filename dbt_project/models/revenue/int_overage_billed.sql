-- One row per customer, booked and service period, property set, wallet and currency: overage sold in arrears.
--
-- What a customer owes for a period is rounded once, per customer, period and currency; the parts are
-- differences of rounded running totals of it, so they add up to what is owed.

with

uncovered as (
    select * from {{ ref('int_uncovered') }}
    where entry_type = 'overage'
),

customers as (
    select * from {{ ref('stg_customers') }}
    where customer_no is not null
),

property_sets as (
    select * from {{ ref('stg_property_sets') }}
),

currencies as (
    select * from {{ source('config', 'currencies') }}
),

summed as (
    select
        customers.customer_id,
        {{ period_of('uncovered.booked_at') }} as booked_period,
        uncovered.service_period,
        uncovered.property_set_no,
        property_sets.sort_no,
        uncovered.wallet,
        uncovered.currency,
        coalesce(currencies.minor_units, 2) as minor_units,
        {{ sum_credits('uncovered.credits') }} as credits,
        {{ sum_amount('uncovered.amount') }} as unrounded_amount,
        cast(count(*) as bigint) as events
    from uncovered
    inner join customers
        on uncovered.customer_no = customers.customer_no
    inner join property_sets
        on uncovered.property_set_no = property_sets.property_set_no
    left join currencies
        on uncovered.currency = currencies.currency
    group by
        customers.customer_id,
        {{ period_of('uncovered.booked_at') }},
        uncovered.service_period,
        uncovered.property_set_no,
        property_sets.sort_no,
        uncovered.wallet,
        uncovered.currency,
        currencies.minor_units
),

running as (
    select
        *,
        {{ sum_amount(
            'unrounded_amount',
            'partition by customer_id, booked_period, currency'
            ~ ' order by sort_no, wallet nulls first, service_period rows unbounded preceding') }} as amount_to
    from summed
)

select
    customer_id,
    booked_period,
    service_period,
    property_set_no,
    wallet,
    currency,
    minor_units,
    credits,
    unrounded_amount,
    cast(
        {{ to_money('amount_to', 'minor_units') }}
        - {{ to_money('amount_to - unrounded_amount', 'minor_units') }}
        as {{ t_money() }}
    ) as amount,
    events
from running
