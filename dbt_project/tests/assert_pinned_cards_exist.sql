-- Fails for a customer pinned to a rate card version that does not exist: nothing prices its usage.

select
    customers.customer_id,
    customers.card
from {{ source('feeds', 'customers') }} as customers
left join {{ source('config', 'rate_card_versions') }} as versions
    on customers.card = versions.version
where
    customers.card is not null
    and versions.version is null
