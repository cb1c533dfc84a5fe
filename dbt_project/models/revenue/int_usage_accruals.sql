-- One row per wallet, currency and month whose usage is not thought to have arrived whole: what is accrued.
--
-- An estimate, made when a month is over by the policy in force at its end: a share of the month's revenue from
-- usage. It stands until the end of the month and is reversed in the next one, when what was late is booked
-- for itself (ACCOUNTING 10).

with

periods as (
    select * from {{ ref('stg_periods') }}
    where ends_at <= {{ as_of() }}
),

windows as (
    select * from {{ ref('stg_policy_windows') }}
    where topic = 'usage_accrual'
),

used as (
    select
        lots.wallet,
        lots.currency,
        lots.minor_units,
        lots.functional_minor_units,
        settlements.booked_period,
        {{ sum_money('settlements.usage_revenue') }} as usage_revenue,
        {{ sum_money('settlements.usage_revenue_functional') }} as usage_revenue_functional
    from {{ ref('int_lot_settlements') }} as settlements
    inner join {{ ref('int_lots') }} as lots
        on settlements.lot_no = lots.lot_no
    left join {{ ref('int_ratable_lots') }} as ratable
        on lots.lot_no = ratable.lot_no
    where ratable.lot_no is null
    group by lots.wallet, lots.currency, lots.minor_units, lots.functional_minor_units, settlements.booked_period
),

decided as (
    select
        used.*,
        windows.policy_no,
        windows.share,
        row_number() over (
            partition by used.wallet, used.currency, used.booked_period
            order by case windows.subject when used.wallet then 1 else 2 end
        ) as place
    from used
    inner join periods
        on used.booked_period = periods.period
    inner join windows
        on
            used.booked_period = windows.period
            and periods.ends_at > windows.in_force_from
            and periods.ends_at <= windows.in_force_to
            and windows.subject in (used.wallet, 'default')
)

select
    wallet,
    currency,
    booked_period,
    policy_no,
    share,
    usage_revenue,
    {{ functional('usage_revenue', 'share', 'minor_units') }} as accrued,
    {{ functional('usage_revenue_functional', 'share', 'functional_minor_units') }} as accrued_functional
from decided
where
    place = 1
    and share > 0
