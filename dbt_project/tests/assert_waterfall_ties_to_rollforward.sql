-- Fails where the cohorts' revenue of a period, or what they still carry, differs from the roll-forward,
-- what is netted with contract assets included.

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
),

netted as (
    select
        lots.wallet,
        lots.currency,
        nets.booked_period as period,
        sum(nets.net) as net,
        sum(nets.net - nets.moved) as net_before
    from {{ ref('int_contract_nets') }} as nets
    inner join {{ ref('int_contract_lots') }} as lots
        on nets.lot_no = lots.lot_no
    group by lots.wallet, lots.currency, nets.booked_period
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
left join netted
    on
        cohorts.wallet = netted.wallet
        and cohorts.currency = netted.currency
        and cohorts.period = netted.period
where
    coalesce(cohorts.amount, 0) <> coalesce(rollforward.amount, 0)
    or coalesce(cohorts.remaining, 0) <> coalesce(rollforward.remaining, 0) + coalesce(netted.net, 0)
