-- One row per lot, booked and service period, customer and property set: credits its draws took.
--
-- The one aggregation of the event-level draws; everything about money starts from here.

select
    lot_no,
    {{ period_of('booked_at') }} as booked_period,
    service_period,
    customer_no,
    property_set_no,
    {{ sum_credits('credits') }} as credits,
    cast(count(*) as bigint) as draws
from {{ ref('int_draws') }}
group by
    lot_no,
    {{ period_of('booked_at') }},
    service_period,
    customer_no,
    property_set_no
