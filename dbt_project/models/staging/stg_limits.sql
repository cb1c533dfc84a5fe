-- One row per guardrail, from limits.yml and from the limits feed alike.

select
    limit_id,
    customer_id,
    scope,
    subject_id,
    wallet,
    window_unit,
    credits,
    action,
    effective_from,
    coalesce(effective_to, {{ end_of_time() }}) as effective_to
from {{ source('config', 'config_limits') }}
union all
select
    limit_id,
    customer_id,
    scope,
    subject_id,
    wallet,
    window_unit,
    credits,
    action,
    coalesce(effective_from, {{ start_of_time() }}) as effective_from,
    coalesce(effective_to, {{ end_of_time() }}) as effective_to
from {{ source('feeds', 'limits') }}
