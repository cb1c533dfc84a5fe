-- One row per part of an event that a wallet carrying its overdraft served beyond its lots, and lot that repaid
-- it; lot_no and repaid_at are null for what is still owed.
--
-- Only books with such a wallet read their events for this.

with

carrying as (
    select
        rank as wallet_rank,
        wallet
    from {{ source('config', 'wallets') }}
    where overdraft = 'carry'
)

{% for level in range(var('wallet_levels') | int) %}
select
    draws.event_no,
    draws.position,
    carrying.wallet,
    draws.customer_no,
    draws.booked_at,
    draws.service_period,
    draws.lot_no,
    draws.repaid_at,
    draws.credits
from {{ ref('int_draws__level_' ~ level) }} as draws
inner join carrying
    on {{ wallet_rank_of('draws.node_no') }} = carrying.wallet_rank
where draws.lot_no is null or draws.repaid_at is not null
{% if not loop.last %}union all{% endif %}
{% endfor %}
