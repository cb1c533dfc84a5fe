{# The drawdown, one level of wallets at a time. A wallet's level is one more than that of every wallet
   that comes before it in some chain, so when a level is burned everything that can still arrive at it
   has arrived. models/drawdown/level_<n>/ holds one line per model; the reasoning is here, once. #}

{# One row per event and wallet of this level that it asks for credits: what the level must try to pay.
   quantity and full_cost are the whole event's, the latter in this wallet; needed is the part that arrives
   here. #}
{% macro demand_at_level(level) %}
with

rated as (
    select * from {{ ref('int_events_rated') }}
    where wallet_level = {{ level }} and cost > 0
),

over_limit as (
    select * from {{ ref('int_limit_excess') }}
)

select
    rated.event_no,
    rated.node_no,
    rated.booked_at,
    1 as position,
    rated.rate_no,
    rated.quantity,
    rated.cost as full_cost,
    cast(rated.cost - coalesce(over_limit.excess, 0) as {{ t_credits() }}) as needed
from rated
left join over_limit
    on rated.event_no = over_limit.event_no
where rated.cost > coalesce(over_limit.excess, 0)
{% for lower in range(level) %}
union all
select
    event_no,
    next_node_no as node_no,
    booked_at,
    next_position as position,
    rate_no,
    event_quantity as quantity,
    next_full_cost as full_cost,
    next_needed as needed
from {{ ref('int_unpaid__level_' ~ lower) }}
where next_level = {{ level }} and next_needed > 0
{% endfor %}
{% endmacro %}

{# One row per entry of the burn-down of this level's wallets.

   entry_type draw: the lot pays [taken_from, taken_to) of the stretch's demand, in event order.
   entry_type shortfall: no lot pays that part. The draws and the shortfall of a stretch cover its demand
   exactly. entry_type expire, remove: what the lot lost then (taken_to), nothing to do with demand. #}
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
        stretches.stretch_no,
        {{ sum_credits('demand.needed') }} as demand
    from {{ ref('int_demand__level_' ~ level) }} as demand
    {{ latest_before('stretches', 'stretches', 'demand.node_no = stretches.node_no', 'demand.booked_at', 'stretches.starts_at', 'stretches.ends_at') }}
    where stretches.stretch_no is not null
    group by stretches.stretch_no
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
)

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
{% endmacro %}

{# One row per event and lot that pays part of it at this level; lot_no is null for the part no lot of
   the level pays, and that row carries what the next wallet must know of the event, so that nothing has to be
   looked up again. The credits of an event's rows sum to what it needed.

   A stretch paid by one lot (or by none) needs no order: its events join to it. A stretch that changes hands
   is looked at by the day, and most of its days are again paid by one lot or by none. Only on the days that
   change hands are events laid end to end, in the order (booked_at, occurred_at, customer, event_id), and cut
   where a lot ends: both kinds of cut go into one sorted list, so the work is linear in events plus lots.
   Of two events of one customer and instant, event_no tells which id comes first: ingestion numbers them so,
   and sorting millions of ids is what it saves. #}
{% macro draws_at_level(level) %}
{%- set carried = ['node_no', 'booked_at', 'rate_no', 'quantity', 'full_cost'] -%}
with

demand as (
    select * from {{ ref('int_demand__level_' ~ level) }}
),

stretches as (
    select * from {{ ref('int_stretches') }}
),

slices as (
    select
        stretch_no,
        lot_no,
        taken_from,
        taken_to
    from {{ ref('int_burn_down__level_' ~ level) }}
    where entry_type in ('draw', 'shortfall')
),

hands as (
    select
        stretch_no,
        count(*) as slices,
        max(lot_no) as lot_no
    from slices
    group by stretch_no
),

placed as (
    select
        demand.event_no,
        demand.position,
        demand.node_no,
        demand.booked_at,
        demand.rate_no,
        demand.quantity,
        demand.full_cost,
        demand.needed,
        stretches.stretch_no,
        cast(demand.booked_at as date) as booked_day
    from demand
    {{ latest_before('stretches', 'stretches', 'demand.node_no = stretches.node_no', 'demand.booked_at', 'stretches.starts_at', 'stretches.ends_at') }}
),

days as (
    select
        placed.stretch_no,
        placed.booked_day,
        {{ sum_credits('placed.needed') }} as needed
    from placed
    inner join hands
        on placed.stretch_no = hands.stretch_no
    where hands.slices > 1
    group by placed.stretch_no, placed.booked_day
),

running_days as (
    select
        stretch_no,
        booked_day,
        needed,
        {{ sum_credits('needed', 'partition by stretch_no order by booked_day rows unbounded preceding') }} as needed_to
    from days
),

day_slices as (
    select
        running_days.stretch_no,
        running_days.booked_day,
        cast(running_days.needed_to - running_days.needed as {{ t_credits() }}) as day_from,
        running_days.needed_to as day_to,
        slices.lot_no,
        slices.taken_from
    from running_days
    inner join slices
        on
            running_days.stretch_no = slices.stretch_no
            and running_days.needed_to > slices.taken_from
            and running_days.needed_to - running_days.needed < slices.taken_to
),

day_hands as (
    select
        stretch_no,
        booked_day,
        day_from,
        day_to,
        count(*) as slices,
        max(lot_no) as lot_no
    from day_slices
    group by stretch_no, booked_day, day_from, day_to
),

in_hand as (
    select
        placed.*,
        coalesce(day_hands.slices, hands.slices, 0) as slices,
        case when hands.slices > 1 then day_hands.lot_no else hands.lot_no end as lot_no,
        day_hands.day_from
    from placed
    left join hands
        on placed.stretch_no = hands.stretch_no
    left join day_hands
        on
            placed.stretch_no = day_hands.stretch_no
            and placed.booked_day = day_hands.booked_day
),

shared as (
    select
        in_hand.event_no,
        in_hand.position,
        in_hand.stretch_no,
        in_hand.booked_day,
        in_hand.needed,
        {% for column in carried -%}
        in_hand.{{ column }},
        {% endfor -%}
        cast(in_hand.day_from + {{ sum_credits('in_hand.needed', 'partition by in_hand.stretch_no, in_hand.booked_day order by in_hand.booked_at, usage.occurred_at, customers.sort_no, in_hand.event_no rows unbounded preceding') }} as {{ t_credits() }}) as needed_to
    from in_hand
    inner join {{ source('feeds', 'usage') }} as usage
        on in_hand.event_no = usage.event_no
    left join {{ ref('stg_customers') }} as customers
        on usage.customer_no = customers.customer_no
    where in_hand.slices > 1
),

cuts as (
    select
        stretch_no,
        booked_day,
        cast(needed_to - needed as {{ t_credits() }}) as cut,
        event_no,
        position,
        cast(null as bigint) as lot_or_none
    from shared
    union all
    select
        day_slices.stretch_no,
        day_slices.booked_day,
        greatest(day_slices.taken_from, day_slices.day_from) as cut,
        cast(null as bigint) as event_no,
        cast(null as int) as position,
        coalesce(day_slices.lot_no, 0) as lot_or_none
    from day_slices
    inner join day_hands
        on
            day_slices.stretch_no = day_hands.stretch_no
            and day_slices.booked_day = day_hands.booked_day
    where day_hands.slices > 1
    union all
    select
        stretch_no,
        booked_day,
        day_to as cut,
        cast(null as bigint) as event_no,
        cast(null as int) as position,
        cast(null as bigint) as lot_or_none
    from day_hands
    where slices > 1
),

{# An event may begin where a lot takes over: of two cuts at one place the lot's is the later. -#}
{% set in_order = 'partition by stretch_no, booked_day order by cut, lot_or_none nulls first' -%}
pieces as (
    select
        {{ last_known('event_no', in_order ~ ' rows unbounded preceding') }} as event_no,
        {{ last_known('position', in_order ~ ' rows unbounded preceding') }} as position,
        {{ last_known('lot_or_none', in_order ~ ' rows unbounded preceding') }} as lot_or_none,
        cast(lead(cut) over ({{ in_order }}) - cut as {{ t_credits() }}) as credits
    from cuts
)

select
    event_no,
    position,
    lot_no,
    needed as credits,
    {% for column in carried -%}
    case when lot_no is null then {{ column }} end as {{ column }}{{ ',' if not loop.last }}
    {% endfor %}
from in_hand
where slices <= 1
union all
select
    event_no,
    position,
    lot_or_none as lot_no,
    credits,
    {% for column in carried -%}
    null as {{ column }}{{ ',' if not loop.last }}
    {% endfor %}
from pieces
where credits > 0 and lot_or_none > 0
union all
select
    pieces.event_no,
    pieces.position,
    null as lot_no,
    pieces.credits,
    shared.{{ carried | join(',\n    shared.') }}
from pieces
inner join shared
    on
        pieces.event_no = shared.event_no
        and pieces.position = shared.position
where pieces.credits > 0 and pieces.lot_or_none = 0
{% endmacro %}

{# One row per event part that no lot of this level pays: what becomes of it.

   Where the chain goes on, next_* say where and for how much: the part keeps its share of the event and
   takes the next wallet's own price for it. At the end of the chain it is overage, sold in arrears at the
   rate's overage price, or unfunded: served, but nobody agreed to pay. amount is not yet rounded. #}
{% macro unpaid_at_level(level) %}
with

unpaid as (
    select * from {{ ref('int_draws__level_' ~ level) }}
    where lot_no is null
),

chain as (
    select * from {{ ref('int_rate_chain') }}
),

placed as (
    select
        unpaid.event_no,
        unpaid.position,
        unpaid.credits as unpaid,
        unpaid.full_cost,
        unpaid.rate_no,
        unpaid.booked_at,
        unpaid.quantity as event_quantity,
        {{ share_of('unpaid.quantity', 'unpaid.credits', 'unpaid.full_cost') }} as quantity,
        this_place.wallet,
        this_place.overage_whole_quanta,
        this_place.overage_quanta_per_unit,
        this_place.overage_numerator,
        this_place.overage_denominator,
        this_place.overage_currency,
        next_place.position as next_position,
        next_place.wallet_level as next_level,
        {{ node_beside('unpaid.node_no', 'next_place.wallet_rank') }} as next_node_no,
        coalesce(tiered.cost, cast(
            {{ cost_in_quanta('unpaid.quantity', 'next_place.', 'next_place.rounding') }}
            * next_place.quantum as {{ t_credits() }}
        )) as next_full_cost
    from unpaid
    inner join chain as this_place
        on
            unpaid.rate_no = this_place.rate_no
            and unpaid.position = this_place.position
    left join chain as next_place
        on
            unpaid.rate_no = next_place.rate_no
            and unpaid.position + 1 = next_place.position
    left join {{ ref('int_tiered_costs') }} as tiered
        on
            next_place.position = tiered.position
            and unpaid.event_no = tiered.event_no
)

select
    event_no,
    position,
    rate_no,
    booked_at,
    wallet,
    event_quantity,
    quantity,
    unpaid,
    next_position,
    next_level,
    next_node_no,
    next_full_cost,
    {{ share_of('next_full_cost', 'unpaid', 'full_cost') }} as next_needed,
    next_position is null and overage_numerator is not null as is_overage,
    case
        when next_position is null and overage_numerator is not null
            then {{ overage_amount('quantity') }}
    end as amount,
    overage_currency as currency
from placed
{% endmacro %}

{# Overage price of a quantity, to 9 decimals; columns of int_rate_chain in scope. #}
{% macro overage_amount(quantity) -%}
    cast({{ cost_in_quanta(quantity, 'overage_') }}
        * cast(0.000000001 as decimal(10, 9)) as {{ t_amount() }})
{%- endmacro %}
