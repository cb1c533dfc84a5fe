-- Fails for a lot that the policy spreads over its window, and whose window has no end to spread it to.

select
    lots.lot_id,
    lots.wallet,
    lots.offer
from {{ ref('int_lots') }} as lots
{{ join_policies('progress', 'lots', 'lots.booked_period', 'lots.usable_from') }}
where
    lots.consideration > 0
    and lots.expires_at is null
    and {{ policy_setting('progress', 'method') }} = 'ratable'
