-- Fails for a subscription whose offer is not a plan of the card in force when it started.

select
    subscriptions.subscription_id,
    subscriptions.offer,
    subscriptions.started_at
from {{ ref('stg_subscriptions') }} as subscriptions
left join {{ ref('int_subscription_periods') }} as periods
    on subscriptions.subscription_id = periods.subscription_id
where
    (subscriptions.ended_at is null or subscriptions.ended_at > subscriptions.started_at)
    and periods.subscription_id is null
