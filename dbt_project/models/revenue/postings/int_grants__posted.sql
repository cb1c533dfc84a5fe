-- One row per posting of a lot that came with a consideration and no payment: a balance brought in.
--
-- Dr migration clearing, Cr the liability: the other side is in the books the balance came from. What a payment
-- the books know was received for is posted with it.

with

lots as (
    select lots.*
    from {{ ref('int_lots') }} as lots
    left join {{ ref('stg_payments') }} as payments
        on
            lots.payment_id = payments.payment_id
            and payments.kind = 'payment'
    where
        lots.origin = 'grant'
        and lots.consideration > 0
        and payments.payment_id is null
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
