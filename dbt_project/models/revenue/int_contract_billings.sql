-- One row per payment fact that bills a part of a contract: an invoice, or a payment that has none.
--
-- A contract is one customer's, in one currency; a fact that names another is none of it, and a check lists it.

with

contracts as (
    select
        contract_id,
        customer_id,
        currency
    from {{ ref('int_contract_lots') }}
    group by contract_id, customer_id, currency
)

select
    payments.payment_id,
    payments.kind,
    payments.contract_id,
    payments.customer_id,
    payments.currency,
    payments.booked_period,
    payments.net_amount,
    payments.net_functional
from {{ ref('stg_payments') }} as payments
inner join contracts
    on
        payments.contract_id = contracts.contract_id
        and payments.customer_id = contracts.customer_id
        and payments.currency = contracts.currency
where
    payments.kind in ('invoice', 'payment')
    and payments.subscription_id is null
    and payments.offer is null
