-- One row per part of an event that no prepaid credit pays: the end of its chain, or above a guardrail.
--
-- Where the rate has an overage price the part is sold in arrears; otherwise it is unfunded: served, but
-- nobody agreed to pay for it. amount is not yet rounded to a minor unit.

with

rated as (
    select * from {{ ref('int_events_rated') }}
),

over_limit as (
    select * from {{ ref('int_limit_excess') }}
),

chain as (
    select * from {{ ref('int_rate_chain') }}
    where position = 1
),

over_limit_parts as (
    select
        over_limit.event_no,
        over_limit.overage_excess as credits,
        true as may_be_overage
    from over_limit
    where over_limit.overage_excess > 0
    union all
    select
        over_limit.event_no,
        over_limit.unfunded_excess as credits,
        false as may_be_overage
    from over_limit
    where over_limit.unfunded_excess > 0
),

above_limits as (
    select
        parts.event_no,
        parts.credits,
        parts.may_be_overage and chain.overage_numerator is not null as is_overage,
        {{ share_of('rated.quantity', 'parts.credits', 'rated.cost') }} as quantity,
        chain.*
    from over_limit_parts as parts
    inner join rated
        on parts.event_no = rated.event_no
    inner join chain
        on rated.rate_no = chain.rate_no
)

-- Kept as a table, because DuckDB 2.0.0 can stop on a join over this union of joins (internal error,
-- "dict-surviving cache").
{% for level in range(var('wallet_levels') | int) %}
select
    event_no,
    'chain' as cause,
    case when is_overage then 'overage' else 'unfunded' end as entry_type,
    position,
    wallet,
    unpaid as credits,
    quantity,
    coalesce(amount, cast(0 as {{ t_amount() }})) as amount,
    case when is_overage then currency end as currency
from {{ ref('int_unpaid__level_' ~ level) }}
where next_position is null
union all
{% endfor %}
select
    event_no,
    'limit' as cause,
    case when is_overage then 'overage' else 'unfunded' end as entry_type,
    1 as position,
    wallet,
    credits,
    quantity,
    case when is_overage then {{ overage_amount('quantity') }} else cast(0 as {{ t_amount() }}) end as amount,
    case when is_overage then overage_currency end as currency
from above_limits
