-- One row per booked period, meter and stretch of time in which what is metered is sold for somebody else.
--
-- A decision on principal or agent that names the meter goes before the default (policy principal). Usage follows
-- the decision in force when it is booked; without one the vendor is principal (ACCOUNTING 9).

with

decisions as (
    select * from {{ ref('stg_policy_windows') }}
    where topic = 'principal'
),

meters as (
    select meter from {{ source('config', 'meters') }}
),

-- From its first decision on a meter no longer follows the default.
named as (
    select
        period,
        subject as meter,
        min(in_force_from) as named_from
    from decisions
    where subject <> 'default'
    group by period, subject
)

select
    period as booked_period,
    subject as meter,
    in_force_from,
    in_force_to
from decisions
where
    subject <> 'default'
    and method = 'agent'
union all
select
    decisions.period as booked_period,
    meters.meter,
    decisions.in_force_from,
    least(decisions.in_force_to, coalesce(named.named_from, decisions.in_force_to)) as in_force_to
from decisions
cross join meters
left join named
    on
        decisions.period = named.period
        and meters.meter = named.meter
where
    decisions.subject = 'default'
    and decisions.method = 'agent'
    and decisions.in_force_from < coalesce(named.named_from, decisions.in_force_to)
