-- One row per change of a lot that the books know, with the instant it is booked at.

with

lot_events as (
    select * from {{ source('feeds', 'lot_events') }}
    where {{ is_known('occurred_at', 'received_at') }}
)

select
    lot_events.lot_event_id,
    lot_events.lot_id,
    lot_events.kind,
    lot_events.occurred_at,
    {{ booked_at('lot_events.occurred_at') }} as booked_at,
    lot_events.credits,
    lot_events.new_expires_at,
    lot_events.least,
    lot_events.most,
    lot_events.to_customer_id,
    lot_events.to_wallet,
    coalesce(lot_events.rate, 1) as rate,
    lot_events.reason,
    coalesce(lot_events.received_at, lot_events.occurred_at) as received_at
from lot_events
{{ join_open_window('lot_events.received_at') }}
