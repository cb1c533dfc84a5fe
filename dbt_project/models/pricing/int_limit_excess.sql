-- One row per event with a part that a guardrail keeps from the wallets.
--
-- Several limits intersect: the strictest wins, and where both actions apply the part that must stay
-- unfunded is unfunded. Limits that only flag take nothing away.

with

per_action as (
    select
        event_no,
        max(case when action = 'unfunded' then excess end) as unfunded,
        max(case when action = 'overage' then excess end) as overage
    from {{ ref('int_limit_hits') }}
    where action in ('unfunded', 'overage')
    group by event_no
)

select
    event_no,
    cast(greatest(coalesce(unfunded, 0), coalesce(overage, 0)) as {{ t_credits() }}) as excess,
    cast(coalesce(unfunded, 0) as {{ t_credits() }}) as unfunded_excess,
    cast(greatest(coalesce(overage, 0) - coalesce(unfunded, 0), 0) as {{ t_credits() }}) as overage_excess
from per_action
