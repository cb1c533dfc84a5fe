-- Fails for a lot id that two grants share, for example a grant named like a payment's lot.

select
    lot_id,
    count(*) as lots
from {{ ref('int_lots') }}
group by lot_id
having count(*) > 1
