{# Which events a lot paid for. The burn-down cuts the demand of a stretch of time into slices, one a lot; laid
   end to end in the order (booked_at, occurred_at, customer, event_id), the events of the stretch belong to
   the slices they fall in. Nearly all of them can be told by their instant alone: a slice ends at one instant
   (a cut), and what was booked before it is wholly this lot's, what was booked after it the next one's. So
   the ledger of ten million events is a few hundred thousand segments of time; only events booked at the
   very instant of a cut are laid end to end and cut where the slice ends. #}

{# One row per slice of a stretch after its first: the instant at which it takes over.

   cut is its place in the demand of the stretch; cut_at the instant of the event it falls into, or that it
   follows; instant_from the demand booked before that instant. Sought by the week, and by the instant only in
   weeks with a cut, so that events are summed, hardly ever sorted. #}
{% macro cuts_at_level(level) %}
with

burn_down as (
    select * from {{ ref('int_burn_down__level_' ~ level) }}
),

weeks as (
    select * from {{ ref('int_weekly_demand__level_' ~ level) }}
),

running_weeks as (
    select
        stretch_no,
        week_no,
        cast({{ sum_credits('needed', 'partition by stretch_no order by week_no rows unbounded preceding') }} - needed
            as {{ t_credits() }}) as week_from
    from weeks
),

cut_weeks as (
    select
        burn_down.stretch_no,
        burn_down.slice_no,
        burn_down.taken_from as cut,
        running_weeks.week_no,
        running_weeks.week_from
    from burn_down
    {{ latest_below('running_weeks', 'running_weeks', 'burn_down.stretch_no = running_weeks.stretch_no', 'burn_down.taken_from', 'running_weeks.week_from') }}
    where burn_down.slice_no > 1
),

weeks_with_cuts as (
    select
        stretches.node_no,
        cut_weeks.stretch_no,
        cut_weeks.week_no,
        cut_weeks.week_from,
        greatest(stretches.starts_at, {{ week_start('cut_weeks.week_no') }}) as starts_at,
        least(stretches.ends_at, {{ week_start('cut_weeks.week_no + 1') }}) as ends_at
    from cut_weeks
    inner join {{ ref('int_stretches') }} as stretches
        on cut_weeks.stretch_no = stretches.stretch_no
    group by stretches.node_no, cut_weeks.stretch_no, stretches.starts_at, stretches.ends_at, cut_weeks.week_no, cut_weeks.week_from
),

instants as (
    select
        node_no,
        stretch_no,
        week_no,
        booked_at,
        week_from,
        {{ sum_credits('needed') }} as needed
    from (
        {{ in_windows(
            ref('int_demand__level_' ~ level), spanned('weeks_with_cuts'),
            ['events.node_no', 'events.booked_at', 'events.needed'], ['stretch_no', 'week_no', 'week_from']) }}
    ) as booked
    group by node_no, stretch_no, week_no, booked_at, week_from
),

running_instants as (
    select
        node_no,
        stretch_no,
        week_no,
        booked_at,
        cast(week_from + {{ sum_credits('needed', 'partition by stretch_no, week_no order by booked_at rows unbounded preceding') }} - needed
            as {{ t_credits() }}) as instant_from
    from instants
)

select
    running_instants.node_no,
    cut_weeks.stretch_no,
    cut_weeks.slice_no,
    cut_weeks.cut,
    running_instants.booked_at as cut_at,
    running_instants.instant_from
from cut_weeks
{{ latest_below(
    'running_instants', 'running_instants',
    'cut_weeks.stretch_no = running_instants.stretch_no and cut_weeks.week_no = running_instants.week_no',
    'cut_weeks.cut', 'running_instants.instant_from') }}
{% endmacro %}

{# One row per node, span of time and segment in it in which one lot, or nobody, pays what is booked; and one, an
   instant long, per cut (is_cut). #}
{% macro segments_at_level(level) %}
with

slices as (
    select * from {{ ref('int_burn_down__level_' ~ level) }}
    where slice_no is not null
),

stretches as (
    select * from {{ ref('int_stretches') }}
),

cuts as (
    select * from {{ ref('int_cuts__level_' ~ level) }}
),

between_cuts as (
    select
        slices.node_no,
        coalesce({{ just_after('opening.cut_at') }}, stretches.starts_at) as starts_at,
        coalesce(closing.cut_at, stretches.ends_at) as ends_at,
        slices.lot_no,
        slices.repaid_at
    from slices
    inner join stretches
        on slices.stretch_no = stretches.stretch_no
    left join cuts as opening
        on
            slices.stretch_no = opening.stretch_no
            and slices.slice_no = opening.slice_no
    left join cuts as closing
        on
            slices.stretch_no = closing.stretch_no
            and slices.slice_no + 1 = closing.slice_no
),

segments as (
    select
        node_no,
        starts_at,
        ends_at,
        lot_no,
        repaid_at,
        false as is_cut
    from between_cuts
    where starts_at < ends_at
    union all
    select
        node_no,
        cut_at as starts_at,
        {{ just_after('cut_at') }} as ends_at,
        cast(null as bigint) as lot_no,
        cast(null as timestamp) as repaid_at,
        true as is_cut
    from cuts
    group by node_no, cut_at
)

select * from ({{ spanned('segments') }}) as segments
{% endmacro %}

{# One row per event booked at the instant of a cut and slice that pays part of it. Of two events of one
   customer and instant, event_no tells which id comes first: ingestion numbers them so. #}
{% macro pieces_at_level(level) %}
with

cuts as (
    select * from {{ ref('int_cuts__level_' ~ level) }}
),

slices as (
    select * from {{ ref('int_burn_down__level_' ~ level) }}
    where slice_no is not null
),

instants as (
    select
        node_no,
        stretch_no,
        cut_at,
        instant_from,
        min(slice_no) - 1 as slice_no
    from cuts
    group by node_no, stretch_no, cut_at, instant_from
),

events as (
    select
        demand.*,
        instants.stretch_no,
        cast(instants.instant_from + {{ sum_credits(
            'demand.needed',
            'partition by demand.node_no, demand.booked_at'
            ~ ' order by usage.occurred_at, customers.sort_no, demand.event_no rows unbounded preceding') }} as {{ t_credits() }}) as taken_to
    from {{ ref('int_demand__level_' ~ level) }} as demand
    inner join instants
        on
            demand.node_no = instants.node_no
            and demand.booked_at = instants.cut_at
    inner join {{ source('feeds', 'usage') }} as usage
        on demand.event_no = usage.event_no
    left join {{ ref('stg_customers') }} as customers
        on usage.customer_no = customers.customer_no
),

demanded as (
    select
        stretch_no,
        booked_at,
        event_no as one_no,
        cast(taken_to - needed as {{ t_credits() }}) as taken_from,
        taken_to
    from events
),

-- The slice in hand when the instant begins, and those that take over at it.
paying as (
    select
        stretch_no,
        cut_at as booked_at,
        slice_no as other_no,
        instant_from as taken_from
    from instants
    union all
    select
        stretch_no,
        cut_at as booked_at,
        slice_no as other_no,
        cut as taken_from
    from cuts
),

pieces as (
    {{ laid_over('demanded', 'paying', ['stretch_no', 'booked_at']) }}
)

select
    events.event_no,
    events.position,
    events.node_no,
    {% for column in event_columns() -%}
    events.{{ column }},
    {% endfor -%}
    events.full_cost,
    slices.lot_no,
    slices.repaid_at,
    pieces.credits
from pieces
inner join events
    on
        pieces.one_no = events.event_no
        and pieces.stretch_no = events.stretch_no
inner join slices
    on
        pieces.stretch_no = slices.stretch_no
        and pieces.other_no = slices.slice_no
{% endmacro %}

{# One row per event and lot that pays part of it at this level; lot_no is null for the part no lot of the
   level pays, repaid_at is when a later lot paid what the wallet owed. The credits of an event's rows sum to
   what it needed. #}
{% macro draws_at_level(level) %}
select
    event_no,
    position,
    node_no,
    {% for column in event_columns() -%}
    {{ column }},
    {% endfor -%}
    full_cost,
    lot_no,
    repaid_at,
    needed as credits
from (
    {{ in_windows(
        ref('int_demand__level_' ~ level), 'select * from ' ~ ref('int_segments__level_' ~ level), ['events.*'], ['lot_no', 'repaid_at', 'is_cut'], every_event=true) }}
) as booked
where is_cut is distinct from true
union all
select
    event_no,
    position,
    node_no,
    {% for column in event_columns() -%}
    {{ column }},
    {% endfor -%}
    full_cost,
    lot_no,
    repaid_at,
    credits
from {{ ref('int_pieces__level_' ~ level) }}
{% endmacro %}

{# Two ways to cut the same line, laid over each other: one row per piece that lies in one of `ones` and one of
   `others`, with its credits. Both are rows (line, no, taken_from) without gaps that begin at one place; the
   line ends where the ones do (their taken_to). All cuts go into one sorted list, so the work is linear in
   ones plus others, however they overlap. #}
{% macro laid_over(ones, others, line) %}
{%- set line_columns = line | join(', ') -%}
{%- set in_order = 'partition by ' ~ line_columns ~ ' order by cut, one_no nulls first, other_no nulls first' -%}
{%- set so_far = in_order ~ ' rows unbounded preceding' -%}
    select
        {{ line_columns }},
        one_no,
        other_no,
        credits
    from (
        select
            {{ line_columns }},
            {{ last_known('one_no', so_far) }} as one_no,
            {{ last_known('other_no', so_far) }} as other_no,
            cast(lead(cut) over ({{ in_order }}) - cut as {{ t_credits() }}) as credits
        from (
            select
                {{ line_columns }},
                taken_from as cut,
                one_no,
                cast(null as bigint) as other_no
            from {{ ones }}
            union all
            select
                {{ line_columns }},
                taken_from as cut,
                cast(null as bigint) as one_no,
                other_no
            from {{ others }}
            union all
            select
                {{ line_columns }},
                max(taken_to) as cut,
                cast(null as bigint) as one_no,
                cast(null as bigint) as other_no
            from {{ ones }}
            group by {{ line_columns }}
        ) as cuts
    ) as between_cuts
    where credits > 0
{% endmacro %}

{# Windows of nodes (node_no, starts_at, ends_at, ...; those of one node do not overlap) by the spans of four weeks
   that usage was booked in: one row per window and span it reaches into. Where more than 64 windows of a node
   reach into one span they come in blocks of 64 (block_no, from 1), everywhere else in block 0. #}
{% macro spanned(windows) -%}
    select
        *,
        case
            when count(*) over (partition by node_no, span_no) <= 64 then 0
            else 1 + {{ whole_div('row_number() over (partition by node_no, span_no order by starts_at) - 1', 64) }}
        end as block_no
    from (
        select
            windows.*,
            spans.span_no
        from {{ windows }} as windows
        inner join {{ ref('int_usage_spans') }} as spans
            on
                windows.starts_at < spans.ends_at
                and windows.ends_at > spans.starts_at
    ) as by_span
{%- endmacro %}

{# Number of the span of four weeks that an instant falls in. #}
{% macro span_no(ts) -%}{{ whole_div(week_no(ts), 4) }}{%- endmacro %}

{# Events in the windows of their node: columns of `events` (node_no, booked_at, ...) and of windows that are
   `spanned`. Without every_event, only events in one.

   The join is by equal keys: an event is compared with the windows of its node in its span of time, or first
   with their blocks and then with one block's windows. No event is sorted. Measured at 10 million events and
   15 windows a node: 0.6 s of processor time; with one range for the whole life of a node, 1.1 s; as of, 1.4 s. #}
{% macro in_windows(events, spanned_windows, event_columns, window_columns, every_event=false) -%}
    select
        {{ event_columns | join(', ') }}{% for column in window_columns %}, windows.{{ column }}{% endfor %}
    from {{ events }} as events
    left join (
        select
            node_no,
            span_no,
            block_no,
            min(starts_at) as starts_at,
            max(ends_at) as ends_at
        from ({{ spanned_windows }}) as windows
        where block_no > 0
        group by node_no, span_no, block_no
    ) as blocks
        on
            events.node_no = blocks.node_no
            and {{ span_no('events.booked_at') }} = blocks.span_no
            and events.booked_at >= blocks.starts_at
            and events.booked_at < blocks.ends_at
    {{ 'left' if every_event else 'inner' }} join ({{ spanned_windows }}) as windows
        on
            events.node_no = windows.node_no
            and {{ span_no('events.booked_at') }} = windows.span_no
            and coalesce(blocks.block_no, 0) = windows.block_no
            and events.booked_at >= windows.starts_at
            and events.booked_at < windows.ends_at
{%- endmacro %}
