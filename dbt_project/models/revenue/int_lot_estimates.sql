-- One row per lot under an estimate of breakage, or with a share owed to a state, and period until it is empty.
--
-- Credits counted as never used are a function of what happened to date and of the terms in force: at least those
-- that ended (expired, voided); in proportion to use, used x E / (N - E) for E expected unused of N; all that
-- is left once the wallet has not been used for so many months. Never more than is left: E <= N - used (ACCOUNTING
-- 7, decision 22). A period books the difference to the one before, so a new estimate is a catch-up in its
-- first period. The share owed to a state is no revenue; it leaves the liability when credits end, or when use
-- is remote.

with

terms as (
    select * from {{ ref('int_breakage_terms') }}
),

estimated as (
    select
        wallet,
        offer,
        max(case when method = 'remote' then 1 else 0 end) = 1 as needs_activity
    from terms
    where method in ('proportional', 'remote') or escheat_share > 0
    group by wallet, offer
),

periods as (
    select * from {{ ref('stg_periods') }}
),

lots as (
    select
        lots.lot_no,
        lots.node_no,
        lots.wallet,
        lots.offer,
        grants.credits,
        lots.booked_period,
        estimated.needs_activity
    from {{ ref('int_lots') }} as lots
    inner join estimated
        on
            lots.wallet = estimated.wallet
            and lots.offer is not distinct from estimated.offer
    inner join {{ ref('int_lot_grants') }} as grants
        on lots.lot_no = grants.lot_no
    left join {{ ref('int_ratable_lots') }} as ratable
        on lots.lot_no = ratable.lot_no
    where
        (lots.consideration > 0 or lots.transferred_from is not null)
        and lots.liability = 'contract_liability'
        and ratable.lot_no is null
),

movements as (
    select
        movements.*,
        movements.drawn + movements.drawn_late as used,
        movements.refunded + movements.transferred_out as gone_elsewhere,
        movements.lapsed + movements.voided as ended
    from {{ ref('int_lot_movements') }} as movements
    inner join lots
        on movements.lot_no = lots.lot_no
),

last_moved as (
    select
        lot_no,
        max(booked_period) as period,
        sum(used + ended + gone_elsewhere) as gone
    from movements
    group by lot_no
),

-- Use of any lot of the wallet, and money paid into it, show that its credits may still be used.
active_nodes as (
    select distinct node_no from lots
    where needs_activity
),

activity as (
    select
        lots.node_no,
        usage.booked_period as period
    from {{ ref('int_lot_usage') }} as usage
    inner join {{ ref('int_lots') }} as lots
        on usage.lot_no = lots.lot_no
    inner join active_nodes
        on lots.node_no = active_nodes.node_no
    union
    select
        node_no,
        booked_period as period
    from lots
    where needs_activity
),

last_active as (
    select
        active_nodes.node_no,
        periods.period,
        {{ last_known(
            'activity.period',
            'partition by active_nodes.node_no order by periods.period rows unbounded preceding') }} as active_period
    from active_nodes
    cross join periods
    left join activity
        on
            active_nodes.node_no = activity.node_no
            and periods.period = activity.period
),

grid as (
    select
        lots.lot_no,
        periods.period as booked_period,
        lots.credits,
        terms.method,
        coalesce(terms.expected_unused, {{ zero_credits() }}) as expected_unused,
        coalesce(terms.escheat_share, {{ zero_credits() }}) as escheat_share,
        coalesce(
            terms.method = 'remote'
            and terms.is_whole
            and {{ months_between('last_active.active_period', 'periods.period') }} >= terms.months_inactive,
            false
        ) as is_remote
    from lots
    inner join last_moved
        on lots.lot_no = last_moved.lot_no
    inner join periods
        on
            lots.booked_period <= periods.period
            and (lots.credits > last_moved.gone or last_moved.period >= periods.period)
    left join terms
        on
            lots.wallet = terms.wallet
            and lots.offer is not distinct from terms.offer
            and periods.period = terms.period
    left join last_active
        on
            lots.node_no = last_active.node_no
            and periods.period = last_active.period
),

happened as (
    select
        grid.*,
        movements.lot_no is not null as moved,
        coalesce(movements.used, 0) as used_here,
        coalesce(movements.gone_elsewhere, 0) as gone_elsewhere_here,
        coalesce(movements.ended, {{ zero_credits() }}) as ended_here
    from grid
    left join movements
        on
            grid.lot_no = movements.lot_no
            and grid.booked_period = movements.booked_period
),

-- Of what ended, a state is owed the share in force then.
shared as (
    select
        *,
        {{ times('ended_here', 'escheat_share') }} as owed_here
    from happened
),

to_date as (
    select
        *,
        {%- for column in ['used', 'gone_elsewhere', 'ended', 'owed'] %}
        {{ sum_credits(
            column ~ '_here',
            'partition by lot_no order by booked_period rows unbounded preceding') }} as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from shared
),

open_to_date as (
    select
        *,
        cast(credits - used - gone_elsewhere as {{ t_credits() }}) as not_used
    from to_date
),

-- estimated: credits that have not ended and count as never used.
counted as (
    select
        *,
        cast(greatest({{ zero_credits() }}, case
            when method = 'proportional' then least(not_used, {{ unused_by_use('used', 'expected_unused') }})
            when is_remote then not_used
            else ended
        end - ended) as {{ t_credits() }}) as estimated
    from open_to_date
),

released as (
    select
        lot_no,
        booked_period,
        moved,
        ended - owed + estimated - {{ times('estimated', 'escheat_share') }} as breakage,
        owed + case when is_remote then {{ times('estimated', 'escheat_share') }} else 0 end as escheat
    from counted
),

stepped as (
    select
        lot_no,
        booked_period,
        moved,
        {%- for column in ['breakage', 'escheat'] %}
        cast(
            {{ column }} - coalesce(lag({{ column }}) over (partition by lot_no order by booked_period), 0)
            as {{ t_credits() }}
        ) as {{ column }}_parts{{ ',' if not loop.last }}
        {%- endfor %}
    from released
)

select
    lot_no,
    booked_period,
    breakage_parts,
    escheat_parts
from stepped
where moved or breakage_parts <> 0 or escheat_parts <> 0
