-- Fails for lots that hold more than their cap, or less than their reset promises, once a limit has been applied.
--
-- Counted from what they were granted, paid and lost, not from what the burn-down kept in mind. Of several resets
-- at one instant the last decides; usage and removals of that instant come after it.

with

entries as (
    {% for level in range(var('wallet_levels') | int) %}
    select
        lot_no,
        entry_type,
        coalesce(repaid_at, moment) as moment,
        case when entry_type = 'draw' then taken_to - taken_from else taken_to end as credits
    from {{ ref('int_burn_down__level_' ~ level) }}
    where entry_type in ('draw', 'expire', 'remove', 'cap', 'fill')
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

limits as (
    select
        *,
        row_number() over (partition by node_no, cap_group, limited_at order by limit_id desc) as recency
    from {{ ref('int_lot_limits') }}
),

members as (
    select
        limits.limit_id,
        limits.node_no,
        limits.limited_at,
        limits.most,
        case when limits.refill_place_no is not null then limits.least end as least,
        phases.lot_no
    from limits
    inner join {{ ref('int_lot_phases') }} as phases
        on
            limits.node_no = phases.node_no
            and limits.cap_group = phases.cap_group
            and limits.limited_at >= phases.usable_from
            and limits.limited_at < phases.ends_at
    where limits.recency = 1
),

held as (
    select
        members.limit_id,
        members.node_no,
        members.limited_at,
        members.most,
        members.least,
        sum(case when lots.parent_lot_id is null then grants.credits else 0 end) as granted
    from members
    inner join {{ ref('int_lots') }} as lots
        on members.lot_no = lots.lot_no
    left join {{ ref('int_lot_grants') }} as grants
        on lots.lot_no = grants.lot_no
    group by members.limit_id, members.node_no, members.limited_at, members.most, members.least
),

moved as (
    select
        members.limit_id,
        members.node_no,
        sum(case when entries.entry_type = 'fill' then entries.credits else -entries.credits end) as credits
    from members
    inner join entries
        on
            members.lot_no = entries.lot_no
            and (
                members.limited_at > entries.moment
                or (members.limited_at = entries.moment and entries.entry_type in ('cap', 'fill'))
            )
    group by members.limit_id, members.node_no
)

select
    held.limit_id,
    held.node_no,
    held.limited_at,
    held.most,
    held.least,
    held.granted + coalesce(moved.credits, 0) as credits
from held
left join moved
    on
        held.limit_id = moved.limit_id
        and held.node_no = moved.node_no
where
    held.granted + coalesce(moved.credits, 0) > held.most
    or held.granted + coalesce(moved.credits, 0) < held.least
