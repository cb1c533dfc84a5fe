-- Fails for a close of a period that is closed already, and for a reopening of one that is open. What is closed
-- is everything before one point in time: a close that moves it back would let facts into a closed period.

with

book as (
    select * from {{ source('config', 'book') }}
),

entries as (
    select
        close_id,
        period,
        action,
        closed_at,
        case when action = 'close' then {{ next_period('period') }} else period end as open_from
    from {{ source('feeds', 'period_closes') }}
    where closed_at < {{ as_of() }}
),

steps as (
    select
        entries.close_id,
        entries.period,
        entries.action,
        entries.closed_at,
        coalesce(
            lag(entries.open_from) over (order by entries.closed_at, entries.close_id),
            book.first_period
        ) as was_open_from
    from entries
    cross join book
)

select
    close_id,
    period,
    action,
    closed_at,
    was_open_from
from steps
where
    (action = 'close' and period < was_open_from)
    or (action <> 'close' and period >= was_open_from)
