-- One row per event with a part that a guardrail keeps from the wallets.
--
-- Several limits intersect: the strictest wins, and where both actions apply the part that must stay
-- unfunded is unfunded. Limits that only flag take nothing away. Credits are those of the first wallet of the
-- event's price, whatever the limits count in.

with

per_action as (
    select
        hits.event_no,
        max(case when limits.action = 'unfunded' then hits.excess_credits end) as unfunded,
        max(case when limits.action = 'overage' then hits.excess_credits end) as overage
    from {{ ref('int_limit_hits') }} as hits
    inner join {{ ref('stg_limits') }} as limits
        on hits.limit_no = limits.limit_no
    where limits.action in ('unfunded', 'overage')
    group by hits.event_no
)

select
    event_no,
    cast(greatest(coalesce(unfunded, 0), coalesce(overage, 0)) as {{ t_credits() }}) as excess,
    cast(coalesce(unfunded, 0) as {{ t_credits() }}) as unfunded_excess,
    cast(greatest(coalesce(overage, 0) - coalesce(unfunded, 0), 0) as {{ t_credits() }}) as overage_excess
from per_action
