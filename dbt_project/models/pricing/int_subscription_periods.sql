-- One row per billing period of a subscription that has begun by as_of.
--
-- Periods are counted from the start of the subscription, so a plan begun on 31 January bills on the
-- last of February and on 31 March. A period that has begun is billed whole, in advance; one that was booked
-- in a month already closed when the end became known stays (decision 15).

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
        offers.every_unit
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

numbered as (
    select
        signed.*,
        _repeated.n as period_index
    from {{ repeated('signed', units_at_most('started_at', as_of(), 'every_unit'), 'n') }}
),

final as (
    select
        subscription_id,
        customer_id,
        offer,
        ended_at,
        signed_open_from,
        ended_open_from,
        quantity,
        received_at,
        cast(period_index + 1 as int) as period_index,
        {{ add_calendar('started_at', 'period_index * every_count', 'every_unit') }} as period_start,
        {{ add_calendar('started_at', '(period_index + 1) * every_count', 'every_unit') }} as period_end
    from numbered
)

select
    subscription_id,
    customer_id,
    offer,
    quantity,
    received_at,
    period_index,
    period_start,
    period_end
from final
where
    period_start < {{ as_of() }}
    and (
        ended_at is null
        or period_start < ended_at
        or greatest(period_start, coalesce(signed_open_from, period_start)) < ended_open_from
    )
