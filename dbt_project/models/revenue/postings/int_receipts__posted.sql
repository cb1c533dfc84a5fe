-- One row per posting of money received: packs and top-ups, plan payments, and money not yet applied.
--
-- Dr cash in transit (what the processor owes us) and payment fees, Cr tax payable, and Cr what the money
-- was for: the liability of the lots it bought, the receivable of a plan, or unapplied payments.

with

payments as (
    select * from {{ ref('stg_payments') }}
    where kind = 'payment'
),

lots as (
    select * from {{ ref('int_lots') }}
    where origin = 'payment'
),

bought as (
    select
        origin_id as payment_id,
        liability,
        wallet,
        sum(consideration) as consideration,
        sum(functional_consideration) as functional_consideration
    from lots
    where consideration > 0
    group by origin_id, liability, wallet
),

applied as (
    select distinct payment_id from bought
),

settled as (
    select
        payments.*,
        case
            when payments.subscription_id is not null then 'plan payments'
            when applied.payment_id is not null then 'top-ups'
            else 'unapplied payments'
        end as cause
    from payments
    left join applied
        on payments.payment_id = applied.payment_id
)

select
    cause,
    booked_period,
    'cash_in_transit' as account_role,
    cast(null as string) as wallet,
    currency,
    cast(gross_amount - fee_amount as {{ t_money() }}) as amount,
    cast(net_functional + tax_functional - fee_functional as {{ t_money() }}) as functional_amount
from settled
union all
select
    cause,
    booked_period,
    'payment_fees' as account_role,
    cast(null as string) as wallet,
    currency,
    fee_amount as amount,
    fee_functional as functional_amount
from settled
union all
select
    cause,
    booked_period,
    'tax_payable' as account_role,
    cast(null as string) as wallet,
    currency,
    -tax_amount as amount,
    -tax_functional as functional_amount
from settled
union all
select
    cause,
    booked_period,
    case when cause = 'plan payments' then 'accounts_receivable' else 'unapplied_payments' end as account_role,
    cast(null as string) as wallet,
    currency,
    -net_amount as amount,
    -net_functional as functional_amount
from settled
where cause <> 'top-ups'
union all
select
    settled.cause,
    settled.booked_period,
    bought.liability as account_role,
    bought.wallet,
    settled.currency,
    -bought.consideration as amount,
    -bought.functional_consideration as functional_amount
from settled
inner join bought
    on settled.payment_id = bought.payment_id
where settled.cause = 'top-ups'
