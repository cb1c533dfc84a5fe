-- One row per event and guardrail whose window it pushes above the limit: the part above it.
--
-- A guardrail counts what its subject used in full, in the credits of the first wallet of the price, in
-- order of service time; it counts usage that another limit stopped too (decision 8). Credits above the
-- limit are exactly the part of the event that crosses it.

with

limits as (
    select * from {{ ref('stg_limits') }}
),

rated as (
    select * from {{ ref('int_events_rated') }}
    where cost > 0
),

customers as (
    select * from {{ ref('stg_customers') }}
    where customer_no is not null
),

chain as (
    select * from {{ ref('int_rate_chain') }}
    where position = 1
),

members as (
    select * from {{ source('feeds', 'members') }}
),

limited_customers as (
    select distinct
        customers.customer_no,
        customers.customer_id
    from customers
    inner join limits
        on customers.customer_id = limits.customer_id
),

events as (
    select
        rated.event_no,
        limited_customers.customer_id,
        rated.occurred_at,
        rated.cost,
        chain.wallet,
        usage.event_id,
        usage.user_id,
        coalesce(usage.team_id, members.team_id) as team_id
    from rated
    inner join limited_customers
        on rated.customer_no = limited_customers.customer_no
    inner join chain
        on rated.rate_no = chain.rate_no
    inner join {{ source('feeds', 'usage') }} as usage
        on rated.event_no = usage.event_no
    left join members
        on
            limited_customers.customer_id = members.customer_id
            and usage.user_id = members.user_id
            and usage.team_id is null
            and rated.occurred_at >= members.valid_from
            and rated.occurred_at < coalesce(members.valid_to, {{ end_of_time() }})
),

counted as (
    select
        events.*,
        limits.limit_id,
        limits.action,
        limits.credits as limit_credits,
        limits.window_unit,
        limits.scope,
        case when limits.scope in ('user', 'each_user') then events.user_id else events.team_id end as subject_id,
        case limits.window_unit
            when 'day' then {{ local_start_of('day', 'events.occurred_at') }}
            when 'week' then {{ local_start_of('week', 'events.occurred_at') }}
            when 'month' then {{ period_of('events.occurred_at') }}
        end as window_start
    from events
    inner join limits
        on
            events.customer_id = limits.customer_id
            and (limits.wallet is null or limits.wallet = events.wallet)
            and events.occurred_at >= limits.effective_from
            and events.occurred_at < limits.effective_to
            and case limits.scope
                when 'user' then events.user_id = limits.subject_id
                when 'team' then events.team_id = limits.subject_id
                when 'each_user' then events.user_id is not null
                else events.team_id is not null
            end
),

running as (
    select
        *,
        {{ sum_credits('cost', "partition by limit_id, subject_id, window_start order by occurred_at, event_id rows unbounded preceding") }} as used_to
    from counted
)

select
    event_no,
    limit_id,
    customer_id,
    scope,
    subject_id,
    window_unit,
    window_start,
    action,
    limit_credits,
    used_to,
    cast(least(cost, used_to - limit_credits) as {{ t_credits() }}) as excess
from running
where used_to > limit_credits
