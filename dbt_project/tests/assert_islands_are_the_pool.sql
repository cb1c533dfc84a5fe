-- Fails for a pool, wallet and period whose islands are not together what the wallet could pay, whose members did not
-- draw together what the wallet paid, or where more or less is stranded than both was left and was lacking.

with

islands as (
    select
        pool_id,
        wallet,
        booked_period,
        sum(island_credits) as island_credits,
        sum(drawn_credits) as drawn_credits,
        sum(stranded_credits) as stranded_credits,
        least(sum(lacking_credits), sum(remaining_credits)) as expected_stranded,
        max(members) - count(*) as members_left_out
    from {{ ref('stranded_credits') }}
    group by pool_id, wallet, booked_period
)

select
    islands.*,
    balances.closing,
    balances.drawn,
    balances.expired
from islands
left join {{ ref('wallet_balances') }} as balances
    on
        islands.pool_id = balances.customer_id
        and islands.wallet = balances.wallet
        and islands.booked_period = balances.booked_period
where
    islands.island_credits is distinct from balances.closing - balances.drawn - balances.expired
    or islands.drawn_credits is distinct from -balances.drawn
    or islands.stranded_credits is distinct from islands.expected_stranded
    or islands.members_left_out <> 0
