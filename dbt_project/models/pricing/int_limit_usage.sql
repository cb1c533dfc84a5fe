-- One row per exceeded guardrail, subject, window and place in it: what the subject used.
--
-- A place is a day, of one booked period, on one side of every instant at which some guardrail begins or ends:
-- no guardrail sees part of a place. Usage is summed once per subject and place, whatever the number of
-- guardrails; only windows that are exceeded are kept, and only their events are looked at one by one. Order
-- inside a window is by booked period first: late usage comes after all that its window had booked when it
-- was closed, so that no closed figure moves (decision 16). Also kept are windows of which some usage has no
-- price in the currency of the guardrail: a check refuses them.

with

limits as (
    select * from {{ ref('stg_limits') }}
),

used as (
    select
        scope_no,
        subject_id,
        wallet_rank,
        booked_period,
        day,
        cut_from,
        min(occurred_at) as first_at,
        {{ sum_credits('value') }} as used,
        {{ sum_credits('cost') }} as used_credits,
        max(case when value is null then rate_no end) as unpriced_rate_no
    from {{ ref('int_limited_events') }}
    group by scope_no, subject_id, wallet_rank, booked_period, day, cut_from
),

counted as (
    select
        limits.limit_no,
        limits.allowance,
        used.subject_id,
        case limits.window_unit
            when 'day' then used.day
            when 'week' then {{ local_start_of('week', 'used.first_at') }}
            when 'month' then {{ period_of('used.first_at') }}
        end as window_start,
        used.booked_period,
        used.day,
        used.cut_from,
        {{ sum_credits('used.used') }} as used,
        {{ sum_credits('used.used_credits') }} as used_credits,
        max(used.unpriced_rate_no) as unpriced_rate_no
    from used
    inner join limits
        on
            used.scope_no = limits.scope_no
            and used.first_at >= limits.effective_from
            and used.first_at < limits.effective_to
            and (limits.wallet_rank is null or used.wallet_rank = limits.wallet_rank)
            and (limits.subject_id is null or used.subject_id = limits.subject_id)
    group by
        limits.limit_no,
        limits.allowance,
        used.subject_id,
        window_start,
        used.booked_period,
        used.day,
        used.cut_from
),

running as (
    select
        *,
        {{ sum_credits(
            'used',
            'partition by limit_no, subject_id, window_start'
            ~ ' order by booked_period, day, cut_from rows unbounded preceding') }} as used_to,
        {{ sum_credits('used', 'partition by limit_no, subject_id, window_start') }} as used_in_window,
        max(unpriced_rate_no) over (partition by limit_no, subject_id, window_start) as unpriced_in_window
    from counted
)

select
    cast(row_number() over (
        order by limit_no, subject_id, window_start nulls first, booked_period, day, cut_from
    ) as bigint) as place_no,
    limit_no,
    allowance,
    subject_id,
    window_start,
    booked_period,
    day,
    cut_from,
    used,
    used_credits,
    used_to,
    unpriced_rate_no
from running
where used_in_window > allowance or unpriced_in_window is not null
