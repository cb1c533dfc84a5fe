-- One row per ratable lot and booked period: what time earned and what removals took, in minor units.
--
-- Revenue to date is one function of time, whole minor units of the whole consideration (earned_over_time). A
-- refund, void or reduction of a share of the lot ends the schedule of that share: what it has not earned by
-- then leaves the liability, and the rest of the lot earns on (decision 23). What a lot that is booked late has
-- earned before it was booked is revenue of earlier periods.

with

lots as (
    select * from {{ ref('int_ratable_lots') }}
),

periods as (
    select
        *,
        least(ends_at, {{ as_of() }}) as counted_to
    from {{ ref('stg_periods') }}
),

removals as (
    select
        removals.lot_no,
        removals.removal_id,
        removals.cause,
        removals.removed_at,
        {{ period_of('removals.removed_at') }} as booked_period,
        least(lots.credits, {{ sum_credits(
            'removals.requested',
            'partition by removals.lot_no order by removals.removed_at, removals.removal_id'
            ~ ' rows unbounded preceding') }}) as credits_gone
    from {{ ref('int_lot_removals') }} as removals
    inner join lots
        on removals.lot_no = lots.lot_no
),

-- The instants at which something is counted, in order: booked, removals, ends of periods.
moments as (
    select
        lot_no,
        booked_period,
        usable_from as moment,
        0 as place,
        '' as removal_id,
        cast(null as string) as cause,
        cast(null as {{ t_credits() }}) as credits_gone
    from lots
    union all
    select
        lot_no,
        booked_period,
        removed_at as moment,
        1 as place,
        removal_id,
        cause,
        credits_gone
    from removals
    union all
    select
        lots.lot_no,
        periods.period as booked_period,
        periods.counted_to as moment,
        2 as place,
        '' as removal_id,
        cast(null as string) as cause,
        cast(null as {{ t_credits() }}) as credits_gone
    from lots
    inner join periods
        on
            lots.booked_period <= periods.period
            and greatest(lots.ends_at, lots.usable_from) >= periods.starts_at
),

earned as (
    select
        moments.*,
        lots.minor_consideration,
        {{ earned_over_time(
            'lots.minor_consideration',
            parts_begun('lots', 'moments.moment'),
            'lots.part_total',
            'lots.part_den',
            months_begun('lots', 'moments.moment'),
            'lots.months_total') }} as earned,
        case
            when moments.credits_gone is not null
                then {{ share_of('cast(1 as ' ~ t_credits() ~ ')', 'moments.credits_gone', 'lots.credits') }}
        end as gone
    from moments
    inner join lots
        on moments.lot_no = lots.lot_no
),

{% set in_order = 'partition by lot_no order by booked_period, moment, place, removal_id' -%}
kept as (
    select
        *,
        coalesce({{ last_known('gone', in_order ~ ' rows unbounded preceding') }}, {{ zero_credits() }}) as gone_to
    from earned
),

steps as (
    select
        *,
        {{ as_whole('earned') }} - coalesce(lag({{ as_whole('earned') }}) over ({{ in_order }}), 0) as earned_here,
        coalesce(lag(gone_to) over ({{ in_order }}), {{ zero_credits() }}) as gone_before
    from kept
),

parts as (
    select
        lot_no,
        booked_period,
        place,
        cause,
        {{ from_billionths(billionths('1 - gone_before') ~ ' * earned_here') }} as earned_parts,
        {{ from_billionths(
            billionths('gone_to - gone_before')
            ~ ' * (' ~ as_whole('minor_consideration') ~ ' - ' ~ as_whole('earned') ~ ')') }} as released_parts
    from steps
)

select
    lot_no,
    booked_period,
    {{ sum_credits('case when place > 0 then earned_parts else 0 end') }} as usage_parts,
    {{ sum_credits('case when place = 0 then earned_parts else 0 end') }} as prior_period_parts,
    {{ sum_credits("case when cause in ('void', 'reduce') then released_parts else 0 end") }} as breakage_parts,
    {{ sum_credits("case when cause = 'refund' then released_parts else 0 end") }} as refund_parts
from parts
group by lot_no, booked_period
having sum(earned_parts) <> 0 or sum(released_parts) <> 0
