-- Fails for a draw booked before its lot could be used, or at or after the lot's end.

select
    draws.event_no,
    lots.lot_id,
    draws.booked_at,
    lots.usable_from,
    lots.expires_at
from {{ ref('int_draws') }} as draws
inner join {{ ref('int_lots') }} as lots
    on draws.lot_no = lots.lot_no
where
    draws.booked_at < lots.usable_from
    or draws.booked_at >= lots.expires_at
