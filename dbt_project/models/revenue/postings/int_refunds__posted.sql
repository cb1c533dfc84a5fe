-- One row per posting of a refund: unearned liability first, the rest against revenue already earned.
--
-- Dr liability (what the removed credits still carried), Dr refunds (contra revenue) for what was earned,
-- Dr tax payable, Cr cash in transit (ACCOUNTING 5). Money that was never applied to anything is simply
-- returned: Dr unapplied payments. Credits that start after their refund are released when they start: until
-- then the whole refund stands against revenue, which that release then takes back.

with

refunds as (
    select
        refunds.payment_id,
        refunds.booked_period,
        refunds.currency,
        refunds.gross_amount,
        refunds.net_amount,
        refunds.tax_amount,
        refunds.net_functional,
        refunds.tax_functional,
        unposted.payment_id is not null as is_of_unapplied
    from {{ ref('stg_payments') }} as refunds
    left join {{ ref('int_payments__unposted') }} as unposted
        on
            refunds.relates_to = unposted.payment_id
            and unposted.kind = 'payment'
    where refunds.kind = 'refund'
),

lots as (
    select * from {{ ref('int_lots') }}
),

settlements as (
    select * from {{ ref('int_lot_settlements') }}
    where refund_release <> 0 or refund_release_functional <> 0
),

released as (
    select
        settlements.booked_period,
        lots.liability as account_role,
        lots.wallet,
        lots.currency,
        {{ sum_money('settlements.refund_release') }} as amount,
        {{ sum_money('settlements.refund_release_functional') }} as functional_amount
    from settlements
    inner join lots
        on settlements.lot_no = lots.lot_no
    group by settlements.booked_period, lots.liability, lots.wallet, lots.currency
),

paid_back as (
    select
        booked_period,
        currency,
        {{ sum_money('gross_amount') }} as gross_amount,
        {{ sum_money('case when is_of_unapplied then 0 else net_amount end') }} as net_amount,
        {{ sum_money('case when is_of_unapplied then net_amount else 0 end') }} as unapplied_amount,
        {{ sum_money('tax_amount') }} as tax_amount,
        {{ sum_money('case when is_of_unapplied then 0 else net_functional end') }} as net_functional,
        {{ sum_money('case when is_of_unapplied then net_functional else 0 end') }} as unapplied_functional,
        {{ sum_money('tax_functional') }} as tax_functional
    from refunds
    group by booked_period, currency
),

released_total as (
    select
        booked_period,
        currency,
        sum(amount) as amount,
        sum(functional_amount) as functional_amount
    from released
    group by booked_period, currency
)

select
    'refunds' as cause,
    booked_period,
    account_role,
    wallet,
    currency,
    amount,
    functional_amount
from released
union all
select
    'refunds' as cause,
    coalesce(paid_back.booked_period, released_total.booked_period) as booked_period,
    'refunds_contra_revenue' as account_role,
    cast(null as string) as wallet,
    coalesce(paid_back.currency, released_total.currency) as currency,
    cast(coalesce(paid_back.net_amount, 0) - coalesce(released_total.amount, 0) as {{ t_money() }}) as amount,
    cast(
        coalesce(paid_back.net_functional, 0) - coalesce(released_total.functional_amount, 0) as {{ t_money() }}
    ) as functional_amount
from paid_back
full outer join released_total
    on
        paid_back.booked_period = released_total.booked_period
        and paid_back.currency = released_total.currency
union all
select
    'refunds' as cause,
    booked_period,
    'unapplied_payments' as account_role,
    cast(null as string) as wallet,
    currency,
    unapplied_amount as amount,
    unapplied_functional as functional_amount
from paid_back
union all
select
    'refunds' as cause,
    booked_period,
    'tax_payable' as account_role,
    cast(null as string) as wallet,
    currency,
    tax_amount as amount,
    tax_functional as functional_amount
from paid_back
union all
select
    'refunds' as cause,
    booked_period,
    'cash_in_transit' as account_role,
    cast(null as string) as wallet,
    currency,
    -gross_amount as amount,
    cast(-net_functional - unapplied_functional - tax_functional as {{ t_money() }}) as functional_amount
from paid_back
