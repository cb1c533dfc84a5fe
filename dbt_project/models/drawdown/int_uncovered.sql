-- One row per part of an event that no prepaid credit pays: the end of its chain, above a guardrail, or
-- all of it where the rate is postpaid.
--
-- Where the rate has an overage price the part is sold in arrears; otherwise it is unfunded: served, but
-- nobody agreed to pay for it. amount is not yet rounded to a minor unit. A postpaid rate names no wallet:
-- what its usage costs is money already.

with

chain as (
    select * from {{ ref('int_rate_chain') }}
),

over_limit as (
    select * from {{ ref('int_limit_excess') }}
),

-- Where the rate has no overage price, all that a limit keeps is one unfunded part.
kept as (
    select
        rated.event_no,
        {% for column in event_columns() -%}
        rated.{{ column }},
        {% endfor -%}
        rated.cost as full_cost,
        case when chain.overage_numerator is null then {{ zero_credits() }} else over_limit.overage_excess end as billed,
        case when chain.overage_numerator is null then over_limit.excess else over_limit.unfunded_excess end as unfunded
    from over_limit
    inner join {{ ref('int_events_rated') }} as rated
        on over_limit.event_no = rated.event_no
    inner join chain
        on rated.rate_no = chain.rate_no
    where chain.position = 1
),

parts as (
    {% for part, may_be_overage in [('billed', 'true'), ('unfunded', 'false')] -%}
    select
        event_no,
        'limit' as cause,
        1 as position,
        {% for column in event_columns() -%}
        {{ column }},
        {% endfor -%}
        full_cost,
        {{ part }} as credits,
        {{ may_be_overage }} as may_be_overage
    from kept
    where {{ part }} > 0
    {{ 'union all' if not loop.last }}
    {% endfor -%}
    {% for level in range(var('wallet_levels') | int) %}
    union all
    select
        unpaid.event_no,
        'chain' as cause,
        unpaid.position,
        {% for column in event_columns() -%}
        unpaid.{{ column }},
        {% endfor -%}
        unpaid.full_cost,
        unpaid.unpaid as credits,
        true as may_be_overage
    from {{ ref('int_unpaid__level_' ~ level) }} as unpaid
    inner join chain
        on
            unpaid.rate_no = chain.rate_no
            and unpaid.position = chain.position
            and unpaid.position = chain.chain_length
    {% endfor %}
    union all
    select
        rated.event_no,
        'postpaid' as cause,
        1 as position,
        {% for column in event_columns() -%}
        rated.{{ column }},
        {% endfor -%}
        rated.cost as full_cost,
        cast(rated.cost - coalesce(over_limit.excess, 0) as {{ t_credits() }}) as credits,
        true as may_be_overage
    from {{ ref('int_events_rated') }} as rated
    left join over_limit
        on rated.event_no = over_limit.event_no
    where
        rated.rate_no is not null
        and rated.node_no is null
        and rated.cost > coalesce(over_limit.excess, 0)
),

placed as (
    select
        parts.event_no,
        parts.cause,
        parts.position,
        parts.customer_no,
        parts.property_set_no,
        parts.booked_at,
        parts.service_period,
        parts.credits,
        {{ share_of('parts.quantity', 'parts.credits', 'parts.full_cost') }} as quantity,
        parts.may_be_overage and chain.overage_numerator is not null as is_overage,
        chain.wallet,
        chain.overage_whole_quanta,
        chain.overage_quanta_per_unit,
        chain.overage_numerator,
        chain.overage_denominator,
        chain.overage_currency
    from parts
    inner join chain
        on
            parts.rate_no = chain.rate_no
            and parts.position = chain.position
            and (parts.cause <> 'postpaid' or chain.wallet is null)
)

select
    event_no,
    cause,
    case when is_overage then 'overage' else 'unfunded' end as entry_type,
    position,
    customer_no,
    property_set_no,
    booked_at,
    service_period,
    wallet,
    credits,
    quantity,
    case
        when not is_overage then cast(0 as {{ t_amount() }})
        when wallet is null then credits
        else {{ overage_amount('quantity') }}
    end as amount,
    case when is_overage then overage_currency end as currency
from placed
