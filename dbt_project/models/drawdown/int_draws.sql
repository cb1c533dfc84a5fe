-- One row per event, chain position and lot that pays part of it, over all wallets.
{{ config(materialized='view') }}

{% for level in range(var('wallet_levels') | int) %}
select
    event_no,
    position,
    lot_no,
    credits,
    customer_no,
    property_set_no,
    booked_at,
    service_period
from {{ ref('int_draws__level_' ~ level) }}
where lot_no is not null
{% if not loop.last %}union all{% endif %}
{% endfor %}
