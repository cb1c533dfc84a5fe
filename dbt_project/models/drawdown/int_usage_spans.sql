-- One row per span of four weeks in which usage was booked.
--
-- Windows of time are cut at spans, so that an event finds its own by equal keys (macro in_windows).

with

spans as (
    select {{ span_no('booked_at') }} as span_no
    from {{ ref('int_events_rated') }}
    group by {{ span_no('booked_at') }}
)

select
    span_no,
    {{ week_start('span_no * 4') }} as starts_at,
    {{ week_start('span_no * 4 + 4') }} as ends_at
from spans
