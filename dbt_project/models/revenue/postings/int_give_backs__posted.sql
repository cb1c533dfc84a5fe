-- One row per posting of what is given back: unearned liability first, the rest against revenue already earned.
--
-- Dr liability (what the removed credits still carried), Dr contra revenue, or bad debt, for what was earned, Dr tax
-- payable, Cr accounts receivable for what was still owed, Cr cash in transit or, for what was paid and stays as the
-- customer's balance, unapplied payments (ACCOUNTING 5); what goes beyond the sale, Dr other loss. What
-- was sold goes back at the rate it was sold at; money goes out at the rate of the day, and the difference is
-- exchange gain or loss. The price of a plan that goes back when another plan replaces it is credited to the
-- customer's account. Money that was never applied to anything is simply returned: Dr unapplied payments. Credits
-- granted after their refund are released as they are granted: until then the whole refund stands against revenue,
-- which that release then takes back.

with

facts as (
    select * from {{ ref('int_give_backs') }}
),

unapplied as (
    select payment_id from {{ ref('int_payments__unposted') }}
    where is_unapplied
),

given_back as (
    select
        facts.cause,
        facts.booked_period,
        facts.currency,
        facts.other_role,
        case when unapplied.payment_id is null then facts.earned_role else 'unapplied_payments' end as earned_role,
        facts.share_amount - facts.share_tax as net_amount,
        facts.share_tax as tax_amount,
        facts.excess_amount,
        facts.claim_amount,
        facts.gross_amount - facts.claim_amount as other_amount,
        {{ functional('facts.share_amount - facts.share_tax', 'facts.sale_fx_rate', 'facts.functional_minor_units') }} as net_functional,
        {{ functional('facts.share_tax', 'facts.sale_fx_rate', 'facts.functional_minor_units') }} as tax_functional,
        {{ functional('facts.excess_amount', 'facts.fx_rate', 'facts.functional_minor_units') }} as excess_functional,
        {{ functional('facts.claim_amount', 'facts.sale_fx_rate', 'facts.functional_minor_units') }} as claim_functional,
        case
            when facts.claim_amount = 0 then facts.gross_functional
            else {{ functional('facts.gross_amount - facts.claim_amount', 'facts.fx_rate', 'facts.functional_minor_units') }}
        end as other_functional,
        facts.fee_amount,
        facts.fee_functional
    from facts
    left join unapplied
        on facts.original_id = unapplied.payment_id
    union all
    select
        'refunds' as cause,
        booked_period,
        currency,
        'accounts_receivable' as other_role,
        'refunds_contra_revenue' as earned_role,
        price_back as net_amount,
        {{ zero_money() }} as tax_amount,
        {{ zero_money() }} as excess_amount,
        price_back as claim_amount,
        {{ zero_money() }} as other_amount,
        price_back_functional as net_functional,
        {{ zero_money() }} as tax_functional,
        {{ zero_money() }} as excess_functional,
        price_back_functional as claim_functional,
        {{ zero_money() }} as other_functional,
        {{ zero_money() }} as fee_amount,
        {{ zero_money() }} as fee_functional
    from {{ ref('int_plan_changes') }}
    where price_back > 0
),

shared as (
    select
        cause,
        booked_period,
        earned_role,
        liability,
        wallet,
        currency,
        amount,
        amount_functional
    from {{ ref('int_refund_releases') }}
),

{% set sides = [
    ('net_amount', 'net_functional', 'earned_role', ''),
    ('tax_amount', 'tax_functional', "'tax_payable'", ''),
    ('excess_amount', 'excess_functional', "'other_loss'", ''),
    ('claim_amount', 'claim_functional', "'accounts_receivable'", '-'),
    ('other_amount', 'other_functional', 'other_role', '-'),
    ('fee_amount', 'fee_functional', "'payment_fees'", ''),
    ('fee_amount', 'fee_functional', "'cash_in_transit'", '-'),
    (zero_money(), '(claim_functional + other_functional - net_functional - tax_functional - excess_functional)', "'fx_gain_loss'", ''),
] -%}
released as (
    select
        payment_id,
        {{ sum_money('amount') }} as amount
    from {{ ref('int_refund_releases') }}
    group by payment_id
),

-- A void of an invoice that was written off: what was bad debt is no price any more.
voided as (
    select
        voids.payment_id,
        voids.cause,
        voids.booked_period,
        voids.currency,
        voids.earned_role as void_role,
        write_offs.earned_role as write_off_role,
        voids.functional_minor_units,
        voids.sale_fx_rate,
        {{ sum_money('write_offs.share_amount - write_offs.share_tax - coalesce(released.amount, 0)') }} as charged
    from facts as voids
    inner join facts as write_offs
        on
            voids.original_id = write_offs.original_id
            and voids.booked_at >= write_offs.booked_at
    left join released
        on write_offs.payment_id = released.payment_id
    where
        voids.kind = 'void'
        and write_offs.kind = 'write_off'
    group by
        voids.payment_id,
        voids.cause,
        voids.booked_period,
        voids.currency,
        voids.earned_role,
        write_offs.earned_role,
        voids.functional_minor_units,
        voids.sale_fx_rate
),

lines as (
    {% for role, sign in [('void_role', ''), ('write_off_role', '-')] -%}
    select
        cause,
        booked_period,
        {{ role }} as account_role,
        cast(null as string) as wallet,
        currency,
        {{ sign }}charged as amount,
        {{ sign }}{{ functional('charged', 'sale_fx_rate', 'functional_minor_units') }} as functional_amount
    from voided
    union all
    {% endfor -%}
    select
        cause,
        booked_period,
        liability as account_role,
        wallet,
        currency,
        amount,
        amount_functional as functional_amount
    from shared
    union all
    select
        cause,
        booked_period,
        earned_role as account_role,
        cast(null as string) as wallet,
        currency,
        -amount as amount,
        -amount_functional as functional_amount
    from shared
    {% for amount, functional_amount, role, sign in sides %}
    union all
    select
        cause,
        booked_period,
        {{ role }} as account_role,
        cast(null as string) as wallet,
        currency,
        {{ sign }}{{ amount }} as amount,
        {{ sign }}{{ functional_amount }} as functional_amount
    from given_back
    {% endfor %}
)

select
    cause,
    booked_period,
    account_role,
    wallet,
    currency,
    {{ sum_money('amount') }} as amount,
    {{ sum_money('functional_amount') }} as functional_amount
from lines
group by cause, booked_period, account_role, wallet, currency
having sum(amount) <> 0 or sum(functional_amount) <> 0
