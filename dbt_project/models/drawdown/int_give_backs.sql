-- One row per payment fact that takes back, in whole or in part, what was sold: a refund, a credit note, the void
-- or write-off of an invoice, a dispute.
--
-- share_amount is what was sold and is given back, tax included; no more than was sold is ever given back, and
-- what goes beyond it is lost (excess_amount). A void or write-off takes what is left of the invoice, a write-off
-- what is still owed on it. claim_amount is the part that was still owed: it leaves accounts receivable. The other
-- side of the rest is where the money leaves; of what was paid it becomes the customer's balance, in unapplied
-- payments, until it is paid out: a refund that names the credit note. earned_role is where the part goes that had
-- been earned (decision 28).

{% set kinds = [
    ('refund', 'refunds', 'cash_in_transit', 'refunds_contra_revenue'),
    ('credit_note', 'credit notes', 'unapplied_payments', 'credit_notes_contra_revenue'),
    ('void', 'voids', 'unapplied_payments', 'voids_contra_revenue'),
    ('write_off', 'write-offs', 'accounts_receivable', 'bad_debt'),
    ('dispute_opened', 'disputes', 'cash_in_transit', 'disputes_contra_revenue'),
    ('dispute_lost', 'disputes', 'disputed_funds', 'disputes_contra_revenue'),
] -%}
with

facts as (
    select
        *,
        greatest(0, original_amount - given_before) as left_of_sale,
        {%- for column in ['cause', 'other_role', 'earned_role'] %}
        {%- set place = loop.index %}
        case kind
            {%- for kind in kinds %}
            when '{{ kind[0] }}' then '{{ kind[place] }}'
            {%- endfor %}
        end as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_sale_facts') }}
    where not is_paying
),

credit_notes as (
    select payment_id from facts
    where kind = 'credit_note'
),

capped as (
    select
        facts.*,
        credit_notes.payment_id is not null as is_payout,
        cast(
            case
                when facts.original_id is null then facts.gross_amount
                when facts.kind = 'write_off' and facts.original_kind = 'invoice' then least(facts.gross_amount, facts.owed_before)
                else least(facts.gross_amount, facts.left_of_sale)
            end as {{ t_money() }}
        ) as share_amount
    from facts
    left join credit_notes
        on
            facts.relates_to = credit_notes.payment_id
            and facts.kind = 'refund'
),

given as (
    select
        *,
        cast(case when kind in ('void', 'write_off') then share_amount else gross_amount end as {{ t_money() }}) as given_amount
    from capped
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
    original_kind,
    original_amount,
    original_subscription_id,
    sold_for,
    case when kind = 'dispute_lost' and opened_at is null then 'cash_in_transit' else other_role end as other_role,
    case when is_payout then 'unapplied_payments' else earned_role end as earned_role,
    is_payout,
    share_amount,
    cast(least(tax_amount, share_amount) as {{ t_money() }}) as share_tax,
    cast(given_amount - share_amount as {{ t_money() }}) as excess_amount,
    cast(
        case
            when kind in ('credit_note', 'void', 'write_off') then least(share_amount, owed_before)
            else 0
        end as {{ t_money() }}
    ) as claim_amount,
    given_amount as gross_amount,
    fee_amount,
    cast(
        case
            when given_amount = gross_amount then net_functional + tax_functional
            else {{ functional('given_amount', 'fx_rate', 'functional_minor_units') }}
        end as {{ t_money() }}
    ) as gross_functional,
    fee_functional,
    sale_fx_rate,
    fx_rate,
    functional_minor_units
from given
