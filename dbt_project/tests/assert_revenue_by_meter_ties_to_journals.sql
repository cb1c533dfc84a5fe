-- Fails for a period and currency whose revenue by meter differs from what the journals credit to revenue.

with

by_meter as (
    select
        booked_period,
        currency,
        sum(usage_revenue + prior_period_revenue) as usage_revenue,
        sum(breakage_revenue) as breakage_revenue,
        sum(overage_revenue) as overage_revenue,
        sum(supplier_share) as supplier_share
    from {{ ref('revenue_by_meter') }}
    group by booked_period, currency
),

posted as (
    select
        booked_period,
        currency,
        sum(case when account_role = 'usage_revenue' then -amount else 0 end) as usage_revenue,
        sum(case when account_role = 'breakage_revenue' then -amount else 0 end) as breakage_revenue,
        sum(case when account_role = 'overage_revenue' then -amount else 0 end) as overage_revenue,
        sum(case when account_role = 'supplier_share' then amount else 0 end) as supplier_share
    from {{ ref('int_postings') }}
    group by booked_period, currency
)

select
    coalesce(by_meter.booked_period, posted.booked_period) as booked_period,
    coalesce(by_meter.currency, posted.currency) as currency,
    by_meter.usage_revenue as usage_by_meter,
    posted.usage_revenue as usage_posted,
    by_meter.breakage_revenue as breakage_by_meter,
    posted.breakage_revenue as breakage_posted,
    by_meter.overage_revenue as overage_by_meter,
    posted.overage_revenue as overage_posted,
    by_meter.supplier_share as share_by_meter,
    posted.supplier_share as share_posted
from by_meter
full outer join posted
    on
        by_meter.booked_period = posted.booked_period
        and by_meter.currency = posted.currency
where
    coalesce(by_meter.usage_revenue, 0) <> coalesce(posted.usage_revenue, 0)
    or coalesce(by_meter.breakage_revenue, 0) <> coalesce(posted.breakage_revenue, 0)
    or coalesce(by_meter.overage_revenue, 0) <> coalesce(posted.overage_revenue, 0)
    or coalesce(by_meter.supplier_share, 0) <> coalesce(posted.supplier_share, 0)
