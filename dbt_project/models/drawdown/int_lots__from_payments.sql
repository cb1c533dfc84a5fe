-- One row per lot that a settled payment for an offer grants. A pack grants when it is paid.

with

payments as (
    select * from {{ ref('stg_payments') }}
    where
        kind = 'payment'
        and offer is not null
        and subscription_id is null
),

customers as (
    select * from {{ ref('stg_customers') }}
),

offers as (
    select * from {{ ref('int_offer_windows') }}
    where plan_every_unit is null and every_unit is null
)

select
    payments.payment_id || ':' || offers.grant_no as lot_id,
    'payment' as origin,
    payments.payment_id as origin_id,
    payments.customer_id,
    offers.wallet,
    offers.kind,
    cast(offers.credits * payments.quantity as {{ t_credits() }}) as credits,
    offers.earns,
    payments.net_amount as origin_amount,
    payments.currency as origin_currency,
    payments.occurred_at as valued_at,
    payments.occurred_at as effective_at,
    payments.booked_at as usable_from,
    case offers.expires
        when 'duration' then {{ add_calendar('payments.occurred_at', 'offers.expires_count', 'offers.expires_unit') }}
    end as expires_at,
    offers.priority,
    offers.offer,
    payments.payment_id,
    cast(null as string) as subscription_id,
    cast(null as int) as subscription_period,
    offers.card_version,
    offers.grant_no,
    payments.quantity,
    offers.ssp,
    offers.expected_use
from payments
inner join customers
    on payments.customer_id = customers.customer_id
inner join offers
    on
        payments.offer = offers.offer
        and customers.track_no = offers.track_no
        and {{ in_card_window('payments.occurred_at', 'payments.booked_at', 'offers') }}
