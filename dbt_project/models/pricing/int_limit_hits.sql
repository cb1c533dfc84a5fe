-- One row per event, guardrail and subject whose window it pushes above the limit: the part above it.
--
-- A guardrail counts what its subject used in full, in the order of int_limit_usage and of service time; it
-- counts usage that another limit stopped too (decision 8). Above the limit is exactly the part of the event
-- that crosses it: excess in the unit of the guardrail, excess_credits the same share of the event's cost in
-- the first wallet of its price. Only in the place where the limit is reached does the order of events matter;
-- what comes later is above it in full.

with

limits as (
    select * from {{ ref('stg_limits') }}
),

exceeded as (
    select
        places.place_no,
        places.limit_no,
        places.subject_id,
        places.window_start,
        places.booked_period,
        places.day,
        places.cut_from,
        limits.scope_no,
        limits.wallet_rank,
        cast(places.allowance - places.used_to + places.used as {{ t_credits() }}) as left_over
    from {{ ref('int_limit_usage') }} as places
    inner join limits
        on places.limit_no = limits.limit_no
    where places.used_to > places.allowance
),

events as (
    select
        exceeded.place_no,
        exceeded.left_over,
        events.event_no,
        events.rate_no,
        events.occurred_at,
        events.sort_no,
        events.cost,
        events.value
    from {{ ref('int_limited_events') }} as events
    inner join exceeded
        on
            events.scope_no = exceeded.scope_no
            and events.subject_id = exceeded.subject_id
            and events.booked_period = exceeded.booked_period
            and events.day = exceeded.day
            and events.cut_from = exceeded.cut_from
            and events.wallet_rank = coalesce(exceeded.wallet_rank, events.wallet_rank)
    where events.value > 0
),

reaching as (
    select
        *,
        {{ sum_credits(
            'value',
            'partition by place_no order by occurred_at, sort_no, event_no rows unbounded preceding') }} as used_to
    from events
    where left_over > 0
),

above as (
    select
        place_no,
        event_no,
        rate_no,
        cost,
        value,
        value as excess
    from events
    where left_over <= 0
    union all
    select
        place_no,
        event_no,
        rate_no,
        cost,
        value,
        cast(least(value, used_to - left_over) as {{ t_credits() }}) as excess
    from reaching
    where used_to > left_over
)

select
    above.event_no,
    above.rate_no,
    exceeded.limit_no,
    exceeded.subject_id,
    exceeded.window_start,
    above.excess,
    {{ share_of('above.cost', 'above.excess', 'above.value') }} as excess_credits
from above
inner join exceeded
    on above.place_no = exceeded.place_no
