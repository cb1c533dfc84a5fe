-- One row per usage event the books know, after corrections.
--
-- An event that `corrects` another takes its place: the corrected one leaves, and a correction with
-- quantity 0 leaves nothing to price (a void). Of several corrections of one event the last known stands
-- (by received_at, then event_id); a correction may be corrected in its turn. Kept narrow: the words of an
-- event (ids, user, team) stay in raw.usage and are joined back by event_no where people read them.

with

usage as (
    select * from {{ source('feeds', 'usage') }}
    where {{ is_known('occurred_at', 'received_at') }}
),

-- Read apart from the usage they correct: what is used twice is kept whole in memory, and this is little.
corrections as (
    select
        event_id,
        corrects,
        row_number() over (
            partition by corrects
            order by coalesce(received_at, occurred_at) desc, event_id desc
        ) as recency
    from {{ source('feeds', 'usage') }}
    where
        corrects is not null
        and {{ is_known('occurred_at', 'received_at') }}
),

replaced as (
    select corrects as event_id from corrections
    where recency = 1
    union all
    select event_id from corrections
    where recency > 1
),

periods as (
    select * from {{ ref('stg_periods') }}
),

final as (
    select
        usage.event_no,
        usage.customer_no,
        usage.property_set_no,
        usage.quantity,
        usage.occurred_at,
        usage.received_at,
        {{ period_of('usage.occurred_at') }} as service_period
    from usage
    where
        not exists (
            select 1 from replaced
            where replaced.event_id = usage.event_id
        )
)

select
    final.event_no,
    final.customer_no,
    final.property_set_no,
    final.quantity,
    final.occurred_at,
    {{ booked_at('final.occurred_at') }} as booked_at,
    final.service_period
from final
left join periods
    on final.service_period = periods.period
-- Only what was received after its own period was first closed can be late: the search for its open window
-- is limited to those few rows.
{{ join_open_window('case when final.received_at >= periods.first_closed_at then final.received_at end') }}
