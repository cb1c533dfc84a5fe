-- One row per event, chain position and lot that pays part of it, over all wallets.
--
-- booked_at is when the lot paid: when the event was booked or, for what a wallet owed, when a later lot repaid
-- it (is_repayment).
{{ config(materialized='view') }}

{% for level in range(var('wallet_levels') | int) %}
select
    event_no,
    position,
    lot_no,
    credits,
    customer_no,
    property_set_no,
    coalesce(repaid_at, booked_at) as booked_at,
    service_period,
    repaid_at is not null as is_repayment
from {{ ref('int_draws__level_' ~ level) }}
where lot_no is not null
{% if not loop.last %}union all{% endif %}
{% endfor %}
