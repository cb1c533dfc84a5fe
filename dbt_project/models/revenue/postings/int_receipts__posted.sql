-- One row per posting of money received: packs and top-ups, plan payments, and money not yet sums.
--
-- Dr cash in transit (what the processor owes us) and payment fees, Cr tax payable, and Cr what the money was for:
-- the liability of the lots it bought, the receivable of a plan or of usage, or unapplied payments. What is bought and what is
-- paid may be booked in different periods: lots booked before their payment are a receivable until it comes,
-- money received before its lots are booked is unapplied until then. What an invoice is paid beyond what is still owed
-- on it was given up (int_recoveries__posted), or it is the customer's: Cr unapplied payments. A payment that bills a
-- part of a contract by itself: Cr contract asset.

with

payments as (
    select * from {{ ref('stg_payments') }}
    where kind = 'payment'
),

bought as (
    select
        lots.payment_id,
        lots.liability,
        lots.wallet,
        lots.booked_period,
        case
            when lots.booked_period < payments.booked_period then 'before'
            when lots.booked_period > payments.booked_period then 'after'
            else 'at once'
        end as booked,
        {{ sum_money('lots.consideration') }} as amount,
        {{ sum_money('lots.functional_consideration') }} as functional_amount
    from {{ ref('int_lots') }} as lots
    inner join payments
        on lots.payment_id = payments.payment_id
    where
        lots.origin in ('payment', 'grant')
        and lots.consideration > 0
    group by lots.payment_id, lots.liability, lots.wallet, lots.booked_period, payments.booked_period
),

sums as (
    select
        payment_id,
        {{ sum_money('amount') }} as amount,
        {{ sum_money("case when booked = 'before' then amount end") }} as before,
        {{ sum_money("case when booked = 'after' then amount end") }} as after,
        {{ sum_money('functional_amount') }} as functional_amount,
        {{ sum_money("case when booked = 'before' then functional_amount end") }} as functional_before,
        {{ sum_money("case when booked = 'after' then functional_amount end") }} as functional_after
    from bought
    group by payment_id
),

overpaid as (
    select
        payment_id,
        cast(greatest(0, gross_amount - owed_before - tax_amount) as {{ t_money() }}) as amount
    from {{ ref('int_sale_facts') }}
    where kind = 'payment'
),

settled as (
    select
        payments.*,
        payments.subscription_id is not null or overpaid.payment_id is not null as is_owed,
        billings.payment_id is not null as bills,
        coalesce(overpaid.amount, {{ zero_money() }}) as beyond,
        coalesce(recoveries.recovered_amount, {{ zero_money() }}) as recovered,
        {%- for column in ['overpaid.amount', 'recoveries.recovered_amount'] %}
        {{ functional('coalesce(' ~ column ~ ', 0)', 'payments.fx_rate', 'payments.functional_minor_units') }} as {{
            'beyond_functional' if loop.first else 'recovered_functional' }},
        {%- endfor %}
        case
            when payments.subscription_id is not null then 'plan payments'
            when overpaid.payment_id is not null then 'usage payments'
            when sums.payment_id is not null then 'top-ups'
            when billings.payment_id is not null then 'contract payments'
            else 'unapplied payments'
        end as cause,
        coalesce(sums.before, {{ zero_money() }}) as before,
        coalesce(sums.after, {{ zero_money() }}) as after,
        payments.net_amount - coalesce(sums.amount, {{ zero_money() }}) as rest,
        coalesce(sums.functional_before, {{ zero_money() }}) as functional_before,
        coalesce(sums.functional_after, {{ zero_money() }}) as functional_after,
        payments.net_functional - coalesce(sums.functional_amount, {{ zero_money() }}) as functional_rest
    from payments
    left join sums
        on payments.payment_id = sums.payment_id
    left join overpaid
        on payments.payment_id = overpaid.payment_id
    left join {{ ref('int_contract_billings') }} as billings
        on payments.payment_id = billings.payment_id
    left join {{ ref('int_recoveries') }} as recoveries
        on payments.payment_id = recoveries.payment_id
),

booked as (
    select
        bought.*,
        settled.cause,
        settled.currency
    from bought
    inner join settled
        on bought.payment_id = settled.payment_id
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
    'accounts_receivable' as account_role,
    cast(null as string) as wallet,
    currency,
    cast(-before - case when is_owed then rest - beyond else 0 end as {{ t_money() }}) as amount,
    cast(
        -functional_before - case when is_owed then functional_rest - beyond_functional else 0 end
        as {{ t_money() }}
    ) as functional_amount
from settled
union all
select
    cause,
    booked_period,
    'unapplied_payments' as account_role,
    cast(null as string) as wallet,
    currency,
    cast(-after - case when is_owed then beyond - recovered when bills then 0 else rest end as {{ t_money() }}) as amount,
    cast(
        -functional_after
        - case when is_owed then beyond_functional - recovered_functional when bills then 0 else functional_rest end
        as {{ t_money() }}
    ) as functional_amount
from settled
union all
select
    cause,
    booked_period,
    'contract_asset' as account_role,
    cast(null as string) as wallet,
    currency,
    -rest as amount,
    -functional_rest as functional_amount
from settled
where bills
union all
select
    cause,
    booked_period,
    liability as account_role,
    wallet,
    currency,
    -amount as amount,
    -functional_amount as functional_amount
from booked
union all
select
    cause,
    booked_period,
    case booked when 'before' then 'accounts_receivable' else 'unapplied_payments' end as account_role,
    cast(null as string) as wallet,
    currency,
    amount,
    functional_amount
from booked
where booked <> 'at once'
