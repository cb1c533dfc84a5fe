-- Fails for a payment whose lots do not carry exactly its net amount (identity 7).

with

carried as (
    select
        origin_id as payment_id,
        sum(consideration) as consideration,
        sum(functional_consideration) as functional_consideration
    from {{ ref('int_lots') }}
    where origin = 'payment'
    group by origin_id
    having sum(consideration) <> 0
)

select
    payments.payment_id,
    payments.net_amount,
    carried.consideration
from {{ ref('stg_payments') }} as payments
inner join carried
    on payments.payment_id = carried.payment_id
where
    payments.net_amount is distinct from carried.consideration
    or payments.net_functional is distinct from carried.functional_consideration
