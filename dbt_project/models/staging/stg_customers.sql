-- One row per customer seen in any feed: the pool that pays for it, and what prices depend on.
--
-- pool_no and customer_no are internal keys for joins; no figure or order depends on them.

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
    select parent_customer_id as customer_id from {{ source('feeds', 'customers') }}
    where parent_customer_id is not null
),

described as (
    select * from {{ source('feeds', 'customers') }}
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

final as (
    select
        seen.customer_id,
        keys.customer_no,
        described.name,
        coalesce(described.parent_customer_id, seen.customer_id) as pool_id,
        described.segment,
        described.country,
        described.joined_at,
        coalesce(named_customers.customer_id, '') as class_customer,
        coalesce(named_segments.segment, '') as class_segment
    from seen
    left join described
        on seen.customer_id = described.customer_id
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
    class_customer,
    class_segment,
    cast(dense_rank() over (order by class_customer, class_segment) as int) as class_no
from final
