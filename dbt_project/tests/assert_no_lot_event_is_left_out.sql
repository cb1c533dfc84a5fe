-- Fails for a change to a lot that names no lot, or is of a kind the drawdown does not carry out.

select
    events.lot_event_id,
    events.lot_id,
    events.kind
from {{ source('feeds', 'lot_events') }} as events
left join {{ ref('int_lots') }} as lots
    on events.lot_id = lots.lot_id
where
    {{ is_known('events.occurred_at', 'events.received_at') }}
    and (lots.lot_id is null or events.kind not in ('void', 'reduce'))
