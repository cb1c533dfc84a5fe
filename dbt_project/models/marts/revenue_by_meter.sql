-- One row per period, meter, properties, wallet, customer and currency: where revenue came from.
--
-- usage, prior-period, breakage and overage revenue each sum to the journal. meter is null for breakage, and for
-- what time earned in a period without use: nothing was metered. quantity is the metered quantity of the events
-- whose price starts at this wallet, so each event counts once however many wallets paid for it; what suppliers
-- charge for it stands with it, in their currency. supplier_share is the part of that cost which is not revenue,
-- because the meter is sold as agent: net revenue is revenue less supplier_share.

with

shares as (
    select * from {{ ref('int_usage_revenue_shares') }}
),

property_sets as (
    select * from {{ ref('stg_property_sets') }}
),

settlements as (
    select * from {{ ref('int_lot_settlements') }}
),

lots as (
    select * from {{ ref('int_lots') }}
),

overage as (
    select * from {{ ref('int_overage_billed') }}
),

rated as (
    select * from {{ ref('int_usage_by_rate') }}
),

supplier_costs as (
    select * from {{ ref('int_supplier_costs') }}
),

customers as (
    select * from {{ ref('stg_customers') }}
    where customer_no is not null
),

chain as (
    select * from {{ ref('int_rate_chain') }}
    where position = 1
),

book as (
    select * from {{ source('config', 'book') }}
),

-- Quantities belong to no currency: they sit on the row of the functional one.
quantities as (
    select
        rated.booked_period,
        rated.property_set_no,
        rated.rate_no,
        rated.customer_no,
        {{ sum_credits('rated.quantity') }} as quantity,
        cast(sum(rated.events) as bigint) as events
    from rated
    group by rated.booked_period, rated.property_set_no, rated.rate_no, rated.customer_no
),

parts as (
    select
        shares.booked_period,
        shares.property_set_no,
        shares.wallet,
        shares.customer_id,
        shares.currency,
        case when shares.service_period = shares.booked_period then shares.revenue else {{ zero_money() }} end as usage_revenue,
        case when shares.service_period = shares.booked_period then {{ zero_money() }} else shares.revenue end as prior_period_revenue,
        {{ zero_money() }} as breakage_revenue,
        {{ zero_money() }} as overage_revenue,
        shares.credits,
        {{ zero_credits() }} as quantity,
        cast(0 as bigint) as events,
        {{ zero_money() }} as supplier_cost,
        {{ zero_money() }} as supplier_share
    from shares
    union all
    select
        settlements.booked_period,
        cast(null as int) as property_set_no,
        lots.wallet,
        lots.customer_id,
        lots.currency,
        case when settlements.drawn = 0 then settlements.usage_revenue else {{ zero_money() }} end as usage_revenue,
        case when settlements.drawn_late = 0 then settlements.prior_period_revenue else {{ zero_money() }} end as prior_period_revenue,
        settlements.breakage_revenue,
        {{ zero_money() }} as overage_revenue,
        {{ zero_credits() }} as credits,
        {{ zero_credits() }} as quantity,
        cast(0 as bigint) as events,
        {{ zero_money() }} as supplier_cost,
        {{ zero_money() }} as supplier_share
    from settlements
    inner join lots
        on settlements.lot_no = lots.lot_no
    where
        settlements.breakage_revenue <> 0
        or (settlements.drawn = 0 and settlements.usage_revenue <> 0)
        or (settlements.drawn_late = 0 and settlements.prior_period_revenue <> 0)
    union all
    select
        overage.booked_period,
        overage.property_set_no,
        overage.wallet,
        overage.customer_id,
        overage.currency,
        {{ zero_money() }} as usage_revenue,
        {{ zero_money() }} as prior_period_revenue,
        {{ zero_money() }} as breakage_revenue,
        overage.amount as overage_revenue,
        {{ zero_credits() }} as credits,
        {{ zero_credits() }} as quantity,
        cast(0 as bigint) as events,
        {{ zero_money() }} as supplier_cost,
        {{ zero_money() }} as supplier_share
    from overage
    union all
    select
        quantities.booked_period,
        quantities.property_set_no,
        chain.wallet,
        customers.customer_id,
        book.functional_currency as currency,
        {{ zero_money() }} as usage_revenue,
        {{ zero_money() }} as prior_period_revenue,
        {{ zero_money() }} as breakage_revenue,
        {{ zero_money() }} as overage_revenue,
        {{ zero_credits() }} as credits,
        quantities.quantity,
        quantities.events,
        {{ zero_money() }} as supplier_cost,
        {{ zero_money() }} as supplier_share
    from quantities
    cross join book
    inner join customers
        on quantities.customer_no = customers.customer_no
    inner join chain
        on quantities.rate_no = chain.rate_no
    union all
    select
        supplier_costs.booked_period,
        supplier_costs.property_set_no,
        supplier_costs.wallet,
        supplier_costs.customer_id,
        supplier_costs.currency,
        {{ zero_money() }} as usage_revenue,
        {{ zero_money() }} as prior_period_revenue,
        {{ zero_money() }} as breakage_revenue,
        {{ zero_money() }} as overage_revenue,
        {{ zero_credits() }} as credits,
        {{ zero_credits() }} as quantity,
        cast(0 as bigint) as events,
        supplier_costs.cost as supplier_cost,
        case when supplier_costs.is_agent then supplier_costs.cost else {{ zero_money() }} end as supplier_share
    from supplier_costs
)

select
    parts.booked_period,
    property_sets.meter,
    property_sets.properties,
    parts.wallet,
    parts.customer_id,
    parts.currency,
    {{ sum_money('parts.usage_revenue') }} as usage_revenue,
    {{ sum_money('parts.prior_period_revenue') }} as prior_period_revenue,
    {{ sum_money('parts.breakage_revenue') }} as breakage_revenue,
    {{ sum_money('parts.overage_revenue') }} as overage_revenue,
    {{ sum_credits('parts.credits') }} as credits,
    {{ sum_credits('parts.quantity') }} as quantity,
    cast(sum(parts.events) as bigint) as events,
    {{ sum_money('parts.supplier_cost') }} as supplier_cost,
    {{ sum_money('parts.supplier_share') }} as supplier_share
from parts
left join property_sets
    on parts.property_set_no = property_sets.property_set_no
group by
    parts.booked_period,
    property_sets.meter,
    property_sets.properties,
    parts.wallet,
    parts.customer_id,
    parts.currency
