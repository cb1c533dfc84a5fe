{# The burn-down: what each lot of a wallet pays, from the wallet's tape of instructions.

   A tape (columns node_no, i, op, k, x) is the ordered list of everything that changes a wallet: lots are
   added, lots lose credits (expiry, void), demand is burned. It is walked in blocks of instructions, one
   block of every wallet at a time:

     live   lots that still hold credits, in burn order: k (burn rank), r (credits left) and
            c (r summed over this lot and all before it)
     near   the live lots that the block can touch: those it names, and those in front that its whole demand
            could reach if every lot it removes stood before them
     out    what happened: i (instruction), k (lot), f and t (which stretch of the demand, or of the
            lot, was taken: [f, t))

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
        coalesce(list(k) filter (where op = 'take'), cast([] as bigint[])) as named,
        {{ sum_credits("case when op = 'add' then 0 else x end") }} as reach
    from {{ tape }}
    group by node_no, i // {{ burn_down_block_size() }}
),

-- A row with i is an entry; one without is a lot alive after the block, t its credits. Lot 0 is nobody's: it
-- holds nothing and keeps a wallet without lots on its way.
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
                {{ sum_credits('t', 'partition by node_no order by k rows unbounded preceding') }} as c
            from walk
            where i is null
        ),

        placed as (
            select
                live.*,
                live.c - live.r <= blocks.reach or list_contains(blocks.named, live.k) as is_near
            from live
            inner join blocks
                on
                    live.node_no = blocks.node_no
                    and live.block_no = blocks.block_no
        ),

        near as (
            select
                node_no,
                block_no,
                coalesce(list({'k': k, 'r': r, 'c': c} order by k) filter (where k > 0), {{ no_lots }}) as lots
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
                {{ burn_down_block('lots', 'steps') }} as done
            from (
                select
                    near.node_no,
                    near.block_no,
                    near.lots,
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
        where k = 0 or not is_near
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

{# The fold over one block: {live, out} after its steps, from the near lots before them. #}
{% macro burn_down_block(near, steps) -%}
{%- set credits = t_credits() -%}
list_reduce({{ steps }}, lambda s, q:
    case q.op
        when 'add' then {
            'live': list_concat(
                list_filter(s.live, lambda e: e.k < q.k),
                [{'k': q.k, 'r': q.x, 'c': cast(
                    coalesce(list_filter(s.live, lambda e: e.k < q.k)[-1].c, 0) + q.x as {{ credits }})}],
                list_transform(
                    list_filter(s.live, lambda e: e.k > q.k),
                    lambda e: {'k': e.k, 'r': e.r, 'c': cast(e.c + q.x as {{ credits }})})),
            'out': s.out}
        when 'take' then {
            'live': list_filter(
                list_transform(s.live, lambda e: {
                    'k': e.k,
                    'r': case when e.k = q.k then cast(e.r - least(e.r, q.x) as {{ credits }}) else e.r end,
                    'c': case when e.k < q.k then e.c else cast(e.c - least(
                        coalesce(list_filter(s.live, lambda z: z.k = q.k)[1].r, 0), q.x) as {{ credits }}) end}),
                lambda e: e.r > 0),
            'out': list_concat(s.out, list_transform(
                list_filter(s.live, lambda e: e.k = q.k),
                lambda e: {'i': q.i, 'k': e.k, 'f': cast(0 as {{ credits }}), 't': least(e.r, q.x)}))}
        else {
            'live': list_transform(
                list_filter(s.live, lambda e: e.c > q.x),
                lambda e: {'k': e.k, 'r': least(e.r, cast(e.c - q.x as {{ credits }})), 'c': cast(e.c - q.x as {{ credits }})}),
            'out': list_concat(s.out, list_transform(
                list_filter(s.live, lambda e: e.c - e.r < q.x),
                lambda e: {'i': q.i, 'k': e.k, 'f': cast(e.c - e.r as {{ credits }}), 't': least(e.c, q.x)}))}
    end,
    {'live': {{ near }}, 'out': cast([] as struct(i bigint, k bigint, f {{ credits }}, t {{ credits }})[])})
{%- endmacro %}
