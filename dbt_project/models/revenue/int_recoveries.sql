-- One row per payment fact that brings money back which had been given up: an invoice that was written off is paid
-- after all, or a dispute is won that was given back when it was opened.
--
-- beyond_amount is what the fact brings beyond what was still owed, without tax; recovered_amount the part of it that
-- had been given up. Of that earned_amount was bad debt or stood against revenue, and returns there; rest_amount had
-- been released from the liability of credits that were taken back. Those do not come back by themselves: nothing is
-- owed for them any more, so it is a gain, in an account of its own (decision 28).

with

facts as (
    select * from {{ ref('int_sale_facts') }}
),

give_backs as (
    select * from {{ ref('int_give_backs') }}
),

released as (
    select
        payment_id,
        {{ sum_money('amount') }} as amount
    from {{ ref('int_refund_releases') }}
    group by payment_id
),

given_up as (
    select
        give_backs.original_id,
        give_backs.kind,
        max(give_backs.earned_role) as earned_role,
        {{ sum_money('give_backs.share_amount - give_backs.share_tax') }} as net_amount,
        {{ sum_money('coalesce(released.amount, 0)') }} as released_amount
    from give_backs
    left join released
        on give_backs.payment_id = released.payment_id
    where
        give_backs.kind in ('write_off', 'dispute_opened')
        and give_backs.original_id is not null
    group by give_backs.original_id, give_backs.kind
),

beyond as (
    select
        payment_id,
        kind,
        original_id,
        original_subscription_id is not null as is_of_plan,
        'write_off' as given_up_by,
        booked_at,
        booked_period,
        currency,
        fx_rate,
        functional_minor_units,
        tax_amount,
        cast(greatest(0, gross_amount - owed_before - tax_amount) as {{ t_money() }}) as beyond_amount
    from facts
    where kind = 'payment'
    union all
    select
        won.payment_id,
        won.kind,
        won.relates_to as original_id,
        false as is_of_plan,
        'dispute_opened' as given_up_by,
        won.booked_at,
        won.booked_period,
        won.currency,
        won.fx_rate,
        won.functional_minor_units,
        won.tax_amount,
        won.net_amount as beyond_amount
    from {{ ref('stg_payments') }} as won
    where won.kind = 'dispute_won'
),

running as (
    select
        beyond.*,
        given_up.earned_role,
        given_up.net_amount,
        least(given_up.net_amount, given_up.released_amount) as released_amount,
        least(
            given_up.net_amount,
            {{ sum_money(
                'beyond.beyond_amount',
                'partition by beyond.original_id, beyond.given_up_by order by beyond.booked_at, beyond.payment_id'
                ~ ' rows unbounded preceding') }}
        ) as recovered_to
    from beyond
    inner join given_up
        on
            beyond.original_id = given_up.original_id
            and beyond.given_up_by = given_up.kind
    where beyond.beyond_amount > 0
),

steps as (
    select
        running.*,
        currencies.minor_units,
        cast(
            running.recovered_to - lag(running.recovered_to, 1, {{ zero_money() }}) over (
                partition by running.original_id, running.given_up_by order by running.booked_at, running.payment_id
            ) as {{ t_money() }}
        ) as recovered_amount
    from running
    left join {{ source('config', 'currencies') }} as currencies
        on running.currency = currencies.currency
),

shared as (
    select
        *,
        {{ released_by(
            'released_amount', 'recovered_amount', '(recovered_to - recovered_amount)', 'net_amount', 'coalesce(minor_units, 2)')
        }} as rest_amount
    from steps
)

select
    payment_id,
    kind,
    original_id,
    is_of_plan,
    earned_role,
    booked_period,
    currency,
    tax_amount,
    beyond_amount,
    recovered_amount,
    cast(recovered_amount - rest_amount as {{ t_money() }}) as earned_amount,
    rest_amount,
    fx_rate,
    functional_minor_units
from shared
