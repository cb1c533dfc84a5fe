-- One row per billing period of a subscription that has begun by as_of.
--
-- Periods are counted from the subscription's anchor, from the start of the calendar (1 January, Monday,
-- midnight) where the offer says so, or else from the start of the subscription: a plan begun on 31 January
-- bills on the last of February and on 31 March. A period that has begun is billed in advance. The first may
-- begin inside a whole period, at whole_start: covered / whole is the part it is billed for, and grants, where
-- the plan prorates, and one otherwise. A period that was booked in a month already closed when the end became
-- known stays (decision 15).

with

subscriptions as (
    select * from {{ ref('stg_subscriptions') }}
),

customers as (
    select * from {{ ref('stg_customers') }}
),

versions as (
    select * from {{ ref('int_card_windows') }}
),

offers as (
    select * from {{ source('config', 'offers') }}
),

-- The cadence is the one of the offer the customer signed up to.
signed as (
    select
        subscriptions.*,
        signing.open_from as signed_open_from,
        ending.open_from as ended_open_from,
        offers.every_count,
        offers.every_unit,
        offers.prorate,
        case
            when subscriptions.anchor_at is not null then subscriptions.anchor_at
            when offers.anchor = 'calendar' then
                case offers.every_unit
                    when 'day' then {{ instant_of(local_start_of('day', 'subscriptions.started_at')) }}
                    when 'week' then {{ instant_of(local_start_of('week', 'subscriptions.started_at')) }}
                    else {{ instant_of(local_start_of('year', 'subscriptions.started_at')) }}
                end
            else subscriptions.started_at
        end as anchor
    from subscriptions
    inner join customers
        on subscriptions.customer_id = customers.customer_id
    {{ join_open_window('subscriptions.received_at', 'signing') | indent(4) }}
    {{ join_open_window('subscriptions.end_received_at', 'ending') | indent(4) }}
    inner join versions
        on
            customers.track_no = versions.track_no
            and {{ in_card_window('subscriptions.started_at', booked_at('subscriptions.started_at', 'signing'), 'versions') }}
    inner join offers
        on
            versions.version = offers.version
            and subscriptions.offer = offers.offer
            and offers.every_unit is not null
),

-- An anchor after the start has periods before it.
anchored as (
    select
        *,
        case
            when anchor > started_at then {{ units_at_most('started_at', 'anchor', 'every_unit') }}
            else 0
        end as periods_before
    from signed
),

numbered as (
    select
        anchored.*,
        _repeated.n - anchored.periods_before as period_no
    from {{ repeated(
        'anchored',
        'periods_before + ' ~ units_at_most('least(anchor, started_at)', as_of(), 'every_unit'),
        'n') }}
),

placed as (
    select
        *,
        {{ add_calendar('anchor', 'period_no * every_count', 'every_unit') }} as whole_start,
        {{ add_calendar('anchor', '(period_no + 1) * every_count', 'every_unit') }} as period_end
    from numbered
),

begun as (
    select
        *,
        greatest(whole_start, started_at) as period_start,
        cast(row_number() over (partition by subscription_id order by whole_start) as int) as period_index
    from placed
    where
        period_end > started_at
        and whole_start < {{ as_of() }}
)

select
    subscription_id,
    customer_id,
    offer,
    quantity,
    agreed_price,
    ended_at,
    received_at,
    period_index,
    period_start,
    period_end,
    whole_start,
    prorate,
    case
        when prorate in ('second', 'day') then {{ time_covered('prorate', 'period_start', 'period_end') }}
        else 1
    end as covered,
    case
        when prorate in ('second', 'day') then {{ time_covered('prorate', 'whole_start', 'period_end') }}
        else 1
    end as whole
from begun
where
    ended_at is null
    or period_start < ended_at
    or greatest(period_start, coalesce(signed_open_from, period_start)) < ended_open_from
