-- One row per posting of credits that moved to another wallet or customer: the liability moves along.
--
-- Dr the liability of the wallet they leave, Cr the one they arrive in; no revenue (decision 17).

with

moved as (
    select
        lots.wallet,
        settlements.liability,
        lots.currency,
        settlements.booked_period,
        {{ sum_money('settlements.transfer_release - settlements.transfer_addition') }} as amount,
        {{ sum_money('settlements.transfer_release_functional - settlements.transfer_addition_functional') }} as functional_amount
    from {{ ref('int_lot_settlements') }} as settlements
    inner join {{ ref('int_lots') }} as lots
        on settlements.lot_no = lots.lot_no
    group by lots.wallet, settlements.liability, lots.currency, settlements.booked_period
)

select
    'transfers' as cause,
    booked_period,
    liability as account_role,
    wallet,
    currency,
    amount,
    functional_amount
from moved
