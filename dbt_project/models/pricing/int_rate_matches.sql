-- One row per property set, customer class and window of a rate card version: the rate that prices it.
--
-- The customer's own rate beats a segment's, which beats the general one; then the most specific match
-- (most properties named) wins. A rate that a contract lowers stands where the general one stands that it is
-- made of, and takes its place: the customer's contract before its segment's (decision 18). is_tied says that
-- two rates claim the same place: no choice is made silently, a test refuses it.

with

property_sets as (
    select * from {{ source('feeds', 'property_sets') }}
),

property_values as (
    select * from {{ source('feeds', 'property_values') }}
),

rates as (
    select * from {{ source('config', 'rates') }}
),

rate_match as (
    select * from {{ source('config', 'rate_match') }}
),

audience as (
    select * from {{ source('config', 'rate_audience') }}
),

windows as (
    select * from {{ ref('int_card_windows') }}
),

classes as (
    select distinct
        class_no,
        track_no,
        class_customer,
        class_segment
    from {{ ref('stg_customers') }}
),

matched_properties as (
    select
        property_values.property_set_no,
        rate_match.rate_no,
        count(*) as matched
    from property_values
    inner join rate_match
        on
            property_values.property = rate_match.property
            and property_values.value = rate_match.value
    group by property_values.property_set_no, rate_match.rate_no
),

-- Every match the rate names must hold: as many matched as it asks for.
candidates as (
    select
        property_sets.property_set_no,
        rates.rate_no,
        rates.version,
        rates.audience,
        rates.contract,
        rates.match_count
    from property_sets
    inner join rates
        on property_sets.meter = rates.meter
    left join matched_properties
        on
            property_sets.property_set_no = matched_properties.property_set_no
            and rates.rate_no = matched_properties.rate_no
    where coalesce(matched_properties.matched, 0) = rates.match_count
),

for_classes as (
    select
        candidates.property_set_no,
        candidates.version,
        classes.class_no,
        classes.track_no,
        candidates.rate_no,
        candidates.match_count,
        case
            when candidates.contract is not null then 3
            when candidates.audience = 'customer' then 1
            when candidates.audience = 'segment' then 2
            else 3
        end as audience_rank,
        case
            when candidates.contract is null then 3
            when candidates.audience = 'customer' then 1
            else 2
        end as contract_rank
    from candidates
    cross join classes
    left join audience
        on
            candidates.rate_no = audience.rate_no
            and (
                (audience.audience = 'customer' and classes.class_customer = audience.value)
                or (audience.audience = 'segment' and classes.class_segment = audience.value)
            )
    where candidates.audience = 'everyone' or audience.rate_no is not null
),

ranked as (
    select
        *,
        rank() over (
            partition by property_set_no, version, class_no
            order by audience_rank asc, match_count desc, contract_rank asc
        ) as place,
        count(*) over (
            partition by property_set_no, version, class_no, audience_rank, match_count, contract_rank
        ) as claims
    from for_classes
)

select
    ranked.property_set_no,
    ranked.class_no,
    ranked.version,
    windows.effective_from,
    windows.effective_to,
    windows.booked_from,
    windows.booked_to,
    min(ranked.rate_no) as rate_no,
    max(ranked.claims) > 1 as is_tied
from ranked
inner join windows
    on
        ranked.version = windows.version
        and ranked.track_no = windows.track_no
where ranked.place = 1
group by
    ranked.property_set_no,
    ranked.class_no,
    ranked.version,
    windows.effective_from,
    windows.effective_to,
    windows.booked_from,
    windows.booked_to
