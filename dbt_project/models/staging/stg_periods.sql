-- One row per period (calendar month in the book's zone) from the book's first to the one as_of falls in.
--
-- closes_at is when the period was last closed, the end of time for a period that is open. Until
-- first_closed_at nothing could be late for the period; what was received later looks for its open window.

with

book as (
    select * from {{ source('config', 'book') }}
),

register as (
    select * from {{ source('feeds', 'period_closes') }}
    where closed_at < {{ as_of() }}
),

bounds as (
    select
        first_period,
        {{ period_of(just_before(as_of())) }} as last_period
    from book
),

months as (
    {{ month_spine('(select first_period from bounds)', '(select last_period from bounds)') }}
),

-- Closing a period closes every period before it.
first_closes as (
    select
        months.period,
        min(register.closed_at) as closed_at
    from months
    inner join register
        on months.period <= register.period
    where register.action = 'close'
    group by months.period
),

last_action as (
    select
        period,
        action,
        closed_at,
        row_number() over (partition by period order by closed_at desc, close_id desc) as recency
    from register
)

select
    months.period,
    cast(row_number() over (order by months.period) as int) as period_no,
    {{ instant_of('months.period') }} as starts_at,
    {{ instant_of(next_period('months.period')) }} as ends_at,
    coalesce(first_closes.closed_at, {{ end_of_time() }}) as first_closed_at,
    coalesce(last_action.closed_at, {{ end_of_time() }}) as closes_at
from months
left join first_closes
    on months.period = first_closes.period
left join last_action
    on
        months.period = last_action.period
        and last_action.recency = 1
        and last_action.action = 'close'
