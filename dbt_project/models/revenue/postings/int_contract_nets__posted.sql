-- One row per posting that nets a contract as a period ends: Dr the liability, Cr contract asset.
--
-- What is neither billed nor earned is neither owed by the customer nor to it; it is turned around as it is billed
-- or earned (decision 40).

with

moved as (
    select
        lots.wallet,
        lots.currency,
        nets.booked_period,
        {{ sum_money('nets.moved') }} as amount,
        {{ sum_money('nets.moved_functional') }} as functional_amount
    from {{ ref('int_contract_nets') }} as nets
    inner join {{ ref('int_contract_lots') }} as lots
        on nets.lot_no = lots.lot_no
    group by lots.wallet, lots.currency, nets.booked_period
)

select
    'contracts netted' as cause,
    booked_period,
    'contract_liability' as account_role,
    wallet,
    currency,
    amount,
    functional_amount
from moved
union all
select
    'contracts netted' as cause,
    booked_period,
    'contract_asset' as account_role,
    cast(null as string) as wallet,
    currency,
    -amount as amount,
    -functional_amount as functional_amount
from moved
