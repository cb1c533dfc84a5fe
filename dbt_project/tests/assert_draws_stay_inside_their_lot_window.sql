-- Fails for a draw booked before its lot could be used, or at or after the lot's end.

select
    draws.event_no,
    lots.lot_id,
    rated.booked_at,
    lots.usable_from,
    lots.expires_at
from {{ ref('int_draws') }} as draws
inner join {{ ref('int_events_rated') }} as rated
    on draws.event_no = rated.event_no
inner join {{ ref('int_lots') }} as lots
    on draws.lot_no = lots.lot_no
where
    rated.booked_at < lots.usable_from
    or rated.booked_at >= lots.expires_at
