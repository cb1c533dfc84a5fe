-- One row per posting of a lot that came with a consideration and no payment: a balance brought in.
--
-- Dr migration clearing, Cr the liability: the other side is in the books the balance came from.

with

lots as (
    select * from {{ ref('int_lots') }}
    where origin = 'grant' and consideration > 0
)

select
    'balances brought in' as cause,
    booked_period,
    'migration_clearing' as account_role,
    cast(null as string) as wallet,
    currency,
    consideration as amount,
    functional_consideration as functional_amount
from lots
union all
select
    'balances brought in' as cause,
    booked_period,
    liability as account_role,
    wallet,
    currency,
    -consideration as amount,
    -functional_consideration as functional_amount
from lots
