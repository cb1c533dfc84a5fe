-- One row per transfer of credits that names a lot: from where, to where, and when; problem says why one is left out.
--
-- What arrives follows from what the lot has left, so a wallet's burn-down comes after that of every wallet it
-- receives from: in a later level, or in a later pass of its level (pass_no of the lot that arrives: the longest
-- chain of transfers that leads to its wallet inside the level). Credits cannot move to an earlier level, nor in
-- a circle between wallets of one level (decision 17). A reprice stays in its wallet: the burn-down moves all that
-- a lot has left to the place of another one, which shares a value per credit with what is repriced with it
-- (blend_no, decision 21).

with

lots as (
    select * from {{ ref('int_lots') }}
),

phases as (
    select * from {{ ref('int_lot_phases') }}
),

wallets as (
    select * from {{ source('config', 'wallets') }}
),

ratable as (
    select lot_no from {{ ref('int_ratable_lots') }}
),

named as (
    select
        events.lot_event_id,
        events.kind = 'reprice' as is_reprice,
        events.booked_at,
        events.credits,
        events.reason,
        events.rate,
        lots.lot_no,
        lots.node_no,
        lots.currency,
        lots.wallet_level,
        lots.parent_lot_id,
        lots.usable_from,
        to_lots.lot_no as to_lot_no,
        to_lots.node_no as to_node_no,
        to_lots.wallet_level as to_wallet_level,
        to_lots.booked_at as moved_at,
        wallets.precision as to_precision,
        wallets.rounding as to_rounding
    from {{ ref('stg_lot_events') }} as events
    inner join lots
        on events.lot_id = lots.lot_id
    inner join lots as to_lots
        on
            lots.lot_id = to_lots.transferred_from
            and events.lot_event_id = to_lots.origin_id
    inner join wallets
        on to_lots.wallet = wallets.wallet
    where events.kind in ('transfer', 'reprice')
),

inside_a_level as (
    select
        node_no,
        to_node_no
    from named
    where
        node_no <> to_node_no
        and wallet_level = to_wallet_level
    group by node_no, to_node_no
),

-- Chains of transfers by their length, up to one too long.
passes as (
    with recursive

    chains as (
        select
            to_node_no as node_no,
            1 as pass_no
        from inside_a_level
        union
        select
            inside_a_level.to_node_no as node_no,
            chains.pass_no + 1 as pass_no
        from chains
        inner join inside_a_level
            on chains.node_no = inside_a_level.node_no
        where chains.pass_no < {{ var('transfer_passes') | int }}
    )

    select
        node_no,
        max(pass_no) as pass_no
    from chains
    group by node_no
),

joined as (
    select
        named.*,
        coalesce(passes.pass_no, 0) as pass_no,
        coalesce(phases.is_rolled_over, true) as is_over,
        ratable.lot_no is not null as earns_by_time
    from named
    left join passes
        on named.to_node_no = passes.node_no
    left join phases
        on
            named.lot_no = phases.lot_no
            and named.moved_at >= phases.usable_from
            and named.moved_at < phases.ends_at
    left join ratable
        on named.lot_no = ratable.lot_no
)

select
    lot_event_id,
    is_reprice,
    lot_no,
    node_no,
    booked_at,
    moved_at,
    credits,
    rate,
    reason,
    to_lot_no,
    to_node_no,
    to_wallet_level,
    to_precision,
    to_rounding,
    pass_no,
    min(to_lot_no) over (
        partition by case when not is_reprice then lot_event_id end, node_no, currency, case when is_reprice then moved_at end
    ) as blend_no,
    case
        when parent_lot_id is not null then 'a refill follows the lot it fills, ' || parent_lot_id
        when node_no = to_node_no and not is_reprice then 'the pool and the wallet are the same: nothing would move'
        when moved_at < usable_from then 'the lot cannot be used yet'
        when earns_by_time and is_reprice then 'the lot earns by time: a change of its plan changes its price'
        when earns_by_time then 'the lot earns by time, whoever has its credits'
        when is_over then 'the lot has lapsed, or rolled over by the terms of its offer'
        when to_wallet_level < wallet_level then 'the wallet is drawn down before the one the credits come from'
        when pass_no >= {{ var('transfer_passes') | int }} then 'credits go around between wallets, or through too many of them'
    end as problem
from joined
