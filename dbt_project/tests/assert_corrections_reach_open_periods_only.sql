-- Fails for a correction of an event whose booked period was already closed when the correction arrived: the
-- closed figure must be reversed in the open period, which needs an entry of its own.

select
    correction.event_id,
    correction.corrects,
    correction.received_at
from {{ source('feeds', 'usage') }} as correction
inner join {{ source('feeds', 'usage') }} as original
    on correction.corrects = original.event_id
{{ join_open_window('original.received_at', 'original_window') }}
{{ join_open_window('correction.received_at', 'correction_window') }}
where
    {{ is_known('correction.occurred_at', 'correction.received_at') }}
    and correction_window.open_from > {{ booked_at('original.occurred_at', 'original_window') }}
