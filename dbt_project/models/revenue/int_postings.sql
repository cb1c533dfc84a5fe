-- One row per cause, period, account role, wallet and currency: the sum of what was posted there.
-- amount is signed: debits positive, credits negative.

select * from {{ ref('int_postings__transacted') }}
union all
select * from {{ ref('int_remeasurements__posted') }}
