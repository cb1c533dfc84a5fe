{# The burn-down: what each lot of a wallet pays, from the wallet's tape of instructions.

   A tape is the ordered list of everything that changes a wallet (drawdown/int_tape): lots are added,
   lots lose credits (expiry, void), demand is burned. The fold walks it with a small state:

     live   lots that still hold credits, in burn order: k (burn rank), r (credits left) and
            c (r summed over this lot and all before it)
     out    what happened: i (instruction), k (lot), f and t (which stretch of the demand, or of the
            lot, was taken: [f, t))

   Because `c` is kept as a running sum, burning a demand d is three vector operations and no inner
   loop: lots with c <= d are exhausted, the one lot that d falls into keeps c - d, the others shift
   by d. Its cost per instruction is linear in the lots alive, and nothing is appended to a long list:
   instructions come in blocks, and only a block's own output grows (a list appended n times is
   copied n times; one wallet with 10,000 lots must not be quadratic in them). #}
{% macro burn_down(blocks) %}{{ return(adapter.dispatch('burn_down', 'creditbooks')(blocks)) }}{% endmacro %}

{% macro default__burn_down(blocks) -%}
{%- set credits = t_credits() -%}
{%- set no_output = "cast([] as struct(i bigint, k bigint, f " ~ credits ~ ", t " ~ credits ~ ")[])" -%}
list_reduce({{ blocks }}, lambda so_far, block:
    list_transform([
        list_reduce(block, lambda s, q:
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
            {'live': so_far.live, 'out': {{ no_output }}})
    ], lambda done: {'live': done.live, 'out': list_concat(so_far.out, done.out)})[1],
    {'live': cast([] as struct(k bigint, r {{ credits }}, c {{ credits }})[]), 'out': {{ no_output }}}).out
{%- endmacro %}

{# Instructions of a tape, gathered in order into the blocks that burn_down takes. `tape` has columns
   node_no, i, op, k, x. One row per node: node_no, blocks, short tapes first: the engine walks a few thousand
   tapes side by side, as many steps as the longest of them has, so tapes of one length belong together (measured:
   1.5 s of processor time against 6.1 s for 17,800 wallets with up to 1,200 instructions). #}
{% macro tape_blocks(tape) %}{{ return(adapter.dispatch('tape_blocks', 'creditbooks')(tape)) }}{% endmacro %}
{% macro default__tape_blocks(tape) -%}
    select node_no, list(instructions order by block_no) as blocks
    from (
        select
            node_no,
            i // 128 as block_no,
            list({'i': i, 'op': op, 'k': k, 'x': x} order by i) as instructions
        from {{ tape }}
        group by node_no, i // 128
    ) as blocked
    group by node_no
    order by max(block_no), sum(len(instructions))
{%- endmacro %}

{# One row per entry of burn_down's output: node_no, i, k, taken_from, taken_to. #}
{% macro burned_rows(tape) %}{{ return(adapter.dispatch('burned_rows', 'creditbooks')(tape)) }}{% endmacro %}
{% macro default__burned_rows(tape) -%}
    select node_no, o.i as i, o.k as k, o.f as taken_from, o.t as taken_to
    from (
        select node_no, unnest({{ burn_down('blocks') }}) as o
        from ({{ tape_blocks(tape) }}) as gathered
    ) as burned
{%- endmacro %}
