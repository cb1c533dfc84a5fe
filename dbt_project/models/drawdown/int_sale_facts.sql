-- One row per payment fact about an earlier sale: what pays its invoice, and what takes the sale back.
--
-- What sold it is a payment, or an invoice that is owed: of a plan, whose price is owed from the first day, or of usage
-- that was sold in arrears (it names neither plan nor offer). An unpaid pack is not on the books, so nothing of it
-- can be paid later or given back. A refund or dispute of no sale we know has no
-- original, nor has a credit note that names none. A dispute gives back when it is opened or, by the policy in force
-- then, when it is lost; until then the processor keeps the money (decision 28). given_before is the gross amount
-- given back of the same original before, owed_before what was still owed on it, if it is an invoice.

with

payments as (
    select * from {{ ref('stg_payments') }}
),

originals as (
    select * from payments
    where
        gross_amount > 0
        and (kind = 'payment' or (kind = 'invoice' and (subscription_id is not null or offer is null)))
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
    where
        payments.kind in ('payment', 'balance_applied', 'refund', 'credit_note', 'void', 'write_off', 'dispute_opened', 'dispute_lost')
),

related as (
    select
        dated.*,
        dated.kind in ('payment', 'balance_applied') as is_paying,
        originals.payment_id as original_id,
        originals.kind as original_kind,
        originals.gross_amount as original_amount,
        coalesce(originals.fx_rate, dated.fx_rate) as sale_fx_rate,
        originals.subscription_id as original_subscription_id,
        coalesce(originals.period_start, originals.occurred_at) as sold_for
    from dated
    left join disputes
        on
            {{ period_of('dated.decided_at') }} = disputes.period
            and dated.decided_at >= disputes.in_force_from
            and dated.decided_at < disputes.in_force_to
    left join originals
        on dated.relates_to = originals.payment_id
    where
        case dated.kind
            when 'refund' then true
            when 'credit_note' then dated.relates_to is null or originals.payment_id is not null
            when 'dispute_opened' then coalesce(disputes.method, 'dispute_opened') = 'dispute_opened'
            when 'dispute_lost'
                then dated.relates_to is not null and (coalesce(disputes.method, 'dispute_opened') = 'lost' or dated.opened_at is null)
            when 'void' then originals.payment_id is not null
            when 'write_off' then originals.payment_id is not null
            else originals.kind = 'invoice'
        end
),

{% set before = 'partition by coalesce(original_id, payment_id) order by booked_at, payment_id rows unbounded preceding' -%}
running as (
    select
        *,
        cast(
            {{ sum_money('case when not is_paying then gross_amount else 0 end', before) }}
            - case when is_paying then 0 else gross_amount end as {{ t_money() }}) as given_before,
        cast(
            {{ sum_money('case when is_paying then gross_amount else 0 end', before) }}
            - case when is_paying then gross_amount else 0 end as {{ t_money() }}) as paid_before
    from related
)

select
    payment_id,
    kind,
    is_paying,
    customer_id,
    booked_at,
    booked_period,
    currency,
    relates_to,
    opened_at,
    original_id,
    original_kind,
    original_amount,
    original_subscription_id,
    sold_for,
    gross_amount,
    tax_amount,
    fee_amount,
    net_functional,
    tax_functional,
    fee_functional,
    sale_fx_rate,
    fx_rate,
    functional_minor_units,
    given_before,
    cast(
        case when original_kind = 'invoice' then greatest(0, original_amount - given_before - paid_before) else 0 end
        as {{ t_money() }}
    ) as owed_before
from running
