-- One row per usage event the books know, after corrections.
--
-- An event that `corrects` another takes its place: the corrected one leaves, and a correction with
-- quantity 0 leaves nothing to price (a void). Kept narrow: the words of an event (ids, user, team) stay
-- in raw.usage and are joined back by event_no where people read them.

with

usage as (
    select * from {{ source('feeds', 'usage') }}
    where {{ is_known('occurred_at', 'received_at') }}
),

corrected as (
    select distinct corrects as event_id
    from usage
    where corrects is not null
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
            select 1 from corrected
            where corrected.event_id = usage.event_id
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
