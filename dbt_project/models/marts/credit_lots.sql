-- One row per lot: what was granted, for how much, for how long, and where it came from.

select
    lot_id,
    customer_id,
    pool_id,
    wallet,
    kind,
    credits,
    consideration,
    currency,
    {{ unit_value('consideration', 'credits') }} as unit_value,
    granted_at,
    effective_at,
    usable_from,
    expires_at,
    priority,
    burn_rank,
    offer,
    payment_id,
    subscription_id,
    origin,
    origin_id,
    card_version,
    cast(null as string) as parent_lot_id,
    liability,
    booked_period
from {{ ref('int_lots') }}
