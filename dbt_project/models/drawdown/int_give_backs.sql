-- One row per payment fact that takes back, in whole or in part, what was sold: a refund, a credit note, the void
-- or write-off of an invoice, a dispute.
--
-- share_amount is what was sold and is given back, tax included; no more than was sold is ever given back, and
-- what goes beyond it is lost (excess_amount). The other side is where the money or the claim leaves, earned_role
-- where the part goes that had been earned. What sold it is a payment, or the invoice of a plan, whose price is
-- owed from the first day; an unpaid pack is not on the books, so nothing of it can be given back. A refund or
-- dispute of no sale we know has no original. A dispute gives back when it is opened or, by the policy in force
-- then, when it is lost; until then the processor keeps the money (decision 28).

with

payments as (
    select * from {{ ref('stg_payments') }}
),

{% set kinds = [
    ('refund', 'refunds', 'cash_in_transit', 'refunds_contra_revenue'),
    ('credit_note', 'credit notes', 'accounts_receivable', 'credit_notes_contra_revenue'),
    ('void', 'voids', 'accounts_receivable', 'voids_contra_revenue'),
    ('write_off', 'write-offs', 'accounts_receivable', 'bad_debt'),
    ('dispute_opened', 'disputes', 'cash_in_transit', 'disputes_contra_revenue'),
    ('dispute_lost', 'disputes', 'disputed_funds', 'disputes_contra_revenue'),
] -%}
originals as (
    select * from payments
    where
        gross_amount > 0
        and (kind = 'payment' or (kind = 'invoice' and subscription_id is not null))
),

disputes as (
    select * from {{ ref('stg_policy_windows') }}
    where topic = 'chargeback' and subject = 'default'
),

opened as (
    select
        relates_to,
        min(booked_at) as opened_at
    from payments
    where kind = 'dispute_opened'
    group by relates_to
),

dated as (
    select
        payments.*,
        opened.opened_at,
        case
            when payments.kind = 'dispute_lost' then coalesce(opened.opened_at, payments.booked_at)
            else payments.booked_at
        end as decided_at
    from payments
    left join opened
        on payments.relates_to = opened.relates_to
),

facts as (
    select
        payments.*,
        coalesce(disputes.method, 'dispute_opened') as disputes_count_when,
        {%- for column in ['cause', 'other_role', 'earned_role'] %}
        {%- set place = loop.index %}
        case payments.kind
            {%- for kind in kinds %}
            when '{{ kind[0] }}' then '{{ kind[place] }}'
            {%- endfor %}
        end as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from dated as payments
    left join disputes
        on
            {{ period_of('payments.decided_at') }} = disputes.period
            and payments.decided_at >= disputes.in_force_from
            and payments.decided_at < disputes.in_force_to
    where
        payments.kind in (
            {%- for kind in kinds %}
            '{{ kind[0] }}'{{ ',' if not loop.last }}
            {%- endfor %}
        )
),

related as (
    select
        facts.*,
        originals.payment_id as original_id,
        originals.gross_amount as original_amount,
        coalesce(originals.fx_rate, facts.fx_rate) as sale_fx_rate,
        originals.subscription_id as original_subscription_id,
        coalesce(originals.period_start, originals.occurred_at) as sold_for
    from facts
    left join originals
        on facts.relates_to = originals.payment_id
    where
        case facts.kind
            when 'refund' then true
            when 'dispute_opened' then facts.disputes_count_when = 'dispute_opened'
            when 'dispute_lost'
                then facts.relates_to is not null and (facts.disputes_count_when = 'lost' or facts.opened_at is null)
            else originals.payment_id is not null
        end
),

running as (
    select
        *,
        {{ sum_money(
            'gross_amount',
            'partition by coalesce(original_id, payment_id) order by booked_at, payment_id rows unbounded preceding') }} as given_to
    from related
),

capped as (
    select
        *,
        cast(
            case
                when original_id is null then gross_amount
                else greatest(0, least(gross_amount, original_amount - (given_to - gross_amount)))
            end as {{ t_money() }}
        ) as share_amount
    from running
)

select
    payment_id,
    kind,
    cause,
    customer_id,
    booked_at,
    booked_period,
    currency,
    relates_to,
    original_id,
    original_amount,
    original_subscription_id,
    sold_for,
    case when kind = 'dispute_lost' and opened_at is null then 'cash_in_transit' else other_role end as other_role,
    earned_role,
    share_amount,
    cast(least(tax_amount, share_amount) as {{ t_money() }}) as share_tax,
    cast(gross_amount - share_amount as {{ t_money() }}) as excess_amount,
    gross_amount,
    fee_amount,
    cast(net_functional + tax_functional as {{ t_money() }}) as gross_functional,
    fee_functional,
    sale_fx_rate,
    fx_rate,
    functional_minor_units
from capped
