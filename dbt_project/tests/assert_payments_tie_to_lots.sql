-- Fails for a payment whose lots do not carry exactly its net amount, or whose grants state considerations of their
-- own that come to more than it, or are in another currency (identity 7).

with

carried as (
    select
        payment_id,
        max(case when origin = 'payment' then 1 else 0 end) = 1 as shares_it,
        sum(consideration) as consideration,
        sum(functional_consideration) as functional_consideration,
        min(currency) as currency,
        max(currency) as other_currency
    from {{ ref('int_lots') }}
    where
        origin in ('payment', 'grant')
        and consideration <> 0
    group by payment_id
)

select
    payments.payment_id,
    payments.currency,
    payments.net_amount,
    carried.consideration
from {{ ref('stg_payments') }} as payments
inner join carried
    on payments.payment_id = carried.payment_id
where
    payments.kind = 'payment'
    and (
        carried.consideration > payments.net_amount
        or carried.currency <> payments.currency
        or carried.other_currency <> payments.currency
        or (carried.shares_it and payments.net_amount is distinct from carried.consideration)
        or (carried.shares_it and payments.net_functional is distinct from carried.functional_consideration)
    )
