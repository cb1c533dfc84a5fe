-- Fails for a subscription that says it replaces another one which is unknown, belongs to somebody else, is still
-- running or ended after this one started, or was replaced already: what its unused credits do would be a guess.

select
    successors.subscription_id,
    successors.replaces,
    successors.started_at,
    replaced.ended_at
from {{ ref('stg_subscriptions') }} as successors
left join {{ ref('stg_subscriptions') }} as replaced
    on successors.replaces = replaced.subscription_id
where
    successors.replaces is not null
    and (
        replaced.subscription_id is null
        or replaced.customer_id <> successors.customer_id
        or replaced.ended_at is null
        or replaced.ended_at > successors.started_at
        or successors.replaces in (
            select again.replaces
            from {{ ref('stg_subscriptions') }} as again
            where again.replaces is not null
            group by again.replaces
            having count(*) > 1
        )
    )
