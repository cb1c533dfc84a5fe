-- One row per payment fact or movement of a processor's balance and month: what the balance moved by, what cash in
-- transit did, and what each named bucket makes of the difference.
--
-- A fact of ours and the movements that settle it are one row, in each month in which either moved; difference is
-- theirs less ours, and the sum of the buckets (decision 49):
--
--   timing: both moved, in different months; over all months of a fact it is nothing
--   fee: the processor kept another fee than was booked, or a fee is on one side only
--   fx: the processor settles in another currency, so that both are compared in ours at the rates of their days
--   refund, dispute: a refund or dispute is on one side only, or its amount is another
--   not_told: ours is older than their first movement, or younger than their last
--   missing_here: anything else that they have and we have not, or of which they have more
--   missing_there: anything else that we have and they have not, or of which they have less
--
-- received is what a payment brought, in its own currency: tax, what the lots it bought carry, and elsewhere, the receivable it pays or
-- what is held unapplied. paid_out is what the movements sum to that a payout names as its own. Where no processor
-- states anything there are no rows; nothing is booked from them.

with

settlements as (
    select * from {{ ref('stg_settlements') }}
),

told as (
    select
        min(occurred_at) as first_at,
        max(occurred_at) as last_at
    from settlements
),

book as (
    select functional_currency from {{ source('config', 'book') }}
),

lots as (
    select
        payment_id,
        {{ sum_money('consideration') }} as consideration
    from {{ ref('int_lots') }}
    where
        payment_id is not null
        and origin in ('payment', 'grant')
    group by payment_id
),

-- Both sides as signed amounts before the fee, and the fee; a fee by itself is all fee.
moved as (
    select
        facts.subject_id as fact_id,
        facts.booked_period as period,
        true as is_ours,
        case
            when facts.payment_id <> facts.subject_id then null
            when facts.kind like 'dispute%' then 'dispute'
            else facts.kind
        end as kind,
        cast(null as string) as processor,
        facts.customer_id,
        facts.occurred_at,
        facts.currency,
        facts.amount,
        facts.fee_amount,
        facts.functional_amount,
        facts.fee_functional,
        case when facts.kind = 'payment' then facts.amount else {{ zero_money() }} end as received,
        case when facts.kind = 'payment' then payments.tax_amount else {{ zero_money() }} end as tax,
        case when facts.kind = 'payment' then coalesce(lots.consideration, {{ zero_money() }}) else {{ zero_money() }} end as in_lots,
        facts.currency as payment_currency,
        cast(null as timestamp) as available_at,
        cast(null as string) as payout_id
    from {{ ref('int_cash_facts') }} as facts
    inner join {{ ref('stg_payments') }} as payments
        on facts.payment_id = payments.payment_id
    left join lots
        on facts.payment_id = lots.payment_id
    union all
    select
        coalesce(payment_id, settlement_id) as fact_id,
        period,
        false as is_ours,
        case kind when 'charge' then 'payment' else kind end as kind,
        processor,
        cast(null as string) as customer_id,
        occurred_at,
        currency,
        case kind when 'fee' then {{ zero_money() }} else amount end as amount,
        cast(case kind when 'fee' then fee_amount - amount else fee_amount end as {{ t_money() }}) as fee_amount,
        case kind when 'fee' then {{ zero_money() }} else functional_amount end as functional_amount,
        cast(case kind when 'fee' then fee_functional - functional_amount else fee_functional end as {{ t_money() }}) as fee_functional,
        {{ zero_money() }} as received,
        {{ zero_money() }} as tax,
        {{ zero_money() }} as in_lots,
        cast(null as string) as payment_currency,
        available_at,
        payout_id
    from settlements
),

facts as (
    select
        moved.fact_id,
        coalesce(max(case when moved.is_ours then moved.kind end), max(moved.kind), 'fee') as kind,
        max(moved.processor) as processor,
        max(moved.customer_id) as customer_id,
        max(moved.payment_currency) as payment_currency,
        max(moved.available_at) as available_at,
        max(moved.payout_id) as payout_id,
        max(moved.period) as last_period,
        min(case when moved.is_ours then moved.occurred_at end) as ours_at,
        max(case when moved.is_ours then 1 else 0 end) = 1 as is_ours,
        max(case when moved.is_ours then 0 else 1 end) = 1 as is_theirs,
        min(moved.currency) = max(moved.currency) as is_one_currency,
        case when min(moved.currency) = max(moved.currency) then min(moved.currency) else min(book.functional_currency) end as currency
    from moved
    cross join book
    group by moved.fact_id
),

compared as (
    select
        moved.fact_id,
        moved.period,
        {%- for column in ['received', 'tax', 'in_lots'] %}
        {{ sum_money('moved.' ~ column) }} as {{ column }},
        {%- endfor %}
        {%- for side, sign in [('theirs', 'not '), ('ours', '')] %}
        {%- for name, column, functional_column in [('amount', 'amount', 'functional_amount'), ('fee', 'fee_amount', 'fee_functional')] %}
        {{ sum_money(
            'case when ' ~ sign ~ 'moved.is_ours then case when facts.is_one_currency then moved.' ~ column
            ~ ' else moved.' ~ functional_column ~ ' end end') }} as {{ side }}_{{ name }}{{ ',' if not (loop.last and side == 'ours') }}
        {%- endfor %}
        {%- endfor %}
    from moved
    inner join facts
        on moved.fact_id = facts.fact_id
    group by moved.fact_id, moved.period
),

-- What is left once all months of a fact are added up has a cause; it shows in the last of them, the rest is timing.
caused as (
    select
        *,
        {% set all_months = 'partition by fact_id' -%}
        cast(theirs_amount - theirs_fee as {{ t_money() }}) as theirs,
        cast(ours_amount - ours_fee as {{ t_money() }}) as ours,
        {{ sum_money('theirs_amount - ours_amount', all_months) }} as amount_left,
        {{ sum_money('ours_fee - theirs_fee', all_months) }} as fee_left
    from compared
),

final as (
    select
        caused.*,
        facts.kind,
        facts.processor,
        facts.customer_id,
        facts.payment_currency,
        facts.available_at,
        facts.payout_id,
        facts.currency,
        cast(caused.theirs - caused.ours as {{ t_money() }}) as difference,
        cast(
            case when caused.period = facts.last_period then caused.amount_left + caused.fee_left else 0 end as {{ t_money() }}
        ) as left_over,
        case when caused.period = facts.last_period then caused.amount_left else {{ zero_money() }} end as amount_over,
        case when caused.period = facts.last_period then caused.fee_left else {{ zero_money() }} end as fee_over,
        case
            when facts.is_ours and not facts.is_theirs and (facts.ours_at < told.first_at or facts.ours_at > told.last_at)
                then 'not_told'
            when facts.kind in ('refund', 'dispute', 'fee') and not (facts.is_ours and facts.is_theirs) then facts.kind
            when not (facts.is_ours and facts.is_theirs) then 'missing'
            when not facts.is_one_currency then 'fx'
            when facts.kind in ('refund', 'dispute') then facts.kind
            else 'missing'
        end as cause,
        facts.is_ours and facts.is_theirs as is_matched
    from caused
    inner join facts
        on caused.fact_id = facts.fact_id
    cross join told
    where told.first_at is not null
),

-- The fee of a fact that both sides know is its own difference; of one that only one side knows it is a part of it.
named as (
    select
        *,
        cast(difference - left_over as {{ t_money() }}) as timing,
        case
            when is_matched then fee_over
            when cause = 'fee' then left_over
            else {{ zero_money() }}
        end as fee,
        case when is_matched then amount_over when cause = 'fee' then {{ zero_money() }} else left_over end as rest
    from final
),

payouts as (
    select
        payout_id,
        cast(-sum(net_amount) as {{ t_money() }}) as paid_out
    from settlements
    where
        payout_id is not null
        and kind <> 'payout'
    group by payout_id
)

select
    named.period as booked_period,
    named.fact_id,
    named.kind,
    named.processor,
    named.customer_id,
    named.currency,
    named.payment_currency,
    named.received,
    named.tax,
    named.in_lots,
    cast(named.received - named.tax - named.in_lots as {{ t_money() }}) as elsewhere,
    named.available_at,
    named.payout_id,
    payouts.paid_out,
    named.theirs,
    named.ours,
    named.difference,
    named.timing,
    named.fee,
    {%- for cause in ['fx', 'refund', 'dispute', 'not_told'] %}
    case when named.cause = '{{ cause }}' then named.rest else {{ zero_money() }} end as {{ cause }},
    {%- endfor %}
    case when named.cause = 'missing' and named.rest > 0 then named.rest else {{ zero_money() }} end as missing_here,
    case when named.cause = 'missing' and named.rest < 0 then named.rest else {{ zero_money() }} end as missing_there
from named
left join payouts
    on
        named.kind = 'payout'
        and named.fact_id = payouts.payout_id
        and named.theirs <> 0
