-- One row per lot, booked and service period, customer and property set: credits its draws took.
--
-- The one aggregation of the event-level draws; everything about money starts from here.

with

draws as (
    select * from {{ ref('int_draws') }}
),

rated as (
    select * from {{ ref('int_events_rated') }}
)

select
    draws.lot_no,
    rated.booked_period,
    rated.service_period,
    rated.customer_no,
    rated.property_set_no,
    {{ sum_credits('draws.credits') }} as credits,
    cast(count(*) as bigint) as draws
from draws
inner join rated
    on draws.event_no = rated.event_no
group by
    draws.lot_no,
    rated.booked_period,
    rated.service_period,
    rated.customer_no,
    rated.property_set_no
