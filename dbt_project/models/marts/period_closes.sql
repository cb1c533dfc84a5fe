-- One row per entry of the close register the books know.

select
    close_id,
    period,
    closed_at,
    action,
    reason,
    closed_by
from {{ source('feeds', 'period_closes') }}
where closed_at < {{ as_of() }}
