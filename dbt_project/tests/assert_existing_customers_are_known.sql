-- Fails for a customer with facts older than a rate card version that existing customers get later, but
-- without joined_at: it counts as new (decision 12) and would be priced by that version too early.

with

waiting as (
    select
        version,
        effective_from
    from {{ source('config', 'rate_card_versions') }}
    where existing_customers_from is not null
),

customers as (
    select * from {{ ref('stg_customers') }}
    where joined_at is null and pinned_version = ''
),

facts as (
    select
        customers.customer_id,
        min(usage.occurred_at) as occurred_at
    from {{ ref('stg_usage') }} as usage
    inner join customers
        on usage.customer_no = customers.customer_no
    group by customers.customer_id
    union all
    select
        customer_id,
        min(occurred_at) as occurred_at
    from {{ ref('stg_payments') }}
    group by customer_id
    union all
    select
        customer_id,
        min(period_start) as occurred_at
    from {{ ref('int_subscription_periods') }}
    group by customer_id
)

select
    customers.customer_id,
    waiting.version,
    min(facts.occurred_at) as first_fact_at
from facts
inner join customers
    on facts.customer_id = customers.customer_id
inner join waiting
    on facts.occurred_at < waiting.effective_from
group by customers.customer_id, waiting.version
