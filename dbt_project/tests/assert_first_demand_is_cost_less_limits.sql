-- Fails for an event whose cost is not what it asks of its first wallet, or of nobody where it is billed
-- afterwards, plus what a guardrail kept from it.

with

asked as (
    {% for level in range(var('wallet_levels') | int) %}
    select
        event_no,
        needed
    from {{ ref('int_demand__level_' ~ level) }}
    where position = 1
    union all
    {% endfor %}
    select
        event_no,
        credits as needed
    from {{ ref('int_uncovered') }}
    where cause = 'postpaid'
)

select
    rated.event_no,
    rated.cost,
    asked.needed,
    over_limit.excess
from {{ ref('int_events_rated') }} as rated
left join asked
    on rated.event_no = asked.event_no
left join {{ ref('int_limit_excess') }} as over_limit
    on rated.event_no = over_limit.event_no
where rated.cost is distinct from coalesce(asked.needed, 0) + coalesce(over_limit.excess, 0)
    and rated.rate_no is not null
