-- Fails for a guardrail id that limits.yml and the limits feed both use: a breach could not say which it was.

select
    limit_id,
    count(*) as limits
from {{ ref('stg_limits') }}
group by limit_id
having count(*) > 1
