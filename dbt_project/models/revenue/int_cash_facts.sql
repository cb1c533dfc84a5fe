-- One row per payment fact that moves cash in transit, as it is posted there: what the processor owes us, ours.
--
-- amount is before the processor's fee and signed as cash in transit moves, fee_amount what it keeps: the sum of
-- amount less fee_amount by period and currency is what is posted to cash in transit. subject_id is the fact that a
-- movement of the processor's balance settles: a fee that names its payment is a part of that one.

with

payments as (
    select * from {{ ref('stg_payments') }}
),

moved as (
    select
        payment_id,
        gross_amount as amount,
        cast(net_functional + tax_functional as {{ t_money() }}) as functional_amount,
        fee_amount,
        fee_functional
    from payments
    where kind = 'payment'
    union all
    select
        payment_id,
        cast(-gross_amount as {{ t_money() }}) as amount,
        cast(-net_functional - tax_functional as {{ t_money() }}) as functional_amount,
        {{ zero_money() }} as fee_amount,
        {{ zero_money() }} as fee_functional
    from payments
    where kind = 'payout'
    union all
    select
        payment_id,
        {{ zero_money() }} as amount,
        {{ zero_money() }} as functional_amount,
        gross_amount as fee_amount,
        cast(net_functional + tax_functional as {{ t_money() }}) as fee_functional
    from payments
    where kind = 'fee'
    union all
    select
        payment_id,
        case when other_role = 'cash_in_transit' then cast(-gross_amount as {{ t_money() }}) else {{ zero_money() }} end as amount,
        case
            when other_role = 'cash_in_transit' then cast(-gross_functional as {{ t_money() }})
            else {{ zero_money() }}
        end as functional_amount,
        fee_amount,
        fee_functional
    from {{ ref('int_give_backs') }}
    union all
    -- A dispute that counts when it is lost: the processor keeps the money, and gives it back if it is won.
    select
        payments.payment_id,
        cast(case payments.kind when 'dispute_won' then 1 else -1 end * payments.gross_amount as {{ t_money() }}) as amount,
        cast(
            case payments.kind when 'dispute_won' then 1 else -1 end * (payments.net_functional + payments.tax_functional)
            as {{ t_money() }}
        ) as functional_amount,
        case payments.kind when 'dispute_opened' then payments.fee_amount else {{ zero_money() }} end as fee_amount,
        case payments.kind when 'dispute_opened' then payments.fee_functional else {{ zero_money() }} end as fee_functional
    from payments
    left join {{ ref('int_give_backs') }} as give_backs
        on payments.payment_id = give_backs.payment_id
    left join {{ ref('int_payments__unposted') }} as unposted
        on payments.payment_id = unposted.payment_id
    where
        payments.kind in ('dispute_opened', 'dispute_won')
        and give_backs.payment_id is null
        and unposted.payment_id is null
)

select
    payments.payment_id,
    case when payments.kind = 'fee' and about.payment_id is not null then payments.relates_to else payments.payment_id end as subject_id,
    payments.kind,
    payments.customer_id,
    payments.occurred_at,
    payments.booked_period,
    payments.currency,
    moved.amount,
    moved.functional_amount,
    moved.fee_amount,
    moved.fee_functional
from moved
inner join payments
    on moved.payment_id = payments.payment_id
left join payments as about
    on payments.relates_to = about.payment_id
where moved.amount <> 0 or moved.fee_amount <> 0
