-- One row per lot and phase of its life: a stretch of time in which it has one end and one place in burn order.
--
-- Most lots have one phase, from their grant to their end. A rollover or an extension begins another one, with
-- an end and hence a place of its own; lot, credits and consideration stay what they are (decision 14). The
-- phases of a lot follow each other without a gap. One that lasts no time is left out; a lot that is booked
-- when all of it has passed keeps the last one, to come and go in.
--
-- burn_rank is total: ties end at lot_id. cap_group is the same for phases of a node whose credits are capped
-- or filled up together: a lot and its refills, or what rolled over of one grant.

with

lots as (
    select * from {{ ref('int_lots') }}
),

rollovers as (
    select * from {{ ref('int_lot_rollovers') }}
),

extensions as (
    select * from {{ ref('int_lot_extensions') }}
    where problem is null
),

begun as (
    select
        lot_no,
        cast(null as string) as lot_event_id,
        usable_from as begins_at,
        0 as turn,
        expires_at,
        priority,
        false as is_rolled_over
    from lots
    union all
    select
        rollovers.lot_no,
        null as lot_event_id,
        rollovers.rolls_over_at as begins_at,
        1 as turn,
        rollovers.rolled_until as expires_at,
        rollovers.priority,
        true as is_rolled_over
    from rollovers
    left join extensions
        on
            rollovers.lot_no = extensions.lot_no
            and not extensions.is_rolled_over
    where
        extensions.lot_no is null
        and rollovers.rolls_over_at <= {{ as_of() }}
    union all
    select
        extensions.lot_no,
        extensions.lot_event_id,
        extensions.extended_at as begins_at,
        2 as turn,
        extensions.new_expires_at as expires_at,
        case when extensions.is_rolled_over then rollovers.priority else lots.priority end as priority,
        extensions.is_rolled_over
    from extensions
    inner join lots
        on extensions.lot_no = lots.lot_no
    left join rollovers
        on extensions.lot_no = rollovers.lot_no
),

-- A refill stands where the lot stands that it fills.
standing as (
    select
        lot_no,
        lot_id,
        node_no,
        wallet,
        wallet_level,
        usable_from as booked_from,
        kind,
        credits,
        consideration,
        effective_at,
        received_at
    from lots
    where parent_lot_id is null
    union all
    select
        refills.lot_no,
        refills.lot_id,
        refills.node_no,
        refills.wallet,
        refills.wallet_level,
        refills.usable_from as booked_from,
        filled.kind,
        filled.credits,
        filled.consideration,
        filled.effective_at,
        filled.received_at
    from lots as refills
    inner join lots as filled
        on refills.parent_lot_id = filled.lot_id
),

families as (
    select
        lot_no,
        'reset ' || parent_lot_id as label
    from lots
    where parent_lot_id is not null
    union
    select
        filled.lot_no,
        'reset ' || filled.lot_id as label
    from lots as refills
    inner join lots as filled
        on refills.parent_lot_id = filled.lot_id
),

begun_in_turn as (
    select
        begun.lot_no,
        begun.lot_event_id,
        begun.turn,
        begun.expires_at,
        begun.priority,
        begun.is_rolled_over,
        greatest(begun.begins_at, standing.booked_from) as usable_from
    from begun
    inner join standing
        on begun.lot_no = standing.lot_no
),

spans as (
    select
        *,
        lead(usable_from) over (partition by lot_no order by usable_from, turn, expires_at) as next_usable_from
    from begun_in_turn
),

kept as (
    select
        *,
        next_usable_from is null as is_last,
        greatest(coalesce(next_usable_from, expires_at, {{ end_of_time() }}), usable_from) as ends_at,
        lag(is_rolled_over) over (partition by lot_no order by usable_from, turn, expires_at) as was_rolled_over
    from spans
    where next_usable_from is null or usable_from < next_usable_from
),

phases as (
    select
        kept.*,
        cast(row_number() over (partition by kept.lot_no order by kept.usable_from, kept.turn, kept.expires_at) as int) as phase_no,
        standing.lot_id,
        standing.node_no,
        standing.wallet,
        standing.wallet_level,
        standing.kind,
        standing.credits,
        standing.consideration,
        standing.effective_at,
        standing.received_at,
        case when kept.is_rolled_over then 'rollover ' || rollovers.cap_label else families.label end as cap_label
    from kept
    inner join standing
        on kept.lot_no = standing.lot_no
    left join rollovers
        on kept.lot_no = rollovers.lot_no
    left join families
        on kept.lot_no = families.lot_no
),

-- Each wallet's sort keys, in order, as numbers that sort ascending (decision 6).
sort_values as (
    select
        phases.lot_no,
        phases.phase_no,
        keys.position,
        case when keys.is_descending then -1 else 1 end
        * case keys.key
            when 'priority' then cast(phases.priority as decimal(38, 9))
            when 'expires_at' then cast({{ sortable_instant('coalesce(phases.expires_at, ' ~ end_of_time() ~ ')') }} as decimal(38, 9))
            when 'effective_at' then cast({{ sortable_instant('phases.effective_at') }} as decimal(38, 9))
            when 'received_at' then cast({{ sortable_instant('phases.received_at') }} as decimal(38, 9))
            when 'kind' then cast(kind_order.kind_rank as decimal(38, 9))
            when 'credits' then cast(phases.credits as decimal(38, 9))
            when 'unit_value' then cast({{ unit_value('phases.consideration', 'phases.credits') }} as decimal(38, 9))
        end as sort_value
    from phases
    inner join {{ source('config', 'burn_order_keys') }} as keys
        on phases.wallet = keys.wallet
    left join {{ source('config', 'kind_order') }} as kind_order
        on
            phases.wallet = kind_order.wallet
            and phases.kind = kind_order.kind
    where keys.key <> 'lot_id'
),

sort_keys as (
    select
        lot_no,
        phase_no,
        {% for place in range(1, 9) -%}
            max(case when position = {{ place }} then sort_value end) as sort_{{ place }}{{ ',' if not loop.last }}
        {% endfor %}
    from sort_values
    group by lot_no, phase_no
),

ranked as (
    select
        phases.*,
        cast(row_number() over (
            partition by phases.node_no
            order by
                {% for place in range(1, 9) -%}
                    sort_keys.sort_{{ place }} nulls last,
                {% endfor %}
                phases.lot_id,
                phases.phase_no
        ) as bigint) as burn_rank
    from phases
    left join sort_keys
        on
            phases.lot_no = sort_keys.lot_no
            and phases.phase_no = sort_keys.phase_no
),

cap_groups as (
    select
        node_no,
        cap_label,
        min(burn_rank) as cap_group
    from ranked
    where cap_label is not null
    group by node_no, cap_label
)

select
    ranked.lot_no,
    ranked.phase_no,
    ranked.node_no,
    ranked.wallet_level,
    case
        when ranked.phase_no = 1 then 'grant'
        when ranked.is_rolled_over and not ranked.was_rolled_over then 'rollover'
        else 'extend'
    end as began_by,
    ranked.lot_event_id,
    ranked.is_rolled_over,
    ranked.is_last,
    ranked.usable_from,
    ranked.ends_at,
    ranked.expires_at,
    ranked.burn_rank,
    coalesce(cap_groups.cap_group, ranked.burn_rank) as cap_group,
    {{ place_no('ranked.burn_rank', 'coalesce(cap_groups.cap_group, ranked.burn_rank)') }} as place_no
from ranked
left join cap_groups
    on
        ranked.node_no = cap_groups.node_no
        and ranked.cap_label = cap_groups.cap_label
