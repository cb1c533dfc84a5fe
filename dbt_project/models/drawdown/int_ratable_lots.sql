-- One row per lot whose revenue follows time: its window, and the units its convention counts it in.
--
-- The policy in force when the lot is booked is its measure of progress for life (ASC 606-10-25-32). day counts
-- days, the first whole and the last not at all; instant counts microseconds; even_month shares the price
-- equally over months, the first whole and the last not at all; prorated_month counts the broken months
-- at both ends by microseconds and shares the rest over the whole months between (decision 23).

with

lots as (
    select * from {{ ref('int_lots') }}
    where consideration > 0
),

chosen as (
    select
        lots.lot_no,
        lots.credits,
        lots.booked_period,
        lots.usable_from,
        lots.effective_at as starts_at,
        lots.expires_at as ends_at,
        {{ minor_units('lots.consideration', 'lots.minor_units') }} as minor_consideration,
        coalesce({{ policy_setting('progress', 'method') }}, 'consumption') as progress,
        coalesce({{ policy_setting('progress', 'convention') }}, 'day') as convention
    from lots
    {{ join_policies('progress', 'lots', 'lots.booked_period', 'lots.usable_from') | indent(4) }}
),

windows as (
    select
        *,
        case
            when convention <> 'prorated_month' or {{ instant_of(period_of('starts_at')) }} = starts_at then starts_at
            else {{ instant_of(next_period(period_of('starts_at'))) }}
        end as months_from,
        {{ instant_of(period_of('ends_at')) }} as months_to,
        {{ sortable_instant('ends_at') }} - {{ sortable_instant('starts_at') }} as microseconds
    from chosen
    where
        progress = 'ratable'
        and ends_at is not null
),

counted as (
    select
        *,
        case convention
            when 'even_month' then greatest(1, {{ months_between(period_of('starts_at'), period_of('ends_at')) }})
            when 'prorated_month' then
                greatest(0, {{ months_between(period_of('months_from'), period_of('months_to')) }})
            else 0
        end as months_total
    from windows
)

select
    lot_no,
    credits,
    booked_period,
    usable_from,
    starts_at,
    ends_at,
    minor_consideration,
    convention,
    months_from,
    months_to,
    months_total,
    case
        when convention = 'day'
            then greatest(1, {{ days_between(local_start_of('day', 'starts_at'), local_start_of('day', 'ends_at')) }})
        when convention = 'even_month' then 0
        when months_total > 0 then
            {{ sortable_instant('months_from') }} - {{ sortable_instant('starts_at') }}
            + {{ sortable_instant('ends_at') }} - {{ sortable_instant('months_to') }}
        else microseconds
    end as part_total,
    case
        when convention = 'day'
            then greatest(1, {{ days_between(local_start_of('day', 'starts_at'), local_start_of('day', 'ends_at')) }})
        else microseconds
    end as part_den
from counted
