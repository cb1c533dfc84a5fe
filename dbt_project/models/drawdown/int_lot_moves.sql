-- One row per lot and phase that it entered with credits, after its first: what rolled over or was extended.
--
-- Of what rolls over, the part above a cap leaves in the same instant, so credits is what really lives on.

with

phases as (
    select * from {{ ref('int_lot_phases') }}
),

limits as (
    select * from {{ ref('int_lot_limits') }}
    where cause = 'rollover'
),

entries as (
    {% for level in range(var('wallet_levels') | int) %}
    select
        entry_type,
        node_no,
        lot_no,
        moment,
        removal_id,
        taken_to as credits
    from {{ ref('int_burn_down__level_' ~ level) }}
    where entry_type in ('move', 'cap')
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

cut as (
    select
        entries.lot_no,
        entries.moment,
        {{ sum_credits('entries.credits') }} as credits
    from entries
    inner join limits
        on
            entries.node_no = limits.node_no
            and entries.removal_id = limits.limit_id
    where entries.entry_type = 'cap'
    group by entries.lot_no, entries.moment
)

select
    entries.lot_no,
    phases.phase_no,
    phases.began_by,
    phases.lot_event_id,
    entries.moment as moved_at,
    phases.expires_at,
    cast(entries.credits - coalesce(cut.credits, 0) as {{ t_credits() }}) as credits
from entries
inner join phases
    on
        entries.lot_no = phases.lot_no
        and entries.moment = phases.usable_from
left join cut
    on
        entries.lot_no = cut.lot_no
        and entries.moment = cut.moment
where
    entries.entry_type = 'move'
    and entries.credits > coalesce(cut.credits, 0)
