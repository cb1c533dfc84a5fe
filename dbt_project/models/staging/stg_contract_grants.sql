-- One row per grant the books know that names the contract whose invoices bill it.

select
    grant_id,
    contract_id
from {{ source('feeds', 'grants') }}
where
    contract_id is not null
    and {{ is_known('effective_at', 'received_at') }}
