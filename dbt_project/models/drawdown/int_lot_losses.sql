-- One row per time a lot lost credits without usage: it expired, or a refund or void took them.

with

ends as (
    select * from {{ ref('int_lot_ends') }}
),

removals as (
    select * from {{ ref('int_lot_removals') }}
),

entries as (
    {% for level in range(var('wallet_levels') | int) %}
    select
        entry_type,
        lot_no,
        removal_id,
        moment,
        taken_to as credits
    from {{ ref('int_burn_down__level_' ~ level) }}
    where entry_type in ('expire', 'remove')
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

timed as (
    select
        entries.lot_no,
        case
            when entries.entry_type = 'expire' then 'expire'
            when removals.cause = 'refund' then 'refund'
            else 'void'
        end as cause,
        entries.removal_id,
        removals.payment_id,
        removals.reason,
        entries.moment as happened_at,
        coalesce(case when entries.entry_type = 'expire' then ends.last_usable_at end, entries.moment) as booked_at,
        entries.credits
    from entries
    left join ends
        on
            entries.lot_no = ends.lot_no
            and entries.entry_type = 'expire'
    left join removals
        on
            entries.lot_no = removals.lot_no
            and entries.removal_id = removals.removal_id
    union all
    select
        lot_no,
        case cause when 'refund' then 'refund' else 'void' end as cause,
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
    removal_id,
    payment_id,
    reason,
    happened_at,
    booked_at,
    {{ period_of('booked_at') }} as booked_period,
    credits
from timed
where credits > 0
