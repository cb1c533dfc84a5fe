-- One row per booked period, property set and stretch of time in which a supplier charges for it: the price line.
--
-- Of each supplier's lines the most specific match counts (most properties named; the reader of cost cards refuses
-- ties), and what several suppliers charge adds up. A version is in force until the same supplier's next one, and
-- does not exist for a period that was closed before it was published: what it costs stays as it was booked.

with

property_sets as (
    select * from {{ source('feeds', 'property_sets') }}
),

property_values as (
    select * from {{ source('feeds', 'property_values') }}
),

cost_rates as (
    select * from {{ source('config', 'cost_rates') }}
    where published_at < {{ as_of() }}
),

cost_match as (
    select * from {{ source('config', 'cost_match') }}
),

versions as (
    select distinct
        version,
        supplier,
        effective_from,
        published_at
    from cost_rates
),

periods as (
    select * from {{ ref('stg_periods') }}
),

windows as (
    select
        periods.period as booked_period,
        versions.version,
        versions.effective_from,
        coalesce(
            lead(versions.effective_from) over (
                partition by periods.period, versions.supplier
                order by versions.effective_from
            ),
            {{ end_of_time() }}
        ) as effective_to
    from periods
    inner join versions
        on periods.closes_at > versions.published_at
),

matched_properties as (
    select
        property_values.property_set_no,
        cost_match.cost_no,
        count(*) as matched
    from property_values
    inner join cost_match
        on
            property_values.property = cost_match.property
            and property_values.value = cost_match.value
    group by property_values.property_set_no, cost_match.cost_no
),

-- Every match the line names must hold: as many matched as it asks for.
ranked as (
    select
        property_sets.property_set_no,
        cost_rates.cost_no,
        cost_rates.version,
        row_number() over (
            partition by property_sets.property_set_no, cost_rates.version
            order by cost_rates.match_count desc, cost_rates.cost_no asc
        ) as place
    from property_sets
    inner join cost_rates
        on property_sets.meter = cost_rates.meter
    left join matched_properties
        on
            property_sets.property_set_no = matched_properties.property_set_no
            and cost_rates.cost_no = matched_properties.cost_no
    where coalesce(matched_properties.matched, 0) = cost_rates.match_count
)

select
    windows.booked_period,
    ranked.property_set_no,
    ranked.cost_no,
    windows.effective_from,
    windows.effective_to
from ranked
inner join windows
    on ranked.version = windows.version
where ranked.place = 1
