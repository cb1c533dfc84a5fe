{# One row per entry of the burn-down of this level's wallets.

   entry_type draw: the lot pays [taken_from, taken_to) of the stretch's demand, in event order.
   entry_type shortfall: no lot pays that part. The draws and the shortfall of a stretch cover its demand
   exactly: they are its slices, numbered in order. entry_type expire, remove: what the lot lost then (taken_to), nothing to do with demand. #}
{% macro burn_down_at_level(level) %}
with

lots as (
    select * from {{ ref('int_lots') }}
    where wallet_level = {{ level }}
),

stretches as (
    select * from {{ ref('int_stretches') }}
),

demand as (
    select
        stretch_no,
        {{ sum_credits('needed') }} as demand
    from ({{ in_windows(ref('int_demand__level_' ~ level), ref('int_stretches'), ['events.needed'], ['stretch_no']) }}) as booked
    group by stretch_no
),

-- At one instant: what ends leaves first, then removals, then new lots, then the demand of the stretch.
-- A lot booked at or after its own end comes and goes in that order.
instructions as (
    select
        node_no,
        usable_from as moment,
        3 as turn,
        'add' as op,
        burn_rank as k,
        credits as x,
        lot_id as reference
    from lots
    union all
    select
        lots.node_no,
        ends.ends_at as moment,
        case when ends.ends_at = lots.usable_from then 5 else 1 end as turn,
        'take' as op,
        lots.burn_rank as k,
        lots.credits as x,
        'expire' as reference
    from {{ ref('int_lot_ends') }} as ends
    inner join lots
        on ends.lot_no = lots.lot_no
    union all
    select
        lots.node_no,
        removals.removed_at as moment,
        case when removals.removed_at = lots.usable_from then 4 else 2 end as turn,
        'take' as op,
        lots.burn_rank as k,
        removals.requested as x,
        removals.removal_id as reference
    from {{ ref('int_lot_removals') }} as removals
    inner join lots
        on removals.lot_no = lots.lot_no
    union all
    select
        stretches.node_no,
        stretches.starts_at as moment,
        6 as turn,
        'burn' as op,
        cast(stretches.stretch_no as bigint) as k,
        demand.demand as x,
        '' as reference
    from demand
    inner join stretches
        on demand.stretch_no = stretches.stretch_no
),

tape as (
    select
        *,
        cast(row_number() over (partition by node_no order by moment, turn, k, reference) as bigint) as i
    from instructions
),

burned as (
    {{ burned_rows('tape') }}
),

entries as (
    select
        tape.node_no,
        tape.moment,
        tape.op,
        tape.turn,
        tape.reference,
        case when tape.op = 'burn' then tape.k end as stretch_no,
        burned.k as burn_rank,
        burned.taken_from,
        burned.taken_to
    from burned
    inner join tape
        on
            burned.node_no = tape.node_no
            and burned.i = tape.i
),

covered as (
    select
        stretch_no,
        max(taken_to) as covered_to
    from entries
    where op = 'burn'
    group by stretch_no
),

final as (
    select
        case
            when entries.op = 'burn' then 'draw'
            when entries.reference = 'expire' and entries.turn in (1, 5) then 'expire'
            else 'remove'
        end as entry_type,
        entries.node_no,
        entries.moment,
        entries.stretch_no,
        lots.lot_no,
        case when entries.turn in (2, 4) then entries.reference end as removal_id,
        entries.taken_from,
        entries.taken_to
    from entries
    inner join lots
        on
            entries.node_no = lots.node_no
            and entries.burn_rank = lots.burn_rank
    union all
    select
        'shortfall' as entry_type,
        stretches.node_no,
        stretches.starts_at as moment,
        demand.stretch_no,
        cast(null as bigint) as lot_no,
        cast(null as string) as removal_id,
        coalesce(covered.covered_to, {{ zero_credits() }}) as taken_from,
        demand.demand as taken_to
    from demand
    inner join stretches
        on demand.stretch_no = stretches.stretch_no
    left join covered
        on demand.stretch_no = covered.stretch_no
    where demand.demand > coalesce(covered.covered_to, 0)
)

select
    entry_type,
    node_no,
    moment,
    stretch_no,
    case
        when stretch_no is not null
            then cast(row_number() over (partition by stretch_no order by taken_from) as bigint)
    end as slice_no,
    lot_no,
    removal_id,
    taken_from,
    taken_to
from final
{% endmacro %}
