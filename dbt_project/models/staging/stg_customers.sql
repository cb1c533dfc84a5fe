-- One row per customer seen in any feed: the pool that pays for it, and what prices depend on.
--
-- A track is one sequence of rate card versions: customers pinned to one version, or who joined before the
-- same versions that reach existing customers later. A customer without joined_at is new (decision 12). A
-- class adds whom contract rates name. pool_no, customer_no, track_no and class_no are internal keys for
-- joins; no figure or order depends on them.

with

seen as (
    select customer_id from {{ source('feeds', 'usage_customers') }}
    union
    select customer_id from {{ source('feeds', 'payments') }}
    where customer_id is not null
    union
    select customer_id from {{ source('feeds', 'grants') }}
    union
    select customer_id from {{ source('feeds', 'subscriptions') }}
    union
    select customer_id from {{ source('feeds', 'customers') }}
    union
    select to_customer_id as customer_id from {{ source('feeds', 'lot_events') }}
    where to_customer_id is not null
    union
    select parent_customer_id as customer_id from {{ source('feeds', 'customers') }}
    where parent_customer_id is not null
),

-- What one row leaves empty another may say; no two rows say different things.
described as (
    select
        customer_id,
        max(name) as name,
        max(parent_customer_id) as parent_customer_id,
        max(segment) as segment,
        max(joined_at) as joined_at,
        max(country) as country,
        max(card) as card
    from {{ source('feeds', 'customers') }}
    group by customer_id
),

keys as (
    select * from {{ source('feeds', 'usage_customers') }}
),

-- Contract rates name customers and segments: only those split the customers into classes.
named_customers as (
    select distinct value as customer_id from {{ source('config', 'rate_audience') }}
    where audience = 'customer'
),

named_segments as (
    select distinct value as segment from {{ source('config', 'rate_audience') }}
    where audience = 'segment'
),

-- Versions that reach existing customers later: who joined between two of them is treated alike.
joined_since as (
    select
        seen.customer_id,
        max(versions.effective_from) as cohort_from
    from seen
    left join described
        on seen.customer_id = described.customer_id
    inner join {{ source('config', 'rate_card_versions') }} as versions
        on
            versions.existing_customers_from is not null
            and coalesce(described.joined_at, {{ end_of_time() }}) >= versions.effective_from
    group by seen.customer_id
),

final as (
    select
        seen.customer_id,
        keys.customer_no,
        described.name,
        coalesce(described.parent_customer_id, seen.customer_id) as pool_id,
        described.segment,
        described.country,
        described.joined_at,
        coalesce(described.card, '') as pinned_version,
        coalesce(joined_since.cohort_from, {{ start_of_time() }}) as cohort_from,
        coalesce(named_customers.customer_id, '') as class_customer,
        coalesce(named_segments.segment, '') as class_segment
    from seen
    left join described
        on seen.customer_id = described.customer_id
    left join joined_since
        on seen.customer_id = joined_since.customer_id
    left join keys
        on seen.customer_id = keys.customer_id
    left join named_customers
        on seen.customer_id = named_customers.customer_id
    left join named_segments
        on described.segment = named_segments.segment
)

select
    customer_id,
    customer_no,
    cast(row_number() over (order by customer_id) as bigint) as sort_no,
    name,
    pool_id,
    cast(dense_rank() over (order by pool_id) as bigint) as pool_no,
    segment,
    country,
    joined_at,
    pinned_version,
    cohort_from,
    cast(dense_rank() over (order by pinned_version, cohort_from) as int) as track_no,
    class_customer,
    class_segment,
    cast(dense_rank() over (order by class_customer, class_segment, pinned_version, cohort_from) as int) as class_no
from final
