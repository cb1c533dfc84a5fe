-- Fails for a term somebody configured, and these books needed, that the models do not carry out: tiered
-- prices, rollover, pinned cards, dates for existing customers, debt carried by a wallet. Priced or granted
-- as if the term were not there, the books would be wrong without a word.

select
    'rate ' || rates.version || '/' || rates.rate_id as subject,
    'tiers: ' || rates.tiers as term
from {{ source('config', 'rates') }} as rates
where
    rates.tiers is not null
    and exists (select 1 from {{ ref('int_rate_matches') }} as matches where matches.rate_no = rates.rate_no)
union all
select
    'lot ' || lots.lot_id as subject,
    'rollover' as term
from {{ ref('int_lots') }} as lots
inner join {{ source('config', 'offer_grants') }} as grants
    on
        lots.card_version = grants.version
        and lots.offer = grants.offer
        and lots.wallet = grants.wallet
        and lots.kind = grants.kind
where grants.rollover_max is not null
union all
select
    'customer ' || customer_id as subject,
    'pinned card ' || card as term
from {{ source('feeds', 'customers') }}
where card is not null
union all
select
    'card ' || version as subject,
    'existing_customers_from' as term
from {{ source('config', 'rate_card_versions') }}
where existing_customers_from is not null
{% for level in range(var('wallet_levels') | int) %}
union all
select
    'event part at ' || wallets.wallet as subject,
    'overdraft: carry' as term
from {{ ref('int_unpaid__level_' ~ level) }} as unpaid
inner join {{ source('config', 'wallets') }} as wallets
    on unpaid.wallet = wallets.wallet
where wallets.overdraft = 'carry'
{% endfor %}
