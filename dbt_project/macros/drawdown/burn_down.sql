{# The burn-down: what each lot of a wallet pays, from the wallet's tape of instructions.

   A tape (columns node_no, i, op, k, x) is the ordered list of everything that changes a wallet: lots are
   added, lots lose credits (expiry, void), demand is burned. It is walked in blocks of instructions, one
   block of every wallet at a time:

     live   lots that still hold credits, in burn order: k (burn rank), r (credits left) and
            c (r summed over this lot and all before it)
     near   the live lots that the block can touch: those it names, and those in front that its whole demand
            could reach if every lot it removes stood before them
     owed   what the wallet was asked beyond its lots and lets be paid later (overdraft: carry)
     out    what happened: i (instruction), k (lot), f and t (which stretch of the demand, of the lot,
            or of what was owed, was taken: [f, t))

   Instructions: add (a lot arrives and pays what is owed first), hold (it arrives too late to pay), take (it
   loses credits), burn (demand), owe (demand, of which the part no lot pays is owed).

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
        {{ sum_credits("case when op in ('add', 'hold') then 0 else x end") }} as reach
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

        placed as (
            select
                live.*,
                live.k = 0 or live.c - live.r <= blocks.reach or list_contains(blocks.named, live.k) as is_near
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
        when 'hold' then {{ with_lot('q.x') }}, 'owed': s.owed, 'out': s.out}
        when 'add' then {{ with_lot('(q.x - least(s.owed, q.x))') }},
            'owed': cast(s.owed - least(s.owed, q.x) as {{ credits }}),
            'out': case
                when s.owed = 0 then s.out
                else list_append(s.out, {'i': q.i, 'k': q.k, 'f': cast(0 as {{ credits }}), 't': least(s.owed, q.x)})
            end}
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
                lambda e: {'i': q.i, 'k': e.k, 'f': cast(0 as {{ credits }}), 't': least(e.r, q.x)}))}
        else {
            'live': list_transform(
                list_filter(s.live, lambda e: e.c > q.x),
                lambda e: {'k': e.k, 'r': least(e.r, cast(e.c - q.x as {{ credits }})), 'c': cast(e.c - q.x as {{ credits }})}),
            'owed': case q.op
                when 'owe' then cast(s.owed + greatest(0, q.x - coalesce(s.live[-1].c, 0)) as {{ credits }})
                else s.owed
            end,
            'out': list_concat(s.out, list_transform(
                list_filter(s.live, lambda e: e.c - e.r < q.x),
                lambda e: {'i': q.i, 'k': e.k, 'f': cast(e.c - e.r as {{ credits }}), 't': least(e.c, q.x)}))}
    end,
    {
        'live': {{ near }},
        'owed': {{ owed }},
        'out': cast([] as struct(i bigint, k bigint, f {{ credits }}, t {{ credits }})[])})
{%- endmacro %}

{# The state's lots with the one that arrives in its place, if it has credits left. #}
{% macro with_lot(r) -%}
{%- set credits = t_credits() -%}
{
            'live': list_concat(
                list_filter(s.live, lambda e: e.k < q.k),
                list_filter([{'k': q.k, 'r': cast({{ r }} as {{ credits }}), 'c': cast(
                    coalesce(list_filter(s.live, lambda e: e.k < q.k)[-1].c, 0) + {{ r }} as {{ credits }})}], lambda e: e.r > 0),
                list_transform(
                    list_filter(s.live, lambda e: e.k > q.k),
                    lambda e: {'k': e.k, 'r': e.r, 'c': cast(e.c + {{ r }} as {{ credits }})}))
{%- endmacro %}
