-- Fails for a lot past its end that still holds credits: every expiry is booked.

select
    lots.lot_id,
    lots.expires_at,
    min(settlements.closing_credits) as remaining
from {{ ref('int_lots') }} as lots
inner join {{ ref('int_lot_settlements') }} as settlements
    on lots.lot_no = settlements.lot_no
where lots.expires_at <= {{ as_of() }}
group by lots.lot_id, lots.expires_at
having min(settlements.closing_credits) <> 0
