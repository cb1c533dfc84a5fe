-- Fails for a correction of an event whose period was already closed when the correction arrived: the closed
-- figure must be reversed in the open period, which needs an entry of its own.

select
    correction.event_id,
    correction.corrects,
    correction.received_at
from {{ source('feeds', 'usage') }} as correction
inner join {{ source('feeds', 'usage') }} as original
    on correction.corrects = original.event_id
inner join {{ ref('stg_periods') }} as periods
    on {{ period_of('original.occurred_at') }} = periods.period
where correction.received_at >= periods.closes_at
