-- One row per posting of a lot that came with a consideration and no payment: a balance brought in.
--
-- Dr migration clearing, Cr the liability: the other side is in the books the balance came from. What a payment
-- the books know was received for is posted with it. What a contract bills in parts, Dr contract asset, Cr the
-- liability, both whole: they are netted as the period ends.

with

lots as (
    select
        lots.*,
        case when contracts.lot_no is null then 'balances brought in' else 'contracts' end as cause,
        case when contracts.lot_no is null then 'migration_clearing' else 'contract_asset' end as other_role
    from {{ ref('int_lots') }} as lots
    left join {{ ref('stg_payments') }} as payments
        on
            lots.payment_id = payments.payment_id
            and payments.kind = 'payment'
    left join {{ ref('int_contract_lots') }} as contracts
        on lots.lot_no = contracts.lot_no
    where
        lots.origin = 'grant'
        and lots.consideration > 0
        and payments.payment_id is null
)

select
    cause,
    booked_period,
    other_role as account_role,
    cast(null as string) as wallet,
    currency,
    consideration as amount,
    functional_consideration as functional_amount
from lots
union all
select
    cause,
    booked_period,
    liability as account_role,
    wallet,
    currency,
    -consideration as amount,
    -functional_consideration as functional_amount
from lots
