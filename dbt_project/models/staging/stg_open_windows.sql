-- One row per stretch of knowledge time: the first instant that was still open for booking during it.
--
-- Periods close in order, so "open" is one frontier: everything before it is closed. A fact received
-- in [known_from, known_to) is booked at its own time or at open_from, whichever is later. window_key
-- is 1 in every row: a key to join on, so that rows that cannot be late are never compared.

with

register as (
    select * from {{ source('feeds', 'period_closes') }}
    where closed_at < {{ as_of() }}
),

frontiers as (
    select
        closed_at as known_from,
        close_id,
        case
            when action = 'close' then {{ instant_of(next_period('period')) }}
            else {{ instant_of('period') }}
        end as open_from
    from register
),

steps as (
    select
        known_from,
        open_from,
        lead(known_from) over (order by known_from, close_id) as known_to
    from frontiers
)

select
    1 as window_key,
    known_from,
    coalesce(known_to, {{ end_of_time() }}) as known_to,
    open_from
from steps
where known_to is null or known_to > known_from
