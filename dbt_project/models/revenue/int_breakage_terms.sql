-- One row per wallet, offer and period: how credits that are never used become revenue.
--
-- The decision in force at the end of the period (or at as_of): one that names the offer goes before one that
-- names its wallet, and both before the default. expected_unused is what the constraint leaves of it (ASC
-- 606-10-55-48). Only contract liabilities have estimates: money that can be asked back is owed until it
-- expires (ACCOUNTING 6).

with

pools as (
    select
        wallet,
        offer
    from {{ ref('int_lots') }}
    where liability = 'contract_liability'
    group by wallet, offer
),

periods as (
    select
        *,
        least(ends_at, {{ as_of() }}) as judged_at,
        ends_at <= {{ as_of() }} as is_whole
    from {{ ref('stg_periods') }}
),

windows as (
    select * from {{ ref('stg_policy_windows') }}
    where topic = 'breakage'
),

candidates as (
    select
        pools.wallet,
        pools.offer,
        periods.period,
        periods.is_whole,
        windows.policy_no,
        windows.method,
        least(
            coalesce(windows.expected_unused, {{ zero_credits() }}),
            coalesce(windows.constrained_to, windows.expected_unused, {{ zero_credits() }})
        ) as expected_unused,
        coalesce(windows.escheat_share, {{ zero_credits() }}) as escheat_share,
        windows.months_inactive,
        row_number() over (
            partition by pools.wallet, pools.offer, periods.period
            order by case windows.subject when pools.offer then 1 when pools.wallet then 2 else 3 end
        ) as place
    from pools
    cross join periods
    inner join windows
        on
            periods.period = windows.period
            and periods.judged_at > windows.in_force_from
            and periods.judged_at <= windows.in_force_to
            and windows.subject in (pools.offer, pools.wallet, 'default')
)

select
    wallet,
    offer,
    period,
    is_whole,
    policy_no,
    method,
    expected_unused,
    escheat_share,
    months_inactive
from candidates
where place = 1
