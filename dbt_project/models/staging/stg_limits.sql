-- One row per guardrail, from limits.yml and from the limits feed alike.
--
-- allowance is the most of one window, in the unit: a currency, or credits, those of the first wallet of the
-- price. scope_no is one number for the guardrails of a customer that count the same subjects in the same
-- unit. limit_no and scope_no are internal keys for joins; no figure depends on them.

with

limits as (
    select
        limit_id,
        'limits.yml' as origin,
        customer_id,
        scope,
        subject_id,
        wallet,
        window_unit,
        credits,
        amount,
        currency,
        action,
        effective_from,
        effective_to
    from {{ source('config', 'config_limits') }}
    union all
    select
        limit_id,
        'feed' as origin,
        customer_id,
        scope,
        subject_id,
        wallet,
        window_unit,
        credits,
        amount,
        currency,
        action,
        effective_from,
        effective_to
    from {{ source('feeds', 'limits') }}
),

typed as (
    select
        *,
        case scope when 'each_user' then 'user' when 'each_team' then 'team' else scope end as subject_type,
        coalesce(currency, 'credits') as unit
    from limits
)

select
    cast(row_number() over (order by typed.limit_id, typed.origin) as bigint) as limit_no,
    cast(dense_rank() over (order by typed.customer_id, typed.subject_type, typed.unit) as bigint) as scope_no,
    typed.limit_id,
    typed.origin,
    typed.customer_id,
    typed.scope,
    typed.subject_type,
    typed.subject_id,
    typed.wallet,
    wallets.rank as wallet_rank,
    typed.window_unit,
    typed.unit,
    cast(coalesce(typed.amount, typed.credits) as {{ t_credits() }}) as allowance,
    typed.action,
    coalesce(typed.effective_from, {{ start_of_time() }}) as effective_from,
    coalesce(typed.effective_to, {{ end_of_time() }}) as effective_to
from typed
left join {{ source('config', 'wallets') }} as wallets
    on typed.wallet = wallets.wallet
