-- One row per guardrail, subject and window that was exceeded: by how much, and what was done about it.

select
    limit_id,
    customer_id,
    scope,
    subject_id,
    window_unit,
    window_start,
    action,
    limit_credits,
    max(used_to) as used_credits,
    {{ sum_credits('excess') }} as excess_credits,
    cast(count(*) as bigint) as events
from {{ ref('int_limit_hits') }}
group by limit_id, customer_id, scope, subject_id, window_unit, window_start, action, limit_credits
