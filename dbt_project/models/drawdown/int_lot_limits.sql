-- One row per group of phases and instant at which what it holds is cut to `most`, or filled up to `least`.
--
-- cause rollover: credits roll over, and those of the grant that live on come under one cap; what is above it
-- leaves in burn order. It was usable until then, so it is booked with the instant before (decision 5), unless
-- the lot that brings it above the cap is booked late. cause reset: a lot and its refills, at a reset that
-- finds the lot begun and alive; least never counts for more than most. Lots that roll over are not reset.

with

lots as (
    select * from {{ ref('int_lots') }}
),

phases as (
    select * from {{ ref('int_lot_phases') }}
),

rollovers as (
    select * from {{ ref('int_lot_rollovers') }}
),

first_rolled as (
    select
        lot_no,
        min(phase_no) as phase_no
    from phases
    where is_rolled_over
    group by lot_no
),

rolled as (
    select
        phases.node_no,
        phases.wallet_level,
        phases.cap_group,
        phases.usable_from as limited_at,
        max(rollovers.most) as most,
        {{ sum_credits('rollovers.most_of_granted') }} as most_of_granted,
        max(case when rollovers.rolls_over_at = phases.usable_from and lots.usable_from < phases.usable_from then 1 else 0 end) = 1
            as is_in_time
    from rollovers
    inner join first_rolled
        on rollovers.lot_no = first_rolled.lot_no
    inner join phases
        on
            first_rolled.lot_no = phases.lot_no
            and first_rolled.phase_no = phases.phase_no
    inner join lots
        on rollovers.lot_no = lots.lot_no
    where
        coalesce(rollovers.most, rollovers.most_of_granted) is not null
        and phases.usable_from < phases.ends_at
    group by phases.node_no, phases.wallet_level, phases.cap_group, phases.usable_from
),

resets as (
    select
        events.lot_event_id,
        events.least,
        events.most,
        events.reason,
        events.occurred_at,
        lots.lot_no,
        lots.lot_id,
        greatest(events.booked_at, lots.usable_from) as reset_at
    from {{ ref('stg_lot_events') }} as events
    inner join lots
        on events.lot_id = lots.lot_id
    left join rollovers
        on lots.lot_no = rollovers.lot_no
    where
        events.kind = 'reset'
        and events.occurred_at > lots.effective_at
        and lots.parent_lot_id is null
        and rollovers.lot_no is null
)

select
    'rollover ' || node_no || ':' || cap_group || ':' || limited_at as limit_id,
    'rollover' as cause,
    node_no,
    wallet_level,
    cap_group,
    limited_at,
    coalesce(most, most_of_granted) as most,
    cast(null as {{ t_credits() }}) as least,
    cast(null as bigint) as refill_place_no,
    case when is_in_time then {{ just_before('limited_at') }} else limited_at end as booked_at,
    'above the cap on what rolls over' as reason
from rolled
union all
select
    resets.lot_event_id as limit_id,
    'reset' as cause,
    phases.node_no,
    phases.wallet_level,
    phases.cap_group,
    resets.reset_at as limited_at,
    resets.most,
    case when resets.least is not null then least(resets.least, resets.most) end as least,
    refill_phases.place_no as refill_place_no,
    case when resets.reset_at = resets.occurred_at then {{ just_before('resets.reset_at') }} else resets.reset_at end as booked_at,
    coalesce(resets.reason, 'reset') as reason
from resets
inner join phases
    on
        resets.lot_no = phases.lot_no
        and resets.reset_at >= phases.usable_from
        and resets.reset_at < phases.ends_at
left join lots as refills
    on
        resets.lot_id = refills.parent_lot_id
        and resets.lot_event_id = refills.origin_id
left join phases as refill_phases
    on
        refills.lot_no = refill_phases.lot_no
        and resets.reset_at >= refill_phases.usable_from
        and resets.reset_at < refill_phases.ends_at
