-- Fails for a period, meter and currency whose margins do not add up to the revenue, cost and quantity by meter.

with

by_meter as (
    select
        booked_period,
        meter,
        currency,
        {{ sum_money('usage_revenue + prior_period_revenue + overage_revenue') }} as revenue,
        {{ sum_money('supplier_cost') }} as supplier_cost,
        {{ sum_credits('quantity') }} as quantity
    from {{ ref('revenue_by_meter') }}
    where meter is not null
    group by booked_period, meter, currency
),

margins as (
    select
        booked_period,
        meter,
        currency,
        {{ sum_money('revenue') }} as revenue,
        {{ sum_money('supplier_cost') }} as supplier_cost,
        {{ sum_credits('quantity') }} as quantity
    from {{ ref('usage_margin') }}
    group by booked_period, meter, currency
),

compared as (
    select
        coalesce(by_meter.booked_period, margins.booked_period) as booked_period,
        coalesce(by_meter.meter, margins.meter) as meter,
        coalesce(by_meter.currency, margins.currency) as currency,
        coalesce(by_meter.revenue, 0) as revenue,
        coalesce(margins.revenue, 0) as margin_revenue,
        coalesce(by_meter.supplier_cost, 0) as supplier_cost,
        coalesce(margins.supplier_cost, 0) as margin_cost,
        coalesce(by_meter.quantity, 0) as quantity,
        coalesce(margins.quantity, 0) as margin_quantity
    from by_meter
    full outer join margins
        on
            by_meter.booked_period = margins.booked_period
            and by_meter.meter = margins.meter
            and by_meter.currency = margins.currency
)

select * from compared
where
    revenue <> margin_revenue
    or supplier_cost <> margin_cost
    or quantity <> margin_quantity
