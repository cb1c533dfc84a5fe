-- Fails for usage sold as agent that no supplier's price covers: what of its revenue is the supplier's is not known.

with

rated as (
    select * from {{ ref('int_events_rated') }}
    where rate_no is not null
),

happened as (
    select
        event_no,
        event_id,
        occurred_at
    from {{ source('feeds', 'usage') }}
),

property_sets as (
    select * from {{ ref('stg_property_sets') }}
),

agents as (
    select
        rated.event_no,
        rated.booked_period,
        rated.property_set_no,
        property_sets.meter,
        property_sets.properties
    from rated
    inner join property_sets
        on rated.property_set_no = property_sets.property_set_no
    inner join {{ ref('int_agent_windows') }} as windows
        on
            rated.booked_period = windows.booked_period
            and property_sets.meter = windows.meter
            and rated.booked_at >= windows.in_force_from
            and rated.booked_at < windows.in_force_to
)

select
    happened.event_id,
    happened.occurred_at,
    agents.meter,
    agents.properties
from agents
inner join happened
    on agents.event_no = happened.event_no
left join {{ ref('int_cost_matches') }} as matches
    on
        agents.booked_period = matches.booked_period
        and agents.property_set_no = matches.property_set_no
        and happened.occurred_at >= matches.effective_from
        and happened.occurred_at < matches.effective_to
where matches.cost_no is null
