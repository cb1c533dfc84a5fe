-- Fails for a liability, wallet and period whose closing is not the sum of its lots' liabilities.

with

of_lots as (
    select
        liability,
        wallet,
        currency,
        booked_period,
        sum(closing) as closing,
        sum(closing_functional) as closing_functional
    from {{ ref('deferred_revenue_schedule') }}
    group by liability, wallet, currency, booked_period
)

select
    rollforward.liability,
    rollforward.wallet,
    rollforward.currency,
    rollforward.booked_period,
    rollforward.closing,
    of_lots.closing as closing_of_lots
from {{ ref('liability_rollforward') }} as rollforward
full outer join of_lots
    on
        rollforward.liability = of_lots.liability
        and rollforward.wallet = of_lots.wallet
        and rollforward.currency = of_lots.currency
        and rollforward.booked_period = of_lots.booked_period
where
    coalesce(rollforward.closing, 0) <> coalesce(of_lots.closing, 0)
    or coalesce(rollforward.closing_functional, 0) <> coalesce(of_lots.closing_functional, 0)
