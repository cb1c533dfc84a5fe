-- One row per movement of a processor's balance that the books know, with the payout it went out with.
--
-- The feed may bring a movement twice: before its payout is known, and with it. period is the month it moved in, on
-- the book's clock: a processor knows nothing of our closes. Functional amounts take the rate of the day it moved.

with

known as (
    select
        settlement_id,
        max(processor) as processor,
        max(occurred_at) as occurred_at,
        max(kind) as kind,
        max(amount) as amount,
        max(fee) as fee,
        max(net) as net,
        max(currency) as currency,
        max(payment_id) as payment_id,
        max(available_at) as available_at,
        max(payout_id) as payout_id
    from {{ source('feeds', 'settlements') }}
    where {{ is_known('occurred_at', 'received_at') }}
    group by settlement_id
),

currencies as (
    select * from {{ source('config', 'currencies') }}
),

book as (
    select
        book.functional_currency,
        coalesce(currencies.minor_units, 2) as functional_minor_units
    from {{ source('config', 'book') }} as book
    left join currencies
        on book.functional_currency = currencies.currency
)

select
    known.settlement_id,
    known.processor,
    known.occurred_at,
    {{ period_of('known.occurred_at') }} as period,
    known.kind,
    known.currency,
    {{ to_money('known.amount', 'currencies.minor_units') }} as amount,
    {{ to_money('known.fee', 'currencies.minor_units') }} as fee_amount,
    {{ to_money('known.net', 'currencies.minor_units') }} as net_amount,
    {{ functional('known.amount', 'fx.rate', 'book.functional_minor_units') }} as functional_amount,
    {{ functional('known.fee', 'fx.rate', 'book.functional_minor_units') }} as fee_functional,
    known.payment_id,
    known.available_at,
    known.payout_id
from known
cross join book
left join currencies
    on known.currency = currencies.currency
{{ join_fx_rate('known.currency', 'known.occurred_at') }}
