-- Fails for a pool, wallet and period whose balance is not the sum of its lots, or is negative.

with

of_lots as (
    select
        pool_id as customer_id,
        wallet,
        booked_period,
        sum(closing) as closing
    from {{ ref('lot_balances') }}
    group by pool_id, wallet, booked_period
)

select
    balances.customer_id,
    balances.wallet,
    balances.booked_period,
    balances.closing,
    of_lots.closing as closing_of_lots
from {{ ref('wallet_balances') }} as balances
full outer join of_lots
    on
        balances.customer_id = of_lots.customer_id
        and balances.wallet = of_lots.wallet
        and balances.booked_period = of_lots.booked_period
where
    coalesce(balances.closing, 0) <> coalesce(of_lots.closing, 0)
    or balances.closing < 0
