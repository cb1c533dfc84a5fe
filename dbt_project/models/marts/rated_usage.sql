-- One row per usage event: who used what, under which rate, at what cost in the first wallet of its chain.
--
-- A view: the numbers are in pricing.int_events_rated, the words in raw.usage (decision 3).
{{ config(materialized='view') }}

with

rated as (
    select * from {{ ref('int_events_rated') }}
),

usage as (
    select * from {{ source('feeds', 'usage') }}
),

customers as (
    select * from {{ ref('stg_customers') }}
    where customer_no is not null
),

property_sets as (
    select * from {{ ref('stg_property_sets') }}
),

rates as (
    select * from {{ source('config', 'rates') }}
),

chain as (
    select * from {{ ref('int_rate_chain') }}
    where position = 1
)

select
    usage.event_id,
    customers.customer_id,
    customers.pool_id,
    usage.user_id,
    usage.team_id,
    property_sets.meter,
    property_sets.properties,
    rated.quantity,
    usage.occurred_at,
    usage.received_at,
    rated.booked_at,
    rated.service_period,
    rated.booked_period,
    rated.service_period <> rated.booked_period as is_late,
    rates.version as card_version,
    rates.rate_id,
    chain.wallet,
    rated.cost,
    case when rated.rate_no is null then 'no rate in force' end as unrated_reason
from rated
inner join usage
    on rated.event_no = usage.event_no
inner join customers
    on rated.customer_no = customers.customer_no
inner join property_sets
    on rated.property_set_no = property_sets.property_set_no
left join rates
    on rated.rate_no = rates.rate_no
left join chain
    on rated.rate_no = chain.rate_no
