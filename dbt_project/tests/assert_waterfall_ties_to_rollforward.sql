-- Fails where the cohorts' revenue of a period, or what they still carry, differs from the roll-forward.

with

cohorts as (
    select
        wallet,
        currency,
        recognized_period as period,
        sum(amount) as amount,
        sum(remaining) as remaining
    from {{ ref('deferred_revenue_waterfall') }}
    group by wallet, currency, recognized_period
),

rollforward as (
    select
        wallet,
        currency,
        booked_period as period,
        sum(usage_revenue + prior_period_revenue + breakage_revenue) as amount,
        sum(closing) as remaining
    from {{ ref('liability_rollforward') }}
    group by wallet, currency, booked_period
)

select
    coalesce(cohorts.wallet, rollforward.wallet) as wallet,
    coalesce(cohorts.period, rollforward.period) as period,
    cohorts.amount,
    rollforward.amount as rollforward_amount,
    cohorts.remaining,
    rollforward.remaining as rollforward_remaining
from cohorts
full outer join rollforward
    on
        cohorts.wallet = rollforward.wallet
        and cohorts.currency = rollforward.currency
        and cohorts.period = rollforward.period
where
    coalesce(cohorts.amount, 0) <> coalesce(rollforward.amount, 0)
    or coalesce(cohorts.remaining, 0) <> coalesce(rollforward.remaining, 0)
