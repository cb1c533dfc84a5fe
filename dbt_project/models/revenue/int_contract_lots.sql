-- One row per lot whose price a contract bills in parts: what the contract still has to bill begins with it.
--
-- A lot of a payment is billed already. Money that can be asked back is not netted with what is not billed (ASC
-- 606-10-45-1 to 5 are about what was promised for good), so such a lot is no part of a contract; a check lists it.

select
    contracts.contract_id,
    lots.lot_no,
    lots.lot_id,
    lots.customer_id,
    lots.wallet,
    lots.currency,
    lots.functional_minor_units,
    lots.booked_period,
    lots.consideration,
    lots.functional_consideration
from {{ ref('stg_contract_grants') }} as contracts
inner join {{ ref('int_lots') }} as lots
    on
        contracts.grant_id = lots.lot_id
        and lots.origin = 'grant'
where
    lots.payment_id is null
    and lots.consideration > 0
    and lots.liability = 'contract_liability'
