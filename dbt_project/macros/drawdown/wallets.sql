{# One row per entry of the burn-down of this level's wallets.

   entry_type draw: the lot pays [taken_from, taken_to) of the stretch's demand, in event order.
   entry_type shortfall: no lot pays that part. The draws and the shortfall of a stretch cover its demand
   exactly: they are its slices, numbered in order. Where the wallet carries its overdraft, a lot that came
   later may have repaid a part of the shortfall: a draw with the instant of that, repaid_at.

   The others have nothing to do with demand. entry_type expire, remove, cap: what the lot lost then (taken_to);
   move: what it had as it went on to its next phase; fill: what it was granted. removal_id names the removal,
   or the limit that cut or filled. #}
{% macro burn_down_at_level(level) %}
with

lots as (
    select * from {{ ref('int_lots') }}
    where wallet_level = {{ level }}
),

-- What a lot lost before it could be used, it does not start with.
withheld as (
    select
        lot_no,
        {{ sum_credits('withheld') }} as credits
    from {{ ref('int_lot_removals') }}
    where withheld > 0
    group by lot_no
),

phases as (
    select * from {{ ref('int_lot_phases') }}
    where wallet_level = {{ level }}
),

limits as (
    select * from {{ ref('int_lot_limits') }}
    where wallet_level = {{ level }}
),

stretches as (
    select * from {{ ref('int_stretches') }}
),

carrying as (
    select rank as wallet_rank from {{ source('config', 'wallets') }}
    where overdraft = 'carry'
),

demand as (
    select
        stretch_no,
        {{ sum_credits('needed') }} as demand
    from {{ ref('int_weekly_demand__level_' ~ level) }}
    group by stretch_no
),

transfers as (
    select
        transfers.*,
        phases.place_no as to_place_no
    from {{ ref('int_lot_transfers') }} as transfers
    inner join phases
        on
            transfers.to_lot_no = phases.lot_no
            and phases.phase_no = 1
    where transfers.problem is null
),

-- What a transfer brings is known once the wallet it comes from was walked; until then it is added as nothing.
-- A reprice adds nothing either: what its lot has left moves on to the place of the new one.
--
-- At one instant: what ends leaves first; lots move on to their next phase; new lots arrive; what rolled over
-- is capped; resets, each of which cuts before it fills; removals; the ends of lots that come and go at that
-- instant; what arrived repays what the wallet owes; and the demand of the stretch. A lot that is granted already
-- and can be used only after as_of has not come.
instructions as (
    select
        phases.node_no,
        phases.usable_from as moment,
        3 as turn,
        '' as reset_id,
        'add' as op,
        phases.place_no as k,
        case
            when lots.transferred_from is null then cast(lots.credits - coalesce(withheld.credits, 0) as {{ t_credits() }})
            else {{ zero_credits() }}
        end as x,
        '' as reference
    from phases
    inner join lots
        on phases.lot_no = lots.lot_no
    left join withheld
        on phases.lot_no = withheld.lot_no
    where
        phases.phase_no = 1
        and lots.parent_lot_id is null
        and phases.usable_from < {{ as_of() }}
        and lots.credits > coalesce(withheld.credits, 0)
    union all
    select
        next_phases.node_no,
        next_phases.usable_from as moment,
        2 as turn,
        '' as reset_id,
        'move' as op,
        phases.place_no as k,
        cast(next_phases.place_no as {{ t_credits() }}) as x,
        '' as reference
    from phases as next_phases
    inner join phases
        on
            next_phases.lot_no = phases.lot_no
            and next_phases.phase_no = phases.phase_no + 1
    union all
    select
        ends.node_no,
        ends.ends_at as moment,
        case when ends.ends_at = lots.usable_from then 7 else 1 end as turn,
        '' as reset_id,
        'take' as op,
        ends.place_no as k,
        lots.credits as x,
        'expire' as reference
    from {{ ref('int_lot_ends') }} as ends
    inner join lots
        on ends.lot_no = lots.lot_no
    union all
    select
        node_no,
        limited_at as moment,
        case cause when 'rollover' then 4 else 5 end as turn,
        case cause when 'rollover' then '' else limit_id end as reset_id,
        'cap' as op,
        cap_group as k,
        most as x,
        limit_id as reference
    from limits
    where most is not null
    union all
    select
        node_no,
        limited_at as moment,
        5 as turn,
        limit_id as reset_id,
        'fill' as op,
        refill_place_no as k,
        least as x,
        limit_id as reference
    from limits
    where refill_place_no is not null
    union all
    select
        removals.node_no,
        removals.removed_at as moment,
        6 as turn,
        '' as reset_id,
        case when reprices.lot_no is null then 'take' else 'move' end as op,
        removals.place_no as k,
        coalesce(cast(reprices.to_place_no as {{ t_credits() }}), removals.requested) as x,
        removals.removal_id as reference
    from {{ ref('int_lot_removals') }} as removals
    inner join lots
        on removals.lot_no = lots.lot_no
    left join transfers as reprices
        on
            removals.lot_no = reprices.lot_no
            and removals.removal_id = reprices.lot_event_id
            and reprices.is_reprice
    where removals.withheld is null
    union all
    select
        phases.node_no,
        phases.usable_from as moment,
        8 as turn,
        '' as reset_id,
        'repay' as op,
        cast(0 as bigint) as k,
        {{ zero_credits() }} as x,
        '' as reference
    from phases
    inner join carrying
        on {{ wallet_rank_of('phases.node_no') }} = carrying.wallet_rank
    where phases.phase_no = 1
    group by phases.node_no, phases.usable_from
    union all
    select
        stretches.node_no,
        stretches.starts_at as moment,
        9 as turn,
        '' as reset_id,
        case when carrying.wallet_rank is null then 'burn' else 'owe' end as op,
        cast(stretches.stretch_no as bigint) as k,
        demand.demand as x,
        '' as reference
    from demand
    inner join stretches
        on demand.stretch_no = stretches.stretch_no
    left join carrying
        on {{ wallet_rank_of('stretches.node_no') }} = carrying.wallet_rank
),

tape as (
    select
        *,
        cast(row_number() over (partition by node_no order by moment, turn, reset_id, k, reference) as bigint) as i
    from instructions
),

-- Wallets that receive from others of their level come after those: each pass has what the ones before moved.
pass_of_node as (
    select
        to_node_no as node_no,
        max(pass_no) as pass_no
    from transfers
    group by to_node_no
),

{% for pass in range(var('transfer_passes') | int) %}
tape_{{ pass }} as (
    select
        tape.node_no,
        tape.i,
        case when tape.op = 'add' and arrived.k is null and tape.x = 0 then 'take' else tape.op end as op,
        tape.k,
        coalesce(arrived.x, tape.x) as x
    from tape
    left join pass_of_node
        on tape.node_no = pass_of_node.node_no
    left join (
        select
            transfers.to_node_no as node_no,
            transfers.to_place_no as k,
            {{ zero_credits() }} as x
        from transfers
        where 1 = 0
        {%- for earlier in range(level) %}
        union all
        select
            transfers.to_node_no as node_no,
            transfers.to_place_no as k,
            {{ converted_credits('burned.taken_to', 'transfers.rate', 'transfers.to_precision', 'transfers.to_rounding') }} as x
        from {{ ref('int_burn_down__level_' ~ earlier) }} as burned
        inner join transfers
            on
                burned.lot_no = transfers.lot_no
                and burned.removal_id = transfers.lot_event_id
        where burned.entry_type = 'remove'
        {%- endfor %}
        {%- for earlier in range(pass) %}
        union all
        select
            transfers.to_node_no as node_no,
            transfers.to_place_no as k,
            {{ converted_credits('burned.taken_to', 'transfers.rate', 'transfers.to_precision', 'transfers.to_rounding') }} as x
        from burned_{{ earlier }} as burned
        inner join tape
            on
                burned.node_no = tape.node_no
                and burned.i = tape.i
        inner join transfers
            on
                tape.node_no = transfers.node_no
                and tape.reference = transfers.lot_event_id
        where tape.turn = 6
        {%- endfor %}
    ) as arrived
        on
            tape.op = 'add'
            and tape.node_no = arrived.node_no
            and tape.k = arrived.k
    where coalesce(pass_of_node.pass_no, 0) = {{ pass }}
),

burned_{{ pass }} as (
    {{ burned_rows('tape_' ~ pass) }}
),

{% endfor -%}
burned as (
    {% for pass in range(var('transfer_passes') | int) -%}
    select * from burned_{{ pass }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

entries as (
    select
        tape.node_no,
        tape.moment,
        tape.op,
        tape.turn,
        tape.reference,
        case when tape.op in ('burn', 'owe') then tape.k end as stretch_no,
        burned.i,
        case when tape.op = 'move' and tape.turn = 6 then tape.k else burned.k end as place_no,
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
    where stretch_no is not null
    group by stretch_no
),

short as (
    select
        stretches.node_no,
        stretches.starts_at as moment,
        demand.stretch_no,
        coalesce(covered.covered_to, {{ zero_credits() }}) as taken_from,
        demand.demand as taken_to
    from demand
    inner join stretches
        on demand.stretch_no = stretches.stretch_no
    left join covered
        on demand.stretch_no = covered.stretch_no
    where demand.demand > coalesce(covered.covered_to, 0)
),

-- What is owed is repaid in the order it was run up: the shortfalls of a wallet laid end to end, and over them
-- what each arriving lot paid of them, in burn order; the rest (number 0) is still owed.
owed as (
    select
        short.node_no,
        short.stretch_no as one_no,
        cast({{ sum_credits('short.taken_to - short.taken_from', 'partition by short.node_no order by short.moment rows unbounded preceding') }}
            - (short.taken_to - short.taken_from) as {{ t_credits() }}) as taken_from,
        {{ sum_credits('short.taken_to - short.taken_from', 'partition by short.node_no order by short.moment rows unbounded preceding') }} as taken_to
    from short
    inner join carrying
        on {{ wallet_rank_of('short.node_no') }} = carrying.wallet_rank
),

repaid as (
    select
        node_no,
        moment,
        place_no,
        cast(row_number() over (partition by node_no order by i, taken_from) as bigint) as other_no,
        cast({{ sum_credits('taken_to - taken_from', 'partition by node_no order by i, taken_from rows unbounded preceding') }}
            - (taken_to - taken_from) as {{ t_credits() }}) as taken_from,
        cast(taken_to - taken_from as {{ t_credits() }}) as credits
    from entries
    where op = 'repay'
),

repaying as (
    select
        node_no,
        other_no,
        taken_from
    from repaid
    union all
    select
        owed.node_no,
        cast(0 as bigint) as other_no,
        {{ sum_credits('repaid.credits') }} as taken_from
    from (select node_no from owed group by node_no) as owed
    left join repaid
        on owed.node_no = repaid.node_no
    group by owed.node_no
),

repayments as (
    {{ laid_over('owed', 'repaying', ['node_no']) }}
),

settled as (
    select
        short.node_no,
        short.moment,
        short.stretch_no,
        repaid.place_no,
        repaid.moment as repaid_at,
        cast(short.taken_to - {{ sum_credits(
            'repayments.credits',
            'partition by repayments.one_no order by repayments.other_no = 0 desc, repayments.other_no desc rows unbounded preceding')
        }} as {{ t_credits() }}) as taken_from,
        repayments.credits
    from repayments
    inner join short
        on repayments.one_no = short.stretch_no
    left join repaid
        on
            repayments.node_no = repaid.node_no
            and repayments.other_no = repaid.other_no
),

final as (
    select
        case
            when entries.stretch_no is not null then 'draw'
            when entries.turn = 6 then 'remove'
            when entries.op <> 'take' then entries.op
            else 'expire'
        end as entry_type,
        entries.node_no,
        entries.moment,
        entries.stretch_no,
        phases.lot_no,
        case when entries.turn in (4, 5, 6) then entries.reference end as removal_id,
        cast(null as timestamp) as repaid_at,
        entries.taken_from,
        entries.taken_to
    from entries
    inner join phases
        on
            entries.node_no = phases.node_no
            and entries.place_no = phases.place_no
    where entries.op <> 'repay'
    union all
    select
        'shortfall' as entry_type,
        short.node_no,
        short.moment,
        short.stretch_no,
        cast(null as bigint) as lot_no,
        cast(null as string) as removal_id,
        cast(null as timestamp) as repaid_at,
        short.taken_from,
        short.taken_to
    from short
    left join carrying
        on {{ wallet_rank_of('short.node_no') }} = carrying.wallet_rank
    where carrying.wallet_rank is null
    union all
    select
        case when settled.repaid_at is null then 'shortfall' else 'draw' end as entry_type,
        settled.node_no,
        settled.moment,
        settled.stretch_no,
        phases.lot_no,
        cast(null as string) as removal_id,
        settled.repaid_at,
        settled.taken_from,
        cast(settled.taken_from + settled.credits as {{ t_credits() }}) as taken_to
    from settled
    left join phases
        on
            settled.node_no = phases.node_no
            and settled.place_no = phases.place_no
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
    repaid_at,
    taken_from,
    taken_to
from final
{% endmacro %}
