-- One row per posting of usage sold in arrears: Dr unbilled receivable, Cr overage revenue.

with

billed as (
    select
        wallet,
        currency,
        booked_period,
        {{ sum_money('amount') }} as amount
    from {{ ref('int_overage_billed') }}
    group by wallet, currency, booked_period
),

book as (
    select coalesce(currencies.minor_units, 2) as functional_minor_units
    from {{ source('config', 'book') }} as book
    left join {{ source('config', 'currencies') }} as currencies
        on book.functional_currency = currencies.currency
),

converted as (
    select
        billed.*,
        {{ functional('billed.amount', 'fx.rate', 'book.functional_minor_units') }} as functional_amount
    from billed
    cross join book
    {{ join_fx_rate('billed.currency', 'cast(billed.booked_period as timestamp)') }}
)

select
    'overage' as cause,
    booked_period,
    'unbilled_receivable' as account_role,
    wallet,
    currency,
    amount,
    functional_amount
from converted
union all
select
    'overage' as cause,
    booked_period,
    'overage_revenue' as account_role,
    wallet,
    currency,
    -amount as amount,
    -functional_amount as functional_amount
from converted
