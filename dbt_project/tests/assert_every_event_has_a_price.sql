-- Fails for an event that no rate prices. A gap is filled by a card, never by a guess.

select
    usage.event_id,
    customers.customer_id,
    property_sets.meter,
    property_sets.properties,
    usage.occurred_at
from {{ ref('int_events_rated') }} as rated
inner join {{ source('feeds', 'usage') }} as usage
    on rated.event_no = usage.event_no
inner join {{ ref('stg_customers') }} as customers
    on rated.customer_no = customers.customer_no
inner join {{ ref('stg_property_sets') }} as property_sets
    on rated.property_set_no = property_sets.property_set_no
where rated.rate_no is null
