-- Fails for a lot past the end of its last phase that still holds credits: every expiry is booked.

select
    lots.lot_id,
    phases.expires_at,
    min(settlements.closing_credits) as remaining
from {{ ref('int_lots') }} as lots
inner join {{ ref('int_lot_phases') }} as phases
    on lots.lot_no = phases.lot_no
inner join {{ ref('int_lot_settlements') }} as settlements
    on lots.lot_no = settlements.lot_no
where
    phases.is_last
    and phases.expires_at <= {{ as_of() }}
group by lots.lot_id, phases.expires_at
having min(settlements.closing_credits) <> 0
