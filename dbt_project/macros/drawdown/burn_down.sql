{# The burn-down: what each lot of a wallet pays, from the wallet's tape of instructions.

   A tape (columns node_no, i, op, k, x) is the ordered list of everything that changes a wallet. Places (k) are
   those of int_lot_phases, smaller ones burn first; x is credits, but of a move a place:

     add    a lot arrives at k with x
     take   it loses x, or what it has left (expiry, void)
     move   what it has left goes on to place x
     cap    of the lots of cap group k, those that burn first lose what they hold above x together
     fill   a lot arrives at k with what its cap group lacks of x
     burn   demand x is paid
     owe    demand x is paid, and what no lot pays is owed (overdraft: carry)
     repay  what is owed is paid

   It is walked in blocks of instructions, one block of every wallet at a time:

     live   lots that still hold credits, in burn order: k (place), r (credits left) and
            c (r summed over this lot and all before it)
     owed   what the wallet was asked beyond its lots and lets be paid later
     near   the live lots that the block can touch: those it names, alone or by their cap group, and those in
            front that its whole demand and what is owed could reach if every lot it names stood before them
            and left
     out    what happened: i (instruction), k (place), f and t (which stretch of the demand, of the lot,
            or of what was owed, was taken: [f, t); of a move or a fill, 0 and what arrived)

   Between blocks, sets: one window gives every live lot its c, and the lots far back go on untouched. Inside a
   block, a fold over the near lots alone. Because c is a running sum, burning a demand d is three vector
   operations and no inner loop: lots with c <= d are exhausted, the one lot that d falls into keeps c - d,
   the others shift by d. A lot that arrives behind the near ones gets a c that leaves out the far lots
   between; it is still more than the block can burn, and the next block counts anew.

   So a step costs what lies near the front, and a block what is alive: a wallet with 10,000 lots alive is
   walked in 0.9 s of processor time, 77 s when each step looked at all of them. #}

{% macro burn_down_block_size() %}128{% endmacro %}

{# One row per entry: node_no, i, k, taken_from, taken_to. #}
{% macro burned_rows(tape) %}{{ return(adapter.dispatch('burned_rows', 'creditbooks')(tape)) }}{% endmacro %}

{% macro default__burned_rows(tape) -%}
{%- set credits = t_credits() -%}
{%- set no_lots = "cast([] as struct(k bigint, r " ~ credits ~ ", c " ~ credits ~ ")[])" -%}
with recursive

blocks as (
    select
        node_no,
        i // {{ burn_down_block_size() }} as block_no,
        list({'i': i, 'op': op, 'k': k, 'x': x} order by i) as steps,
        coalesce(list(k) filter (where op in ('take', 'move')), cast([] as bigint[])) as named,
        coalesce(list({{ cap_group_of('k') }}) filter (where op in ('cap', 'fill')), cast([] as bigint[])) as named_groups,
        {{ sum_credits("case when op in ('burn', 'owe') then x end") }} as demand
    from {{ tape }}
    group by node_no, i // {{ burn_down_block_size() }}
),

-- A row with i is an entry; one without is a lot alive after the block, t its credits. Lot 0 is nobody's: its
-- t is what the wallet owes, and it keeps a wallet without lots on its way.
walk as (
    select
        node_no,
        cast(-1 as bigint) as block_no,
        cast(null as bigint) as i,
        cast(0 as bigint) as k,
        {{ zero_credits() }} as f,
        {{ zero_credits() }} as t
    from blocks
    where block_no = 0
    union all
    (
        with

        live as (
            select
                node_no,
                block_no + 1 as block_no,
                k,
                t as r,
                {{ sum_credits('case when k > 0 then t else 0 end', 'partition by node_no order by k rows unbounded preceding') }} as c
            from walk
            where i is null
        ),

        called as (
            select
                live.*,
                blocks.demand,
                list_contains(blocks.named, live.k) or list_contains(blocks.named_groups, {{ cap_group_of('live.k') }}) as is_named
            from live
            inner join blocks
                on
                    live.node_no = blocks.node_no
                    and live.block_no = blocks.block_no
        ),

        placed as (
            select
                node_no,
                block_no,
                k,
                r,
                c,
                k = 0 or is_named or c - r <= demand + {{ sum_credits('case when is_named or k = 0 then r end', 'partition by node_no') }} as is_near
            from called
        ),

        near as (
            select
                node_no,
                block_no,
                coalesce(list({'k': k, 'r': r, 'c': c} order by k) filter (where k > 0), {{ no_lots }}) as lots,
                max(r) filter (where k = 0) as owed
            from placed
            where is_near
            group by node_no, block_no
        ),

        -- The engine folds a few thousand wallets side by side, as many steps as the longest of them has, so
        -- wallets with as many steps belong together.
        folded as (
            select
                node_no,
                block_no,
                {{ burn_down_block('lots', 'owed', 'steps') }} as done
            from (
                select
                    near.node_no,
                    near.block_no,
                    near.lots,
                    near.owed,
                    blocks.steps
                from near
                inner join blocks
                    on
                        near.node_no = blocks.node_no
                        and near.block_no = blocks.block_no
                order by len(blocks.steps)
            ) as pending
        )

        select
            node_no,
            block_no,
            cast(null as bigint) as i,
            k,
            {{ zero_credits() }} as f,
            r as t
        from placed
        where not is_near
        union all
        select
            node_no,
            block_no,
            cast(null as bigint) as i,
            cast(0 as bigint) as k,
            {{ zero_credits() }} as f,
            done.owed as t
        from folded
        union all
        select
            node_no,
            block_no,
            cast(null as bigint) as i,
            lot.k,
            {{ zero_credits() }} as f,
            lot.r as t
        from (select node_no, block_no, unnest(done.live) as lot from folded) as alive
        union all
        select
            node_no,
            block_no,
            entry.i,
            entry.k,
            entry.f,
            entry.t
        from (select node_no, block_no, unnest(done.out) as entry from folded) as entered
    )
)

select
    node_no,
    i,
    k,
    f as taken_from,
    t as taken_to
from walk
where i is not null
{%- endmacro %}

{# The fold over one block: {live, owed, out} after its steps, from the near lots and the debt before them. #}
{% macro burn_down_block(near, owed, steps) -%}
{%- set credits = t_credits() -%}
list_reduce({{ steps }}, lambda s, q:
    case q.op
        when 'add' then {'live': {{ with_lot('s.live', 'q.k', 'q.x') }}, 'owed': s.owed, 'out': s.out}
        when 'move' then list_transform(
            [coalesce(list_filter(s.live, lambda e: e.k = q.k)[1].r, {{ zero_credits() }})],
            lambda r: case when r = 0 then s else {
                'live': list_transform(
                    [list_transform(
                        list_filter(s.live, lambda e: e.k <> q.k),
                        lambda e: {'k': e.k, 'r': e.r, 'c': cast(e.c - case when e.k > q.k then r else 0 end as {{ credits }})})],
                    lambda rest: {{ with_lot('rest', 'cast(q.x as bigint)', 'r') }})[1],
                'owed': s.owed,
                'out': list_append(s.out, {'i': q.i, 'k': cast(q.x as bigint), 'f': {{ zero_credits() }}, 't': r})} end)[1]
        when 'cap' then list_transform(
            [list_filter(s.live, lambda e: {{ cap_group_of('e.k') }} = q.k)],
            lambda members: list_transform(
                [list_filter(
                    list_transform(members, lambda e, n: {'i': q.i, 'k': e.k, 'f': {{ zero_credits() }}, 't': cast(
                        least(e.r, greatest(0, list_sum(list_transform(members[n:], lambda z: z.r)) - q.x)) as {{ credits }})}),
                    lambda e: e.t > 0)],
                lambda leaving: case when len(leaving) = 0 then s else {
                    'live': list_filter(
                        list_transform(s.live, lambda e: {
                            'k': e.k,
                            'r': cast(e.r - coalesce(list_filter(leaving, lambda z: z.k = e.k)[1].t, 0) as {{ credits }}),
                            'c': cast(e.c - coalesce(list_sum(list_transform(
                                list_filter(leaving, lambda z: z.k <= e.k), lambda z: z.t)), 0) as {{ credits }})}),
                        lambda e: e.r > 0),
                    'owed': s.owed,
                    'out': list_concat(s.out, leaving)} end)[1])[1]
        when 'fill' then list_transform(
            [cast(q.x - coalesce(list_sum(list_transform(
                list_filter(s.live, lambda e: {{ cap_group_of('e.k') }} = {{ cap_group_of('q.k') }}), lambda e: e.r)), 0) as {{ credits }})],
            lambda lacking: case when lacking <= 0 then s else {
                'live': {{ with_lot('s.live', 'q.k', 'lacking') }},
                'owed': s.owed,
                'out': list_append(s.out, {'i': q.i, 'k': q.k, 'f': {{ zero_credits() }}, 't': lacking})} end)[1]
        when 'take' then {
            'live': list_filter(
                list_transform(s.live, lambda e: {
                    'k': e.k,
                    'r': case when e.k = q.k then cast(e.r - least(e.r, q.x) as {{ credits }}) else e.r end,
                    'c': case when e.k < q.k then e.c else cast(e.c - least(
                        coalesce(list_filter(s.live, lambda z: z.k = q.k)[1].r, 0), q.x) as {{ credits }}) end}),
                lambda e: e.r > 0),
            'owed': s.owed,
            'out': list_concat(s.out, list_transform(
                list_filter(s.live, lambda e: e.k = q.k),
                lambda e: {'i': q.i, 'k': e.k, 'f': {{ zero_credits() }}, 't': least(e.r, q.x)}))}
        when 'repay' then {
            'live': {{ left_of_lots('s.owed') }},
            'owed': cast(greatest(0, s.owed - coalesce(s.live[-1].c, 0)) as {{ credits }}),
            'out': {{ paid_by_lots('s.owed') }}}
        else {
            'live': {{ left_of_lots('q.x') }},
            'owed': case q.op
                when 'owe' then cast(s.owed + greatest(0, q.x - coalesce(s.live[-1].c, 0)) as {{ credits }})
                else s.owed
            end,
            'out': {{ paid_by_lots('q.x') }}}
    end,
    {
        'live': {{ near }},
        'owed': {{ owed }},
        'out': cast([] as struct(i bigint, k bigint, f {{ credits }}, t {{ credits }})[])})
{%- endmacro %}

{# Lots with one more in its place. #}
{% macro with_lot(lots, place, r) -%}
{%- set credits = t_credits() -%}
list_concat(
                list_filter({{ lots }}, lambda e: e.k < {{ place }}),
                [{'k': {{ place }}, 'r': {{ r }}, 'c': cast(
                    coalesce(list_filter({{ lots }}, lambda e: e.k < {{ place }})[-1].c, 0) + {{ r }} as {{ credits }})}],
                list_transform(
                    list_filter({{ lots }}, lambda e: e.k > {{ place }}),
                    lambda e: {'k': e.k, 'r': e.r, 'c': cast(e.c + {{ r }} as {{ credits }})}))
{%- endmacro %}

{# The state's lots once they have paid a demand, as far as they can; and the entries of that. #}
{% macro left_of_lots(demand) -%}
{%- set credits = t_credits() -%}
list_transform(
                list_filter(s.live, lambda e: e.c > {{ demand }}),
                lambda e: {'k': e.k, 'r': least(e.r, cast(e.c - {{ demand }} as {{ credits }})), 'c': cast(e.c - {{ demand }} as {{ credits }})})
{%- endmacro %}
{% macro paid_by_lots(demand) -%}
{%- set credits = t_credits() -%}
list_concat(s.out, list_transform(
                list_filter(s.live, lambda e: e.c - e.r < {{ demand }}),
                lambda e: {'i': q.i, 'k': e.k, 'f': cast(e.c - e.r as {{ credits }}), 't': least(e.c, {{ demand }})}))
{%- endmacro %}
