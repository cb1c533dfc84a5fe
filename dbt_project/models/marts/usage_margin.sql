-- One row per period, meter, properties, customer, card version, first wallet and currency: what usage earned and cost.
--
-- revenue is all that usage earned, whatever wallet paid, late usage and overage included; supplier_cost is what
-- suppliers charge for it. Where two card versions price one month, they share both: revenue by what their usage
-- costs in credits, costs by quantity, as differences of rounded running totals, so nothing is lost. Quantity and
-- credits (the cost in the first wallet) belong to no currency and sit on the row of the functional one, and so do
-- the figures per credit. Breakage is nobody's margin: it was not used (decision 47).

with

by_rate as (
    select * from {{ ref('int_usage_by_rate') }}
),

rates as (
    select * from {{ source('config', 'rates') }}
),

versions as (
    select * from {{ source('config', 'rate_card_versions') }}
),

chain as (
    select * from {{ ref('int_rate_chain') }}
    where position = 1
),

customers as (
    select * from {{ ref('stg_customers') }}
    where customer_no is not null
),

property_sets as (
    select * from {{ ref('stg_property_sets') }}
),

shares as (
    select * from {{ ref('int_usage_revenue_shares') }}
),

overage as (
    select * from {{ ref('int_overage_billed') }}
),

supplier_costs as (
    select * from {{ ref('int_supplier_costs') }}
),

currencies as (
    select * from {{ source('config', 'currencies') }}
),

book as (
    select * from {{ source('config', 'book') }}
),

used as (
    select
        customers.customer_id,
        by_rate.booked_period,
        by_rate.service_period,
        by_rate.property_set_no,
        rates.version,
        versions.version_no,
        chain.wallet,
        {{ sum_credits('by_rate.quantity') }} as quantity,
        {{ sum_credits('by_rate.credits') }} as credits
    from by_rate
    inner join customers
        on by_rate.customer_no = customers.customer_no
    inner join rates
        on by_rate.rate_no = rates.rate_no
    inner join versions
        on rates.version = versions.version
    inner join chain
        on by_rate.rate_no = chain.rate_no
    group by
        customers.customer_id,
        by_rate.booked_period,
        by_rate.service_period,
        by_rate.property_set_no,
        rates.version,
        versions.version_no,
        chain.wallet
),

service_weights as (
    select
        *,
        {{ sum_credits(
            'credits',
            'partition by customer_id, booked_period, service_period, property_set_no'
            ~ ' order by version_no, wallet nulls first rows unbounded preceding') }} as weight_to,
        {{ sum_credits('credits', 'partition by customer_id, booked_period, service_period, property_set_no') }}
            as weight_total
    from used
),

of_booking as (
    select
        customer_id,
        booked_period,
        property_set_no,
        version,
        version_no,
        wallet,
        {{ sum_credits('quantity') }} as quantity,
        {{ sum_credits('credits') }} as credits
    from used
    group by customer_id, booked_period, property_set_no, version, version_no, wallet
),

booking_weights as (
    select
        *,
        {{ sum_credits(
            'quantity',
            'partition by customer_id, booked_period, property_set_no, wallet'
            ~ ' order by version_no rows unbounded preceding') }} as weight_to,
        {{ sum_credits('quantity', 'partition by customer_id, booked_period, property_set_no, wallet') }} as weight_total
    from of_booking
),

earned_parts as (
    select
        customer_id,
        booked_period,
        service_period,
        property_set_no,
        currency,
        revenue as amount
    from shares
    union all
    select
        customer_id,
        booked_period,
        service_period,
        property_set_no,
        currency,
        amount
    from overage
),

earned as (
    select
        customer_id,
        booked_period,
        service_period,
        property_set_no,
        currency,
        {{ sum_money('amount') }} as amount
    from earned_parts
    where amount <> 0
    group by customer_id, booked_period, service_period, property_set_no, currency
),

-- What was earned is shared by what usage of its month of service costs that was booked with it. Where none was, as when
-- an overdraft is repaid months later, by that booked last before: what comes after a month is closed moves none of it.
weighed as (
    select
        earned.customer_id,
        earned.booked_period,
        earned.service_period,
        earned.property_set_no,
        earned.currency,
        earned.amount,
        max(used.booked_period) as weighed_period
    from earned
    inner join used
        on
            earned.customer_id = used.customer_id
            and earned.service_period = used.service_period
            and earned.property_set_no = used.property_set_no
            and earned.booked_period >= used.booked_period
    group by
        earned.customer_id,
        earned.booked_period,
        earned.service_period,
        earned.property_set_no,
        earned.currency,
        earned.amount
),

charged as (
    select
        customer_id,
        booked_period,
        property_set_no,
        wallet,
        currency,
        {{ sum_money('cost') }} as amount
    from supplier_costs
    group by customer_id, booked_period, property_set_no, wallet, currency
),

parts as (
    select
        of_booking.booked_period,
        of_booking.property_set_no,
        of_booking.customer_id,
        of_booking.version,
        of_booking.wallet,
        book.functional_currency as currency,
        of_booking.quantity,
        of_booking.credits,
        {{ zero_money() }} as revenue,
        {{ zero_money() }} as supplier_cost
    from of_booking
    cross join book
    union all
    select
        weighed.booked_period,
        weighed.property_set_no,
        weighed.customer_id,
        weights.version,
        weights.wallet,
        weighed.currency,
        {{ zero_credits() }} as quantity,
        {{ zero_credits() }} as credits,
        cast(
            {{ settled_to_date('weighed.amount', 'weights.weight_to', 'weights.weight_total', 'coalesce(currencies.minor_units, 2)') }}
            - {{ settled_to_date(
                'weighed.amount', '(weights.weight_to - weights.credits)', 'weights.weight_total',
                'coalesce(currencies.minor_units, 2)') }} as {{ t_money() }}) as revenue,
        {{ zero_money() }} as supplier_cost
    from weighed
    inner join service_weights as weights
        on
            weighed.customer_id = weights.customer_id
            and weighed.weighed_period = weights.booked_period
            and weighed.service_period = weights.service_period
            and weighed.property_set_no = weights.property_set_no
    left join currencies
        on weighed.currency = currencies.currency
    union all
    select
        charged.booked_period,
        charged.property_set_no,
        charged.customer_id,
        weights.version,
        weights.wallet,
        charged.currency,
        {{ zero_credits() }} as quantity,
        {{ zero_credits() }} as credits,
        {{ zero_money() }} as revenue,
        cast(
            {{ settled_to_date('charged.amount', 'weights.weight_to', 'weights.weight_total', 'coalesce(currencies.minor_units, 2)') }}
            - {{ settled_to_date(
                'charged.amount', '(weights.weight_to - weights.quantity)', 'weights.weight_total',
                'coalesce(currencies.minor_units, 2)') }} as {{ t_money() }}) as supplier_cost
    from charged
    inner join booking_weights as weights
        on
            charged.customer_id = weights.customer_id
            and charged.booked_period = weights.booked_period
            and charged.property_set_no = weights.property_set_no
            and charged.wallet is not distinct from weights.wallet
    left join currencies
        on charged.currency = currencies.currency
),

summed as (
    select
        parts.booked_period,
        property_sets.meter,
        property_sets.properties,
        parts.customer_id,
        parts.version as card_version,
        parts.wallet,
        parts.currency,
        {{ sum_credits('parts.quantity') }} as quantity,
        {{ sum_credits('parts.credits') }} as credits,
        {{ sum_money('parts.revenue') }} as revenue,
        {{ sum_money('parts.supplier_cost') }} as supplier_cost
    from parts
    inner join property_sets
        on parts.property_set_no = property_sets.property_set_no
    group by
        parts.booked_period,
        property_sets.meter,
        property_sets.properties,
        parts.customer_id,
        parts.version,
        parts.wallet,
        parts.currency
)

select
    booked_period,
    meter,
    properties,
    customer_id,
    card_version,
    wallet,
    currency,
    quantity,
    credits,
    revenue,
    supplier_cost,
    cast(revenue - supplier_cost as {{ t_money() }}) as margin,
    case when credits > 0 then {{ unit_value('revenue', 'credits') }} end as revenue_per_credit,
    case when credits > 0 then {{ unit_value('supplier_cost', 'credits') }} end as break_even_per_credit,
    revenue < supplier_cost as is_below_cost
from summed
