-- One row per wallet, currency and month with an accrual: what was estimated, and what arrived late since.
--
-- arrived is revenue of usage of the month that was booked in later ones; its difference to what was accrued is
-- the record that an estimate is defended with (ACCOUNTING 10).

with

accruals as (
    select * from {{ ref('int_usage_accruals') }}
),

late as (
    select
        wallet,
        currency,
        service_period,
        {{ sum_money('revenue') }} as arrived
    from {{ ref('int_usage_revenue_shares') }}
    where service_period < booked_period
    group by wallet, currency, service_period
),

policies as (
    select
        policy_no,
        max(approved_by) as approved_by,
        max(reference) as reference
    from {{ source('config', 'policies') }}
    group by policy_no
)

select
    accruals.wallet,
    accruals.currency,
    accruals.booked_period,
    accruals.usage_revenue,
    accruals.share,
    accruals.accrued,
    coalesce(late.arrived, {{ zero_money() }}) as arrived,
    cast(accruals.accrued - coalesce(late.arrived, {{ zero_money() }}) as {{ t_money() }}) as difference,
    policies.approved_by,
    policies.reference
from accruals
inner join policies
    on accruals.policy_no = policies.policy_no
left join late
    on
        accruals.wallet = late.wallet
        and accruals.currency = late.currency
        and accruals.booked_period = late.service_period
