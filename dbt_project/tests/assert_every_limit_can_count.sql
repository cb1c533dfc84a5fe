-- Fails for a guardrail in money over usage that its rate prices in no wallet of that currency and in no overage
-- price of it: nothing is converted or guessed, and usage left out would let the limit pass (decision 16).

select
    limits.limit_id,
    limits.customer_id,
    limits.unit as currency,
    places.subject_id,
    rates.version,
    rates.rate_id,
    min(places.day) as first_day
from {{ ref('int_limit_usage') }} as places
inner join {{ ref('stg_limits') }} as limits
    on places.limit_no = limits.limit_no
inner join {{ source('config', 'rates') }} as rates
    on places.unpriced_rate_no = rates.rate_no
group by limits.limit_id, limits.customer_id, limits.unit, places.subject_id, rates.version, rates.rate_id
