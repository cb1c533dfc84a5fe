-- One row per posting of a refund: unearned liability first, the rest against revenue already earned.
--
-- Dr liability (what the removed credits still carried), Dr refunds (contra revenue) for what was earned,
-- Dr tax payable, Cr cash in transit (ACCOUNTING 5). What was sold goes back at the rate it was sold at; money
-- goes out at the rate of the day, and the difference is exchange gain or loss. The price of a plan that goes
-- back when another plan replaces it is credited to the customer's account: Cr accounts receivable. Money that
-- was never applied to anything is simply returned: Dr unapplied payments. Credits granted after their refund
-- are released as they are granted: until then the whole refund stands against revenue, which that release then
-- takes back.

with

refunds as (
    select
        refunds.payment_id,
        refunds.booked_period,
        refunds.currency,
        refunds.gross_amount,
        refunds.net_amount,
        refunds.tax_amount,
        {% for part in ['net', 'tax'] -%}
        {{ functional(
            'refunds.' ~ part ~ '_amount',
            'coalesce(paid.fx_rate, refunds.fx_rate)',
            'refunds.functional_minor_units') }} as {{ part }}_functional,
        {% endfor -%}
        cast(refunds.net_functional + refunds.tax_functional as {{ t_money() }}) as paid_functional,
        unposted.payment_id is not null as is_of_unapplied
    from {{ ref('stg_payments') }} as refunds
    left join {{ ref('stg_payments') }} as paid
        on
            refunds.relates_to = paid.payment_id
            and paid.kind = 'payment'
    left join {{ ref('int_payments__unposted') }} as unposted
        on
            refunds.relates_to = unposted.payment_id
            and unposted.is_unapplied
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

credited as (
    select
        booked_period,
        currency,
        {{ sum_money('price_back') }} as amount,
        {{ sum_money('price_back_functional') }} as functional_amount
    from {{ ref('int_plan_changes') }}
    where price_back > 0
    group by booked_period, currency
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
        {{ sum_money('tax_functional') }} as tax_functional,
        {{ sum_money('paid_functional') }} as paid_functional
    from refunds
    group by booked_period, currency
),

-- What goes back against the liability and revenue, in cash or on account, less what the liability gave up.
given_back as (
    select
        booked_period,
        currency,
        net_amount as amount,
        net_functional as functional_amount
    from paid_back
    union all
    select * from credited
    union all
    select
        booked_period,
        currency,
        -amount as amount,
        -functional_amount as functional_amount
    from released
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
    booked_period,
    'refunds_contra_revenue' as account_role,
    cast(null as string) as wallet,
    currency,
    {{ sum_money('amount') }} as amount,
    {{ sum_money('functional_amount') }} as functional_amount
from given_back
group by booked_period, currency
union all
select
    'refunds' as cause,
    booked_period,
    'accounts_receivable' as account_role,
    cast(null as string) as wallet,
    currency,
    -amount as amount,
    -functional_amount as functional_amount
from credited
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
    -paid_functional as functional_amount
from paid_back
union all
select
    'refunds' as cause,
    booked_period,
    'fx_gain_loss' as account_role,
    cast(null as string) as wallet,
    currency,
    {{ zero_money() }} as amount,
    cast(paid_functional - net_functional - unapplied_functional - tax_functional as {{ t_money() }}) as functional_amount
from paid_back
