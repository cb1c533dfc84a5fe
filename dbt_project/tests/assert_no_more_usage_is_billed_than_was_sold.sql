-- Fails for customers whose invoices of usage bill more than was sold to them in arrears: what would be billed is owed by
-- nobody, and unbilled receivables would be less than nothing.

with

billed as (
    select
        customer_id,
        currency,
        {{ sum_money('net_amount') }} as amount
    from {{ ref('stg_payments') }}
    where
        kind = 'invoice'
        and subscription_id is null
        and offer is null
    group by customer_id, currency
),

sold as (
    select
        customer_id,
        currency,
        {{ sum_money('amount') }} as amount
    from {{ ref('int_overage_billed') }}
    group by customer_id, currency
)

select
    billed.customer_id,
    billed.currency,
    billed.amount as billed,
    coalesce(sold.amount, {{ zero_money() }}) as sold
from billed
left join sold
    on
        billed.customer_id = sold.customer_id
        and billed.currency = sold.currency
where billed.amount > coalesce(sold.amount, 0)
