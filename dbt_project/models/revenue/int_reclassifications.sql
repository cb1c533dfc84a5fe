-- One row per lot whose money could be asked back when a period began and not when it ended: what becomes a contract
-- liability.
--
-- What moved the lot within that period, moved it before: the books have no instant between two month ends. Money
-- that can be asked back takes no estimate of breakage, so what is released of it only grows.

with

rights as (
    select * from {{ ref('int_refund_rights') }}
),

settlements as (
    select * from {{ ref('int_lot_settlements') }}
),

lots as (
    select * from {{ ref('int_lot_values') }}
),

released as (
    select
        rights.lot_no,
        rights.ended_period,
        max(settlements.released_to_date) as released_to_date,
        max(settlements.released_to_date_functional) as released_to_date_functional
    from rights
    inner join settlements
        on
            rights.lot_no = settlements.lot_no
            and rights.ended_period >= settlements.booked_period
    group by rights.lot_no, rights.ended_period
)

select
    released.lot_no,
    released.ended_period as booked_period,
    lots.wallet,
    lots.currency,
    lots.liability as from_liability,
    'contract_liability' as to_liability,
    cast(lots.consideration - released.released_to_date as {{ t_money() }}) as amount,
    cast(lots.functional_consideration - released.released_to_date_functional as {{ t_money() }}) as amount_functional
from released
inner join lots
    on released.lot_no = lots.lot_no
where
    lots.consideration <> released.released_to_date
    or lots.functional_consideration <> released.released_to_date_functional
