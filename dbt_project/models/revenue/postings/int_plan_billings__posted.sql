-- One row per posting of a plan's price: Dr accounts receivable, Cr the liability of the period's lots.
--
-- A plan bills in advance whether or not the cash has come (CONTRACT 2).

with

lots as (
    select * from {{ ref('int_lots') }}
    where origin = 'subscription' and consideration > 0
)

select
    'plan billings' as cause,
    booked_period,
    'accounts_receivable' as account_role,
    cast(null as string) as wallet,
    currency,
    consideration as amount,
    functional_consideration as functional_amount
from lots
union all
select
    'plan billings' as cause,
    booked_period,
    liability as account_role,
    wallet,
    currency,
    -consideration as amount,
    -functional_consideration as functional_amount
from lots
