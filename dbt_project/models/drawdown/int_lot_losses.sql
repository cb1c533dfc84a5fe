-- One row per time a lot lost credits without usage: it expired, a cap cut it, or a refund,
-- void or transfer took them.

with

lots as (
    select * from {{ ref('int_lots') }}
),

ends as (
    select * from {{ ref('int_lot_ends') }}
),

limits as (
    select * from {{ ref('int_lot_limits') }}
),

removals as (
    select * from {{ ref('int_lot_removals') }}
),

entries as (
    {% for level in range(var('wallet_levels') | int) %}
    select
        entry_type,
        node_no,
        lot_no,
        removal_id,
        moment,
        taken_to as credits
    from {{ ref('int_burn_down__level_' ~ level) }}
    where entry_type in ('expire', 'cap', 'remove')
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

timed as (
    select
        entries.lot_no,
        case
            when entries.entry_type <> 'remove' then 'expire'
            when removals.cause in ('refund', 'transfer') then removals.cause
            else 'void'
        end as cause,
        limits.cause as limited_by,
        case when limits.cause is null or limits.cause = 'reset' then entries.removal_id end as removal_id,
        removals.payment_id,
        coalesce(removals.reason, limits.reason) as reason,
        entries.moment as happened_at,
        case entries.entry_type
            when 'expire' then ends.last_usable_at
            when 'cap' then greatest(limits.booked_at, lots.usable_from)
            else entries.moment
        end as booked_at,
        entries.credits
    from entries
    inner join lots
        on entries.lot_no = lots.lot_no
    left join ends
        on
            entries.lot_no = ends.lot_no
            and entries.entry_type = 'expire'
    left join limits
        on
            entries.node_no = limits.node_no
            and entries.removal_id = limits.limit_id
            and entries.entry_type = 'cap'
    left join removals
        on
            entries.lot_no = removals.lot_no
            and entries.removal_id = removals.removal_id
            and entries.entry_type = 'remove'
    union all
    select
        lot_no,
        case when cause in ('refund', 'transfer') then cause else 'void' end as cause,
        cast(null as string) as limited_by,
        removal_id,
        payment_id,
        reason,
        removed_at as happened_at,
        removed_at as booked_at,
        withheld as credits
    from removals
    where withheld > 0
)

select
    lot_no,
    cause,
    limited_by,
    removal_id,
    payment_id,
    reason,
    happened_at,
    booked_at,
    {{ period_of('booked_at') }} as booked_period,
    credits
from timed
where credits > 0
