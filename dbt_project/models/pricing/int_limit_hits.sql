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
    select * from {{ ref('stg_members') }}
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
        usage.occurred_at,
        rated.cost,
        chain.wallet,
        usage.event_id,
        usage.user_id,
        usage.team_id
    from rated
    inner join limited_customers
        on rated.customer_no = limited_customers.customer_no
    inner join chain
        on rated.rate_no = chain.rate_no
    inner join {{ source('feeds', 'usage') }} as usage
        on rated.event_no = usage.event_no
),

-- Whom an event counts for: its user, once, and its team. An event that names no team counts for every team
-- its user was in at that instant.
subjects as (
    select
        event_no,
        'user' as subject_type,
        user_id as subject_id
    from events
    where user_id is not null
    union all
    select
        event_no,
        'team' as subject_type,
        team_id as subject_id
    from events
    where team_id is not null
    union all
    select
        events.event_no,
        'team' as subject_type,
        members.team_id as subject_id
    from events
    inner join members
        on
            events.customer_id = members.customer_id
            and events.user_id = members.user_id
            and events.occurred_at >= members.valid_from
            and events.occurred_at < coalesce(members.valid_to, {{ end_of_time() }})
    where events.team_id is null
    group by events.event_no, members.team_id
),

counted as (
    select
        events.*,
        limits.limit_id,
        limits.action,
        limits.credits as limit_credits,
        limits.window_unit,
        limits.scope,
        subjects.subject_id,
        case limits.window_unit
            when 'day' then {{ local_start_of('day', 'events.occurred_at') }}
            when 'week' then {{ local_start_of('week', 'events.occurred_at') }}
            when 'month' then {{ period_of('events.occurred_at') }}
        end as window_start
    from events
    inner join subjects
        on events.event_no = subjects.event_no
    inner join limits
        on
            events.customer_id = limits.customer_id
            and (limits.wallet is null or events.wallet = limits.wallet)
            and events.occurred_at >= limits.effective_from
            and events.occurred_at < limits.effective_to
            and case limits.scope
                when 'user' then subjects.subject_type = 'user' and subjects.subject_id = limits.subject_id
                when 'team' then subjects.subject_type = 'team' and subjects.subject_id = limits.subject_id
                when 'each_user' then subjects.subject_type = 'user'
                else subjects.subject_type = 'team'
            end
),

running as (
    select
        *,
        {{ sum_credits(
            'cost',
            'partition by limit_id, subject_id, window_start'
            ~ ' order by occurred_at, event_id rows unbounded preceding') }} as used_to
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
