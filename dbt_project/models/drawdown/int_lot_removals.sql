-- One row per lot and thing that takes credits out of it before they are used or expire.
--
-- What gives back a share of a payment or of a plan's invoice (int_give_backs) takes the same share of each of its
-- lots, as far as credits are left: unearned credits go first, what was already earned is contra revenue
-- (ACCOUNTING 5). The payment of a plan belongs to the period it names, or else to the one it was made in. A plan
-- whose credits expire when another replaces it gives back the share of its price first, and then loses what is
-- left (removals of one instant take their turn by removal_id). A void or reduction from the lot_events feed takes
-- the credits it names, or all that are left; so does a transfer that can be carried out, and a reprice. From a lot
-- that is not released yet nobody else takes anything: withheld is what such a removal took, for which the lot
-- starts with less.

with

lots as (
    select * from {{ ref('int_lots') }}
),

subscription_periods as (
    select * from {{ ref('int_subscription_periods') }}
),

plan_changes as (
    select * from {{ ref('int_plan_changes') }}
    where on_change = 'expire'
),

lot_events as (
    select * from {{ ref('stg_lot_events') }}
),

given_back as (
    select * from {{ ref('int_give_backs') }}
    where share_amount > 0
),

given_back_lots as (
    select
        given_back.*,
        lots.lot_no
    from given_back
    inner join lots
        on given_back.original_id = lots.payment_id
    union all
    select
        given_back.*,
        lots.lot_no
    from given_back
    inner join subscription_periods as periods
        on
            given_back.original_subscription_id = periods.subscription_id
            and given_back.sold_for >= periods.period_start
            and given_back.sold_for < periods.period_end
    inner join lots
        on
            periods.subscription_id = lots.subscription_id
            and periods.period_index = lots.subscription_period
),

phases as (
    select * from {{ ref('int_lot_phases') }}
),

removals as (
    select
        given_back_lots.payment_id as removal_id,
        'refund' as cause,
        given_back_lots.payment_id,
        given_back_lots.lot_no,
        given_back_lots.booked_at as removed_at,
        case
            when given_back_lots.share_amount >= given_back_lots.original_amount then lots.credits
            else {{ share_of(
                'lots.credits',
                'cast(given_back_lots.share_amount as ' ~ t_credits() ~ ')',
                'cast(given_back_lots.original_amount as ' ~ t_credits() ~ ')') }}
        end as requested,
        case when given_back_lots.kind <> 'refund' then replace(given_back_lots.kind, '_', ' ') end as reason
    from given_back_lots
    inner join lots
        on given_back_lots.lot_no = lots.lot_no
    union all
    select
        plan_changes.replaced_by || ':price_back' as removal_id,
        'refund' as cause,
        cast(null as string) as payment_id,
        lots.lot_no,
        plan_changes.booked_at as removed_at,
        {{ share_of(
            'lots.credits',
            'cast(plan_changes.price_back as ' ~ t_credits() ~ ')',
            'cast(plan_changes.period_price as ' ~ t_credits() ~ ')') }} as requested,
        'replaced by ' || plan_changes.replaced_by as reason
    from plan_changes
    inner join lots
        on
            plan_changes.subscription_id = lots.subscription_id
            and plan_changes.period_index = lots.subscription_period
    where
        plan_changes.price_back > 0
        and lots.consideration > 0
    union all
    select
        plan_changes.replaced_by || ':replaced' as removal_id,
        'void' as cause,
        cast(null as string) as payment_id,
        lots.lot_no,
        plan_changes.booked_at as removed_at,
        lots.credits as requested,
        'replaced by ' || plan_changes.replaced_by as reason
    from plan_changes
    inner join lots
        on plan_changes.subscription_id = lots.subscription_id
    union all
    select
        plan_changes.replaced_by || ':replaced' as removal_id,
        'void' as cause,
        cast(null as string) as payment_id,
        refills.lot_no,
        plan_changes.booked_at as removed_at,
        refills.credits as requested,
        'replaced by ' || plan_changes.replaced_by as reason
    from plan_changes
    inner join lots
        on plan_changes.subscription_id = lots.subscription_id
    inner join lots as refills
        on lots.lot_id = refills.parent_lot_id
    union all
    select
        lot_events.lot_event_id as removal_id,
        lot_events.kind as cause,
        cast(null as string) as payment_id,
        lots.lot_no,
        lot_events.booked_at as removed_at,
        coalesce(lot_events.credits, lots.credits) as requested,
        lot_events.reason
    from lot_events
    inner join lots
        on lot_events.lot_id = lots.lot_id
    where lot_events.kind in ('void', 'reduce')
    union all
    select
        transfers.lot_event_id as removal_id,
        'transfer' as cause,
        cast(null as string) as payment_id,
        lots.lot_no,
        transfers.booked_at as removed_at,
        coalesce(transfers.credits, lots.credits) as requested,
        case when transfers.is_reprice then coalesce(transfers.reason, 'repriced') else transfers.reason end as reason
    from {{ ref('int_lot_transfers') }} as transfers
    inner join lots
        on transfers.lot_no = lots.lot_no
    where transfers.problem is null
    union all
    select
        lot_events.lot_event_id as removal_id,
        lot_events.kind as cause,
        cast(null as string) as payment_id,
        refills.lot_no,
        lot_events.booked_at as removed_at,
        refills.credits as requested,
        lot_events.reason
    from lot_events
    inner join lots as refills
        on lot_events.lot_id = refills.parent_lot_id
    where
        lot_events.kind = 'void'
        and lot_events.credits is null
),

timed as (
    select
        removals.removal_id,
        removals.cause,
        removals.payment_id,
        removals.lot_no,
        lots.node_no,
        greatest(removals.removed_at, lots.booked_at) as removed_at,
        removals.requested,
        removals.reason,
        lots.credits,
        greatest(removals.removed_at, lots.booked_at) < lots.usable_from as is_before_release
    from removals
    inner join lots
        on removals.lot_no = lots.lot_no
),

running as (
    select
        *,
        {{ sum_credits(
            'requested',
            'partition by lot_no, is_before_release order by removed_at, removal_id rows unbounded preceding') }} as requested_to
    from timed
)

select
    running.removal_id,
    running.cause,
    running.payment_id,
    running.lot_no,
    running.node_no,
    phases.place_no,
    running.removed_at,
    running.requested,
    case
        when running.is_before_release
            then greatest(
                {{ zero_credits() }},
                least(running.requested, cast(running.credits - (running.requested_to - running.requested) as {{ t_credits() }}))
            )
    end as withheld,
    running.reason
from running
left join phases
    on
        running.lot_no = phases.lot_no
        and running.removed_at >= phases.usable_from
        and (running.removed_at < phases.ends_at or phases.is_last)
