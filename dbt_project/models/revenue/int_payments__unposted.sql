-- One row per payment fact that reached no lot, receivable or account, and why (identity 7, the rest).
--
-- is_error marks facts the books would be wrong without; the others are listed for a person to apply.

with

payments as (
    select * from {{ ref('stg_payments') }}
),

lots as (
    select * from {{ ref('int_lots') }}
),

applied as (
    select
        payment_id,
        {{ sum_money("case when origin in ('payment', 'grant') then consideration end") }} as amount
    from lots
    where payment_id is not null
    group by payment_id
),

give_backs as (
    select * from {{ ref('int_give_backs') }}
),

-- A dispute that the processor holds the money of until it is decided.
held as (
    select payments.relates_to
    from payments
    left join give_backs
        on payments.payment_id = give_backs.payment_id
    where
        payments.kind = 'dispute_opened'
        and give_backs.payment_id is null
    group by payments.relates_to
),

reasons as (
    select
        payments.*,
        case
            when payments.kind = 'payment' and (paying.payment_id is not null or billings.payment_id is not null)
                then null
            when payments.kind = 'payment' and payments.subscription_id is null and payments.offer is null and applied.payment_id is null
                then 'no offer named and no grant refers to it: held as unapplied'
            when payments.kind = 'payment' and payments.subscription_id is null and applied.payment_id is null
                then 'its offer grants nothing at that date or in that currency, or it buys nothing (quantity or amount is zero)'
            when
                payments.kind = 'payment'
                and payments.subscription_id is null
                and applied.amount > 0
                and payments.net_amount > applied.amount
                then 'its grants carry less than was paid: the rest is held as unapplied'
            when payments.kind = 'refund' and give_backs.original_id is null and not give_backs.is_payout
                then 'it names no payment to refund: booked against revenue'
            when payments.kind in ('dispute_opened', 'dispute_lost') and payments.relates_to is null
                then 'it does not name the payment that is disputed'
            when payments.kind in ('dispute_opened', 'dispute_lost')
                and give_backs.payment_id is not null
                and give_backs.original_id is null
                then 'it names no payment that was disputed: booked against revenue'
            when payments.kind = 'invoice' and payments.subscription_id is null and payments.offer is not null
                then 'unpaid and cancellable: nothing is booked until it is paid'
            when payments.kind in ('credit_note', 'void', 'write_off')
                and about.kind = 'invoice'
                and about.subscription_id is null
                and about.offer is not null
                then 'of an invoice that nothing is booked of until it is paid'
            when payments.kind in ('credit_note', 'void') and give_backs.payment_id is null
                then 'it names no payment and no invoice of a plan or of usage that it could be taken from'
            when payments.kind = 'credit_note' and give_backs.original_id is null
                then 'it names no sale: booked against revenue, and kept as the balance of the customer'
            when payments.kind = 'balance_applied' and paying.payment_id is null
                then 'it names no invoice of a plan or of usage that it could pay'
            when payments.kind = 'dispute_won' and held.relates_to is null and recoveries.payment_id is null
                then 'no dispute of its payment was opened'
        end as reason,
        payments.kind = 'payment' and applied.payment_id is null and paying.payment_id is null
        and billings.payment_id is null as is_unapplied,
        (payments.kind = 'dispute_won' and held.relates_to is null and recoveries.payment_id is null)
        or (payments.kind = 'balance_applied' and paying.payment_id is null)
        or (payments.kind in ('dispute_opened', 'dispute_lost') and payments.relates_to is null)
        or (
            payments.kind in ('credit_note', 'void')
            and give_backs.payment_id is null
            and (
                about.kind is null
                or about.kind <> 'invoice'
                or about.subscription_id is not null
                or about.offer is null
            )
        ) as is_error
    from payments
    left join give_backs
        on payments.payment_id = give_backs.payment_id
    left join held
        on payments.relates_to = held.relates_to
    left join {{ ref('int_recoveries') }} as recoveries
        on payments.payment_id = recoveries.payment_id
    left join {{ ref('int_sale_facts') }} as paying
        on
            payments.payment_id = paying.payment_id
            and paying.is_paying
    left join {{ ref('int_contract_billings') }} as billings
        on payments.payment_id = billings.payment_id
    left join payments as about
        on payments.relates_to = about.payment_id
    left join applied
        on payments.payment_id = applied.payment_id
)

select
    payment_id,
    kind,
    customer_id,
    booked_period,
    gross_amount,
    currency,
    offer,
    reason,
    is_unapplied,
    is_error
from reasons
where reason is not null
