-- One row per event above a guardrail while the first wallet of its price held credits: what was kept from it.
--
-- Nothing is kept by a guardrail that only flags. Between two boundaries of a wallet credits only leave by
-- draws, so it held some at an instant if it held some when the stretch ended, or if it held some when the
-- stretch began and the first usage it could not pay in full, where the shortfall takes over, came later.

with

kept as (
    select
        hits.event_no,
        max(coalesce(over_limit.excess, {{ zero_credits() }})) as kept
    from {{ ref('int_limit_hits') }} as hits
    left join {{ ref('int_limit_excess') }} as over_limit
        on hits.event_no = over_limit.event_no
    group by hits.event_no
),

stretches as (
    select * from {{ ref('int_stretches') }}
),

above as (
    select
        kept.event_no,
        kept.kept,
        rated.customer_no,
        rated.node_no,
        rated.booked_at,
        rated.booked_period
    from {{ ref('int_events_rated') }} as rated
    inner join kept
        on rated.event_no = kept.event_no
),

nodes as (
    select distinct node_no from above
),

placed as (
    {{ in_windows('above', spanned('stretches'), ['events.*'], ['stretch_no']) | indent(4) }}
),

burned as (
    {% for level in range(var('wallet_levels') | int) %}
    select
        node_no,
        coalesce(repaid_at, moment) as moment,
        entry_type = 'draw' and repaid_at is null as is_draw,
        cast(taken_to - taken_from as {{ t_credits() }}) as credits
    from {{ ref('int_burn_down__level_' ~ level) }}
    where entry_type in ('draw', 'expire', 'remove')
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

movements as (
    select
        lots.node_no,
        lots.usable_from as moment,
        grants.credits as moved,
        {{ zero_credits() }} as drawn
    from {{ ref('int_lots') }} as lots
    inner join {{ ref('int_lot_grants') }} as grants
        on lots.lot_no = grants.lot_no
    union all
    select
        node_no,
        moment,
        -credits as moved,
        case when is_draw then credits else {{ zero_credits() }} end as drawn
    from burned
),

-- Every stretch, also one at whose start nothing moved because the lot that ended was empty.
moved_in as (
    select
        stretches.stretch_no,
        stretches.node_no,
        stretches.starts_at,
        {{ sum_credits('movements.moved') }} as moved,
        {{ sum_credits('movements.drawn') }} as drawn
    from stretches
    inner join nodes
        on stretches.node_no = nodes.node_no
    left join movements
        on
            stretches.node_no = movements.node_no
            and stretches.starts_at = movements.moment
    group by stretches.stretch_no, stretches.node_no, stretches.starts_at
),

balances as (
    select
        stretch_no,
        drawn,
        {{ sum_credits('moved', 'partition by node_no order by starts_at rows unbounded preceding') }} as held_at_end
    from moved_in
),

-- What a wallet owed and a later lot repaid was a shortfall, too.
short as (
    {% for level in range(var('wallet_levels') | int) %}
    select
        burn_down.stretch_no,
        cuts.cut_at
    from {{ ref('int_burn_down__level_' ~ level) }} as burn_down
    inner join {{ ref('int_cuts__level_' ~ level) }} as cuts
        on
            burn_down.stretch_no = cuts.stretch_no
            and burn_down.slice_no = cuts.slice_no
    where burn_down.entry_type = 'shortfall' or burn_down.repaid_at is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

shortfalls as (
    select
        stretch_no,
        min(cut_at) as first_at
    from short
    group by stretch_no
)

select
    placed.event_no,
    placed.customer_no,
    placed.node_no,
    placed.booked_period,
    placed.kept
from placed
inner join balances
    on placed.stretch_no = balances.stretch_no
left join shortfalls
    on placed.stretch_no = shortfalls.stretch_no
where
    balances.held_at_end > 0
    or (balances.held_at_end + balances.drawn > 0 and placed.booked_at < shortfalls.first_at)
