-- One row per lot that a settled payment for an offer grants. A pack grants when it is paid.
--
-- A pack sold by amount grants credits x amount less tax / price; a bonus with slabs, what the slab of the
-- purchase says, as a number or as a share of the paid credits in its wallet. Each is rounded once to the
-- wallet's decimals. An amount in another currency than the price measures nothing.

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
),

slabs as (
    select * from {{ source('config', 'offer_slabs') }}
),

wallets as (
    select * from {{ source('config', 'wallets') }}
),

promised as (
    select
        payments.payment_id,
        payments.customer_id,
        payments.net_amount,
        payments.quantity,
        payments.currency,
        payments.occurred_at,
        payments.booked_at,
        payments.received_at,
        payments.currency = offers.price_currency as is_in_currency,
        offers.offer,
        offers.grant_no,
        offers.wallet,
        offers.kind,
        offers.credits,
        offers.price_amount,
        offers.sold_by,
        offers.slabs_by,
        offers.earns,
        offers.priority,
        offers.expires,
        offers.expires_count,
        offers.expires_unit,
        offers.ssp,
        offers.expected_use,
        offers.card_version,
        wallets.precision,
        wallets.rounding
    from payments
    inner join customers
        on payments.customer_id = customers.customer_id
    inner join offers
        on
            payments.offer = offers.offer
            and customers.track_no = offers.track_no
            and {{ in_card_window('payments.occurred_at', 'payments.booked_at', 'offers') }}
    inner join wallets
        on offers.wallet = wallets.wallet
),

bought as (
    select
        *,
        case
            when sold_by = 'amount' then {{ share_in_quanta(
                'credits', billionths('net_amount'), billionths('price_amount'), 'precision', 'rounding') }}
            else cast(credits * quantity as {{ t_credits() }})
        end as granted,
        case
            when sold_by = 'amount' then {{ share_in_quanta(
                'cast(1 as ' ~ t_credits() ~ ')', billionths('net_amount'), billionths('price_amount'), '9') }}
            else quantity
        end as purchases
    from promised
    where
        slabs_by is null
        and (is_in_currency or coalesce(sold_by, 'quantity') <> 'amount')
),

paid as (
    select
        payment_id,
        wallet,
        {{ sum_credits('granted') }} as credits
    from bought
    where kind = 'paid'
    group by payment_id, wallet
),

sized as (
    select
        promised.*,
        coalesce(paid.credits, {{ zero_credits() }}) as paid_credits,
        case
            when promised.slabs_by = 'credits' then coalesce(paid.credits, {{ zero_credits() }})
            when promised.is_in_currency then cast(promised.net_amount as {{ t_credits() }})
        end as purchase_size
    from promised
    left join paid
        on
            promised.payment_id = paid.payment_id
            and promised.wallet = paid.wallet
    where promised.slabs_by is not null
),

added as (
    select
        sized.*,
        case
            when slabs.share is null then slabs.credits
            else {{ share_in_quanta(
                'sized.paid_credits', billionths('slabs.share'), '1000000000', 'sized.precision', 'sized.rounding') }}
        end as granted,
        sized.quantity as purchases
    from sized
    inner join slabs
        on
            sized.card_version = slabs.version
            and sized.offer = slabs.offer
            and sized.grant_no = slabs.grant_no
            and sized.purchase_size >= slabs.slab_from
            and (slabs.slab_to is null or sized.purchase_size < slabs.slab_to)
),

{% set columns = [
    'payment_id', 'customer_id', 'net_amount', 'currency', 'occurred_at', 'booked_at', 'received_at', 'offer', 'grant_no',
    'wallet', 'kind', 'earns', 'priority', 'expires', 'expires_count', 'expires_unit', 'card_version', 'granted', 'purchases',
    'ssp', 'expected_use'] -%}
granted as (
    select {{ columns | join(', ') }} from bought
    union all
    select {{ columns | join(', ') }} from added
)

select
    payment_id || ':' || grant_no as lot_id,
    'payment' as origin,
    payment_id as origin_id,
    customer_id,
    wallet,
    kind,
    granted as credits,
    earns,
    net_amount as origin_amount,
    currency as origin_currency,
    occurred_at as valued_at,
    occurred_at as granted_at,
    booked_at,
    occurred_at as effective_at,
    booked_at as usable_from,
    received_at,
    case expires
        when 'duration' then {{ add_calendar('occurred_at', 'expires_count', 'expires_unit') }}
    end as expires_at,
    priority,
    offer,
    payment_id,
    cast(null as string) as subscription_id,
    cast(null as int) as subscription_period,
    card_version,
    grant_no,
    purchases as quantity,
    ssp,
    expected_use
from granted
