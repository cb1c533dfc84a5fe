-- One row per lot, booked period and payment fact that took credits of it back: money the lot released for it.
--
-- What a lot released in a period is shared by what took credits out of it then, by the credits asked for. Nothing is
-- named where a plan was replaced, or where credits were granted after their refund and are released as they are.

with

facts as (
    select * from {{ ref('int_give_backs') }}
),

lots as (
    select * from {{ ref('int_lots') }}
),

settlements as (
    select * from {{ ref('int_lot_settlements') }}
    where refund_release <> 0 or refund_release_functional <> 0
),

takers as (
    select
        lot_no,
        {{ period_of('removed_at') }} as booked_period,
        payment_id,
        {{ sum_credits('requested') }} as requested
    from {{ ref('int_lot_removals') }}
    where cause = 'refund'
    group by lot_no, {{ period_of('removed_at') }}, payment_id
),

ranked as (
    select
        takers.*,
        coalesce(facts.cause, 'refunds') as cause,
        coalesce(facts.earned_role, 'refunds_contra_revenue') as earned_role
    from takers
    left join facts
        on takers.payment_id = facts.payment_id
),

running as (
    select
        *,
        {{ sum_credits(
            'requested',
            'partition by lot_no, booked_period order by cause, payment_id nulls first rows unbounded preceding') }} as requested_to,
        {{ sum_credits('requested', 'partition by lot_no, booked_period') }} as requested_total
    from ranked
)

select
    settlements.lot_no,
    settlements.booked_period,
    running.payment_id,
    coalesce(running.cause, 'refunds') as cause,
    coalesce(running.earned_role, 'refunds_contra_revenue') as earned_role,
    settlements.liability,
    lots.wallet,
    lots.currency,
    {%- for twin, minor in [('', 'minor_units'), ('_functional', 'functional_minor_units')] %}
    case
        when running.lot_no is null or running.requested = running.requested_total then settlements.refund_release{{ twin }}
        else {{ released_by(
            'settlements.refund_release' ~ twin,
            'running.requested',
            'cast(running.requested_to - running.requested as ' ~ t_credits() ~ ')',
            'running.requested_total',
            'lots.' ~ minor) }}
    end as amount{{ twin }}{{ ',' if not loop.last }}
    {%- endfor %}
from settlements
inner join lots
    on settlements.lot_no = lots.lot_no
left join running
    on
        settlements.lot_no = running.lot_no
        and settlements.booked_period = running.booked_period
