-- One row per lot of the grants feed: promises made outside an offer, and balances brought in.
--
-- Without a consideration of its own, a paid or bonus grant shares the net amount of its payment. What a payment
-- was received for is valued at its day.

with

grants as (
    select * from {{ source('feeds', 'grants') }}
    where {{ is_known('effective_at', 'received_at') }}
),

payments as (
    select * from {{ ref('stg_payments') }}
    where kind = 'payment'
)

select
    grants.grant_id as lot_id,
    case when payments.payment_id is null or grants.consideration is not null then 'grant' else 'payment' end as origin,
    case
        when payments.payment_id is null or grants.consideration is not null then grants.grant_id
        else payments.payment_id
    end as origin_id,
    grants.customer_id,
    grants.wallet,
    grants.kind,
    grants.credits,
    grants.consideration is not null or (payments.payment_id is not null and grants.kind in ('paid', 'bonus')) as earns,
    cast(coalesce(grants.consideration, payments.net_amount, 0) as {{ t_money() }}) as origin_amount,
    case when grants.consideration is null then coalesce(payments.currency, grants.currency) else grants.currency end as origin_currency,
    coalesce(payments.occurred_at, grants.effective_at) as valued_at,
    grants.effective_at as granted_at,
    {{ booked_at('grants.effective_at') }} as booked_at,
    grants.effective_at,
    {{ booked_at('grants.effective_at') }} as usable_from,
    coalesce(grants.received_at, grants.effective_at) as received_at,
    grants.expires_at,
    coalesce(grants.priority, 100) as priority,
    cast(null as string) as offer,
    grants.payment_id,
    cast(null as string) as subscription_id,
    cast(null as int) as subscription_period,
    cast(null as string) as card_version,
    cast(null as int) as grant_no,
    cast(null as {{ t_credits() }}) as quantity,
    cast(null as {{ t_amount() }}) as ssp,
    cast(null as {{ t_amount() }}) as expected_use
from grants
left join payments
    on grants.payment_id = payments.payment_id
{{ join_open_window('grants.received_at') }}
