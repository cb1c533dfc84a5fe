-- Fails for a draw booked before its lot could be used, or at or after the end of the lot's last phase.

with

windows as (
    select
        lot_no,
        min(usable_from) as usable_from,
        max(ends_at) as ends_at
    from {{ ref('int_lot_phases') }}
    group by lot_no
)

select
    draws.event_no,
    lots.lot_id,
    draws.booked_at,
    windows.usable_from,
    windows.ends_at
from {{ ref('int_draws') }} as draws
inner join {{ ref('int_lots') }} as lots
    on draws.lot_no = lots.lot_no
inner join windows
    on draws.lot_no = windows.lot_no
where
    draws.booked_at < windows.usable_from
    or draws.booked_at >= windows.ends_at
