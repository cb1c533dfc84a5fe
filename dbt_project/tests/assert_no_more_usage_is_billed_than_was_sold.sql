-- Fails for customers whose invoices of usage bill more than was sold to them in arrears: what would be billed is owed by
-- nobody, and unbilled receivables would be less than nothing.

with

billed as (
    select
        payments.customer_id,
        payments.currency,
        {{ sum_money('payments.net_amount') }} as amount
    from {{ ref('stg_payments') }} as payments
    left join {{ ref('int_contract_billings') }} as billings
        on payments.payment_id = billings.payment_id
    where
        payments.kind = 'invoice'
        and payments.subscription_id is null
        and payments.offer is null
        and billings.payment_id is null
    group by payments.customer_id, payments.currency
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
