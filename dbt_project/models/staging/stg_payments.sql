-- One row per payment fact the books know, with what it bought and when it is booked.
--
-- net_amount is what was earned or owed: gross less tax; the processor's fee is our cost, not the
-- customer's. Functional amounts take the rate of the day the cash moved, part by part, so that the parts
-- of a payment still add up. A payment against an invoice takes the offer and quantity of the invoice; a refund
-- or dispute that names no customer is that of the payment it is about.

with

payments as (
    select * from {{ source('feeds', 'payments') }}
    where {{ is_known('occurred_at', 'received_at') }}
),

invoices as (
    select * from payments
    where kind = 'invoice'
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
),

final as (
    select
        payments.payment_id,
        payments.kind,
        coalesce(payments.customer_id, about.customer_id) as customer_id,
        payments.occurred_at,
        coalesce(payments.received_at, payments.occurred_at) as received_at,
        {{ booked_at('payments.occurred_at') }} as booked_at,
        payments.currency,
        coalesce(currencies.minor_units, 2) as minor_units,
        {{ to_money('payments.amount', 'currencies.minor_units') }} as gross_amount,
        {{ to_money('coalesce(payments.tax, 0)', 'currencies.minor_units') }} as tax_amount,
        {{ to_money('coalesce(payments.fee, 0)', 'currencies.minor_units') }} as fee_amount,
        cast(
            {{ to_money('payments.amount', 'currencies.minor_units') }}
            - {{ to_money('coalesce(payments.tax, 0)', 'currencies.minor_units') }} as {{ t_money() }}
        ) as net_amount,
        coalesce(payments.offer, invoices.offer) as offer,
        cast(coalesce(payments.quantity, invoices.quantity, 1) as {{ t_credits() }}) as quantity,
        fx.rate as fx_rate,
        book.functional_minor_units,
        payments.relates_to,
        coalesce(payments.subscription_id, invoices.subscription_id) as subscription_id,
        coalesce(payments.period_start, invoices.period_start) as period_start,
        coalesce(payments.invoice_id, invoices.invoice_id) as invoice_id,
        case when invoices.payment_id is null then payments.contract_id end as contract_id,
        payments.file_no,
        payments.row_no
    from payments
    cross join book
    left join invoices
        on
            payments.kind = 'payment'
            and payments.relates_to = invoices.payment_id
    left join payments as about
        on
            payments.customer_id is null
            and payments.relates_to = about.payment_id
    left join currencies
        on payments.currency = currencies.currency
    {{ join_fx_rate('payments.currency', 'payments.occurred_at') }}
    {{ join_open_window('payments.received_at') }}
)

select
    *,
    {{ functional('net_amount', 'fx_rate', 'functional_minor_units') }} as net_functional,
    {{ functional('tax_amount', 'fx_rate', 'functional_minor_units') }} as tax_functional,
    {{ functional('fee_amount', 'fx_rate', 'functional_minor_units') }} as fee_functional,
    {{ period_of('booked_at') }} as booked_period
from final
