-- Fails for a breach whose part above, taken event by event, is not exactly what was used less what is allowed, or
-- whose parts do not add up to it.

select
    limit_id,
    subject_id,
    window_start,
    coalesce(excess_amount, excess_credits) as excess,
    coalesce(used_amount, used_credits) - coalesce(limit_amount, limit_credits) as expected
from {{ ref('limit_breaches') }}
where
    coalesce(excess_amount, excess_credits)
    is distinct from coalesce(used_amount, used_credits) - coalesce(limit_amount, limit_credits)
    or excess_credits is distinct from allowed_credits + overage_credits + unfunded_credits
    or least(allowed_credits, overage_credits, unfunded_credits) < 0
    or reached_on is null
