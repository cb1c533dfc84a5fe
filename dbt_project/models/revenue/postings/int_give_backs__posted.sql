-- One row per posting of what is given back: unearned liability first, the rest against revenue already earned.
--
-- Dr liability (what the removed credits still carried), Dr contra revenue, or bad debt, for what was earned, Dr tax
-- payable, Cr cash in transit or accounts receivable (ACCOUNTING 5); what goes beyond the sale, Dr other loss. What
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

lots as (
    select * from {{ ref('int_lots') }}
),

settlements as (
    select * from {{ ref('int_lot_settlements') }}
    where refund_release <> 0 or refund_release_functional <> 0
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
        facts.gross_amount,
        {{ functional('facts.share_amount - facts.share_tax', 'facts.sale_fx_rate', 'facts.functional_minor_units') }} as net_functional,
        {{ functional('facts.share_tax', 'facts.sale_fx_rate', 'facts.functional_minor_units') }} as tax_functional,
        {{ functional('facts.excess_amount', 'facts.fx_rate', 'facts.functional_minor_units') }} as excess_functional,
        case
            when facts.other_role = 'accounts_receivable'
                then {{ functional('facts.gross_amount', 'facts.sale_fx_rate', 'facts.functional_minor_units') }}
            else facts.gross_functional
        end as gross_functional,
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
        price_back as gross_amount,
        price_back_functional as net_functional,
        {{ zero_money() }} as tax_functional,
        {{ zero_money() }} as excess_functional,
        price_back_functional as gross_functional,
        {{ zero_money() }} as fee_amount,
        {{ zero_money() }} as fee_functional
    from {{ ref('int_plan_changes') }}
    where price_back > 0
),

-- What a lot released in a period is shared by what took credits out of it then, by the credits asked for.
takers as (
    select
        removals.lot_no,
        {{ period_of('removals.removed_at') }} as booked_period,
        coalesce(facts.cause, 'refunds') as cause,
        coalesce(facts.earned_role, 'refunds_contra_revenue') as earned_role,
        {{ sum_credits('removals.requested') }} as requested
    from {{ ref('int_lot_removals') }} as removals
    left join facts
        on removals.payment_id = facts.payment_id
    where removals.cause = 'refund'
    group by
        removals.lot_no,
        {{ period_of('removals.removed_at') }},
        coalesce(facts.cause, 'refunds'),
        coalesce(facts.earned_role, 'refunds_contra_revenue')
),

ranked as (
    select
        *,
        {{ sum_credits('requested', 'partition by lot_no, booked_period order by cause rows unbounded preceding') }} as requested_to,
        {{ sum_credits('requested', 'partition by lot_no, booked_period') }} as requested_total
    from takers
),

shared as (
    select
        coalesce(ranked.cause, 'refunds') as cause,
        coalesce(ranked.earned_role, 'refunds_contra_revenue') as earned_role,
        settlements.booked_period,
        lots.liability,
        lots.wallet,
        lots.currency,
        {%- for twin, minor in [('', 'minor_units'), ('_functional', 'functional_minor_units')] %}
        case
            when ranked.lot_no is null or ranked.requested = ranked.requested_total then settlements.refund_release{{ twin }}
            else cast(
                {{ settled_to_date(
                    'settlements.refund_release' ~ twin, 'ranked.requested_to', 'ranked.requested_total', 'lots.' ~ minor) }}
                - {{ settled_to_date(
                    'settlements.refund_release' ~ twin,
                    'cast(ranked.requested_to - ranked.requested as ' ~ t_credits() ~ ')',
                    'ranked.requested_total',
                    'lots.' ~ minor) }}
                as {{ t_money() }})
        end as amount{{ twin }}{{ ',' if not loop.last }}
        {%- endfor %}
    from settlements
    inner join lots
        on settlements.lot_no = lots.lot_no
    left join ranked
        on
            settlements.lot_no = ranked.lot_no
            and settlements.booked_period = ranked.booked_period
),

{% set sides = [
    ('net_amount', 'net_functional', 'earned_role', ''),
    ('tax_amount', 'tax_functional', "'tax_payable'", ''),
    ('excess_amount', 'excess_functional', "'other_loss'", ''),
    ('gross_amount', 'gross_functional', 'other_role', '-'),
    ('fee_amount', 'fee_functional', "'payment_fees'", ''),
    ('fee_amount', 'fee_functional', "'cash_in_transit'", '-'),
    (zero_money(), '(gross_functional - net_functional - tax_functional - excess_functional)', "'fx_gain_loss'", ''),
] -%}
lines as (
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
