-- Fails for a change to a lot that the drawdown does not carry out, and says why: it names no lot, it extends
-- transfers or reprices one that cannot be, or it resets one that rolls over.

with

events as (
    select
        events.lot_event_id,
        events.lot_id,
        events.kind,
        lots.lot_no,
        lots.parent_lot_id
    from {{ ref('stg_lot_events') }} as events
    left join {{ ref('int_lots') }} as lots
        on events.lot_id = lots.lot_id
),

judged as (
    select
        events.lot_event_id,
        events.lot_id,
        events.kind,
        case
            when events.lot_no is null then 'no lot has this id'
            when events.kind in ('extend', 'reset') and events.parent_lot_id is not null
                then 'a refill follows the lot it fills, ' || events.parent_lot_id
            when events.kind = 'extend' then extensions.problem
            when events.kind in ('transfer', 'reprice') then transfers.problem
            when events.kind = 'reset' and rollovers.lot_no is not null then 'the lot rolls over, by the terms of its offer'
        end as problem
    from events
    left join {{ ref('int_lot_extensions') }} as extensions
        on
            events.lot_no = extensions.lot_no
            and events.lot_event_id = extensions.lot_event_id
    left join {{ ref('int_lot_transfers') }} as transfers
        on events.lot_event_id = transfers.lot_event_id
    left join {{ ref('int_lot_rollovers') }} as rollovers
        on events.lot_no = rollovers.lot_no
)

select *
from judged
where problem is not null
