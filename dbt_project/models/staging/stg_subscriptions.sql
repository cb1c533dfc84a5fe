-- One row per subscription the books know, with its end once that is known.
--
-- The feed may bring a subscription twice: while it runs, and with its end. The end then has a receipt of its
-- own, end_received_at; it is null where the end was known with the start.

with

known as (
    select * from {{ source('feeds', 'subscriptions') }}
    where {{ is_known('started_at', 'received_at') }}
),

ended as (
    select * from known
    where ended_at is not null
),

running as (
    select * from known
    where ended_at is null
)

select
    coalesce(running.subscription_id, ended.subscription_id) as subscription_id,
    coalesce(running.customer_id, ended.customer_id) as customer_id,
    coalesce(running.offer, ended.offer) as offer,
    coalesce(running.started_at, ended.started_at) as started_at,
    ended.ended_at,
    coalesce(running.quantity, ended.quantity, 1) as quantity,
    coalesce(running.price, ended.price) as agreed_price,
    coalesce(running.anchor_at, ended.anchor_at) as anchor_at,
    coalesce(running.replaces, ended.replaces) as replaces,
    case when running.subscription_id is null then ended.received_at else running.received_at end as received_at,
    case when running.subscription_id is not null then ended.received_at end as end_received_at
from running
full outer join ended
    on running.subscription_id = ended.subscription_id
