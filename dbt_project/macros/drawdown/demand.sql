{# The drawdown, one level of wallets at a time. A wallet's level is one more than that of every wallet
   that comes before it in some chain, so when a level is burned everything that can still arrive at it
   has arrived. models/drawdown/level_<n>/ holds one line per model; the reasoning is here, once:

     demand.sql      what a level is asked to pay, and what becomes of the part it cannot pay
     wallets.sql     what each lot of a wallet pays in each stretch of time, burned down by burn_down.sql
     attribution.sql which events a lot paid for #}

{# What a part of an event takes along from wallet to wallet, so that nothing has to be looked up again:
   whose it is, what it is, when it counts, and the whole event's quantity. #}
{% macro event_columns() -%}
    {{ return(['customer_no', 'property_set_no', 'rate_no', 'booked_at', 'service_period', 'quantity']) }}
{%- endmacro %}

{# One row per event and wallet of this level that it asks for credits: what the level must try to pay.
   quantity and full_cost are the whole event's, the latter in this wallet; needed is the part that arrives
   here. #}
{% macro demand_at_level(level) %}
select
    rated.event_no,
    1 as position,
    rated.node_no,
    {% for column in event_columns() -%}
    rated.{{ column }},
    {% endfor -%}
    rated.cost as full_cost,
    cast(rated.cost - coalesce(over_limit.excess, 0) as {{ t_credits() }}) as needed
from {{ ref('int_events_rated') }} as rated
inner join {{ ref('int_rate_chain') }} as chain
    on
        rated.rate_no = chain.rate_no
        and chain.position = 1
        and chain.wallet_level = {{ level }}
left join {{ ref('int_limit_excess') }} as over_limit
    on rated.event_no = over_limit.event_no
where rated.cost > coalesce(over_limit.excess, 0)
{% for lower in range(level) %}
union all
select
    event_no,
    position,
    node_no,
    {% for column in event_columns() -%}
    {{ column }},
    {% endfor -%}
    full_cost,
    needed
from {{ ref('int_handed_on__level_' ~ lower) }}
where wallet_level = {{ level }}
{% endfor %}
{% endmacro %}

{# One row per stretch and week in which credits are asked of this level: how many. #}
{% macro weekly_demand_at_level(level) %}
select
    stretch_no,
    week_no,
    {{ sum_credits('needed') }} as needed
from (
    {{ in_windows(
        ref('int_demand__level_' ~ level), spanned(ref('int_stretches')),
        [week_no('events.booked_at') ~ ' as week_no', 'events.needed'], ['stretch_no']) }}
) as booked
group by stretch_no, week_no
{% endmacro %}

{# One row per event part that no lot of this level pays, nor its wallet carries. It goes on to the next wallet
   of its chain, or ends uncovered. #}
{% macro unpaid_at_level(level) %}
select
    event_no,
    position,
    node_no,
    {% for column in event_columns() -%}
    {{ column }},
    {% endfor -%}
    full_cost,
    credits as unpaid
from {{ ref('int_draws__level_' ~ level) }}
where
    lot_no is null
    and {{ wallet_rank_of('node_no') }} not in (
        select rank from {{ source('config', 'wallets') }}
        where overdraft = 'carry'
    )
{% endmacro %}

{# One row per event part that goes on from this level to the next wallet of its chain: the part keeps its share
   of the event and takes that wallet's own price for it. #}
{% macro handed_on_from_level(level) %}
with

unpaid as (
    select * from {{ ref('int_unpaid__level_' ~ level) }}
),

chain as (
    select * from {{ ref('int_rate_chain') }}
),

priced as (
    select
        unpaid.event_no,
        chain.position,
        chain.wallet_level,
        {{ node_beside('unpaid.node_no', 'chain.wallet_rank') }} as node_no,
        {% for column in event_columns() -%}
        unpaid.{{ column }},
        {% endfor -%}
        coalesce(tiered.cost, cast(
            {{ cost_in_quanta('unpaid.quantity', 'chain.', 'chain.rounding') | indent(12) }}
            * chain.quantum as {{ t_credits() }}
        )) as full_cost,
        unpaid.unpaid,
        unpaid.full_cost as unpaid_of
    from unpaid
    inner join chain
        on
            unpaid.rate_no = chain.rate_no
            and unpaid.position + 1 = chain.position
    left join {{ ref('int_tiered_costs') }} as tiered
        on
            case when chain.is_tiered then unpaid.event_no end = tiered.event_no
            and chain.position = tiered.position
),

shared as (
    select
        *,
        {{ share_of('full_cost', 'unpaid', 'unpaid_of') }} as needed
    from priced
)

select
    event_no,
    position,
    wallet_level,
    node_no,
    {% for column in event_columns() -%}
    {{ column }},
    {% endfor -%}
    full_cost,
    needed
from shared
where needed > 0
{% endmacro %}

{# Overage price of a quantity, to 9 decimals; columns of int_rate_chain in scope. #}
{% macro overage_amount(quantity) -%}
    cast({{ cost_in_quanta(quantity, 'overage_') }}
        * cast(0.000000001 as decimal(10, 9)) as {{ t_amount() }})
{%- endmacro %}
