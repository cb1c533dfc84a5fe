-- One row per customer, booked and service period, property set and rate: how much was used, and what it costs.
--
-- The one aggregation of rated events that pricing asks: revenue by meter and margins read it. credits is the cost
-- in the first wallet of the rate's chain, whoever paid it in the end.

select
    customer_no,
    booked_period,
    service_period,
    property_set_no,
    rate_no,
    {{ sum_credits('quantity') }} as quantity,
    {{ sum_credits('cost') }} as credits,
    cast(count(*) as bigint) as events
from {{ ref('int_events_rated') }}
where rate_no is not null
group by
    customer_no,
    booked_period,
    service_period,
    property_set_no,
    rate_no
