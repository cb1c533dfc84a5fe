-- One row per priced event, guarded customer, subject and unit a guardrail counts in: what the event counts there.
--
-- A subject is the event's user, its team, or the organisation, whichever the customer has guardrails for; an
-- organisation's is all usage its pool pays for. An event that names no team counts for every team its user was
-- in at that instant. value is the cost in the first wallet of the price, or, in a currency, the event's money
-- price: its cost in the chain's wallet of that currency, else at the overage price (decision 16); null where it
-- has none. Usage of a postpaid rate costs no credits and counts in money only. Places in time are told apart by
-- day, and by the instants at which some guardrail begins or ends.
{{ config(materialized='view') }}

with

limits as (
    select * from {{ ref('stg_limits') }}
),

customers as (
    select * from {{ ref('stg_customers') }}
    where customer_no is not null
),

chain as (
    select * from {{ ref('int_rate_chain') }}
),

scopes as (
    select distinct
        scope_no,
        customer_id,
        subject_type,
        unit
    from limits
),

counted_for as (
    select
        customers.customer_no,
        customers.sort_no,
        scopes.*
    from customers
    inner join scopes
        on customers.customer_id = scopes.customer_id
    union all
    select
        customers.customer_no,
        customers.sort_no,
        scopes.*
    from customers
    inner join scopes
        on customers.pool_id = scopes.customer_id
    where
        scopes.subject_type = 'organisation'
        and customers.customer_id <> scopes.customer_id
),

boundaries as (
    select
        scope_no,
        effective_from as cut_from
    from limits
    union
    select
        scope_no,
        effective_to as cut_from
    from limits
),

cuts as (
    select
        scope_no,
        cut_from,
        {{ local_start_of('day', 'cut_from') }} as cut_day,
        lead(cut_from, 1, {{ end_of_time() }}) over (partition by scope_no order by cut_from) as cut_to
    from boundaries
    where cut_from > {{ start_of_time() }} and cut_from < {{ end_of_time() }}
),

-- Stays of one user in one team, each from where those that began before it end: an instant counts once.
members as (
    select
        *,
        coalesce(valid_to, {{ end_of_time() }}) as left_at,
        max(coalesce(valid_to, {{ end_of_time() }})) over (
            partition by customer_id, user_id, team_id
            order by valid_from
            rows between unbounded preceding and 1 preceding
        ) as covered_to
    from {{ ref('stg_members') }}
),

stays as (
    select
        customer_id,
        user_id,
        team_id,
        greatest(valid_from, coalesce(covered_to, valid_from)) as stay_from,
        left_at as stay_to
    from members
    where covered_to is null or left_at > covered_to
),

-- What a unit costs in a currency: the first wallet of that currency in the chain, else the overage price.
money_places as (
    select
        chain.rate_no,
        chain.position,
        wallets.currency,
        chain.is_tiered,
        chain.quantum,
        chain.rounding,
        chain.whole_quanta,
        chain.quanta_per_unit,
        chain.numerator,
        chain.denominator
    from chain
    inner join {{ source('config', 'wallets') }} as wallets
        on chain.wallet = wallets.wallet
    where wallets.is_money
    union all
    select
        rate_no,
        chain_length + 1 as position,
        overage_currency as currency,
        false as is_tiered,
        cast(0.000000001 as decimal(10, 9)) as quantum,
        'half_up' as rounding,
        overage_whole_quanta as whole_quanta,
        overage_quanta_per_unit as quanta_per_unit,
        overage_numerator as numerator,
        overage_denominator as denominator
    from chain
    where position = 1 and overage_numerator is not null
),

ranked_places as (
    select
        *,
        row_number() over (partition by rate_no, currency order by position) as place
    from money_places
),

money_prices as (
    select * from ranked_places
    where place = 1
),

events as (
    select
        rated.event_no,
        rated.rate_no,
        rated.quantity,
        usage.occurred_at,
        rated.booked_period,
        rated.cost,
        {{ local_start_of('day', 'usage.occurred_at') }} as day,
        coalesce(first_place.wallet_rank, 0) as wallet_rank,
        counted_for.scope_no,
        counted_for.customer_id,
        counted_for.sort_no,
        counted_for.subject_type,
        counted_for.unit,
        usage.user_id,
        usage.team_id,
        case when counted_for.subject_type = 'team' and usage.team_id is null then usage.user_id end as user_in_teams
    from {{ ref('int_events_rated') }} as rated
    inner join counted_for
        on rated.customer_no = counted_for.customer_no
    inner join {{ source('feeds', 'usage') }} as usage
        on rated.event_no = usage.event_no
    inner join chain as first_place
        on
            rated.rate_no = first_place.rate_no
            and first_place.position = 1
    where
        rated.cost > 0
        and (first_place.wallet_rank is not null or counted_for.unit <> 'credits')
),

subjects as (
    select
        events.*,
        case events.subject_type
            when 'user' then events.user_id
            when 'team' then coalesce(events.team_id, stays.team_id)
            else events.customer_id
        end as subject_id
    from events
    left join stays
        on
            events.customer_id = stays.customer_id
            and events.user_in_teams = stays.user_id
            and events.occurred_at >= stays.stay_from
            and events.occurred_at < stays.stay_to
)

select
    subjects.event_no,
    subjects.rate_no,
    subjects.occurred_at,
    subjects.sort_no,
    subjects.scope_no,
    subjects.subject_id,
    subjects.wallet_rank,
    subjects.booked_period,
    subjects.day,
    coalesce(cuts.cut_from, {{ start_of_time() }}) as cut_from,
    subjects.cost,
    case
        when subjects.unit = 'credits' then subjects.cost
        when money_prices.is_tiered then tiered.cost
        else cast(
            {{ cost_in_quanta('subjects.quantity', 'money_prices.', 'money_prices.rounding') }}
            * money_prices.quantum as {{ t_credits() }}
        )
    end as value
from subjects
left join cuts
    on
        subjects.scope_no = cuts.scope_no
        and subjects.day = cuts.cut_day
        and subjects.occurred_at >= cuts.cut_from
        and subjects.occurred_at < cuts.cut_to
left join money_prices
    on
        subjects.rate_no = money_prices.rate_no
        and subjects.unit = money_prices.currency
left join {{ ref('int_tiered_costs') }} as tiered
    on
        money_prices.position = tiered.position
        and case when money_prices.is_tiered then subjects.event_no end = tiered.event_no
where subjects.subject_id is not null
