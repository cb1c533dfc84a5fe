-- One row per late fact and lot or charge it moved: booked in a later period than it happened in.

with

draws as (
    select
        event_no,
        service_period,
        {{ period_of('booked_at') }} as booked_period,
        lot_no,
        credits
    from {{ ref('int_draws') }}
    where service_period <> {{ period_of('booked_at') }}
),

uncovered as (
    select
        event_no,
        service_period,
        {{ period_of('booked_at') }} as booked_period,
        entry_type,
        credits,
        amount,
        currency
    from {{ ref('int_uncovered') }}
    where service_period <> {{ period_of('booked_at') }}
),

lots as (
    select * from {{ ref('int_lot_values') }}
),

grants as (
    select * from {{ ref('int_lot_grants') }}
),

usage as (
    select * from {{ source('feeds', 'usage') }}
)

select
    'late usage' as what,
    usage.event_id as fact_id,
    lots.lot_id,
    draws.service_period,
    draws.booked_period,
    draws.credits,
    {{ cost_basis('lots.consideration', 'draws.credits', 'lots.credits') }} as amount,
    lots.currency,
    'received after its period was closed' as reason
from draws
inner join lots
    on draws.lot_no = lots.lot_no
inner join usage
    on draws.event_no = usage.event_no
union all
select
    'late usage, ' || uncovered.entry_type as what,
    usage.event_id as fact_id,
    cast(null as string) as lot_id,
    uncovered.service_period,
    uncovered.booked_period,
    cast(uncovered.credits as {{ t_credits() }}) as credits,
    uncovered.amount,
    uncovered.currency,
    'received after its period was closed' as reason
from uncovered
inner join usage
    on uncovered.event_no = usage.event_no
union all
select
    'late lot' as what,
    lots.lot_id as fact_id,
    lots.lot_id,
    {{ period_of('lots.granted_at') }} as service_period,
    lots.booked_period,
    grants.credits,
    cast(lots.consideration as {{ t_amount() }}) as amount,
    lots.currency,
    'received after its period was closed' as reason
from lots
inner join grants
    on lots.lot_no = grants.lot_no
where {{ period_of('lots.granted_at') }} <> lots.booked_period
