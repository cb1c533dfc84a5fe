-- Fails for a billing period of a plan with a price that no lot carries: all its grants are given. The price
-- would be billed and deferred nowhere, and its payment would stand alone.

select
    periods.subscription_id,
    periods.period_index,
    periods.offer,
    periods.period_start,
    coalesce(periods.agreed_price, offers.price_amount) as price
from {{ ref('int_subscription_periods') }} as periods
inner join {{ ref('stg_customers') }} as customers
    on periods.customer_id = customers.customer_id
{{ join_open_window('periods.received_at', 'billing') }}
inner join {{ ref('int_card_windows') }} as windows
    on
        customers.track_no = windows.track_no
        and {{ in_card_window('periods.period_start', booked_at('periods.period_start', 'billing'), 'windows') }}
inner join {{ source('config', 'offers') }} as offers
    on
        windows.version = offers.version
        and periods.offer = offers.offer
left join {{ ref('int_lots') }} as lots
    on
        periods.subscription_id = lots.subscription_id
        and periods.period_index = lots.subscription_period
        and lots.consideration > 0
where
    coalesce(periods.agreed_price, offers.price_amount) * periods.quantity > 0
    and periods.covered > 0
    and lots.lot_id is null
