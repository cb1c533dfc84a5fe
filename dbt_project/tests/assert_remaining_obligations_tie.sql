-- Fails where the time bands do not sum to the obligation, the obligation is not the closing liability and what is
-- netted with contract assets, or less is expected within a year than must be recognised by then, or more than all.

with

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
    coalesce(obligations.booked_period, rollforward.booked_period) as booked_period,
    coalesce(obligations.wallet, rollforward.wallet) as wallet,
    obligations.amount,
    rollforward.closing
from {{ ref('remaining_obligations') }} as obligations
full outer join {{ ref('liability_rollforward') }} as rollforward
    on
        obligations.liability = rollforward.liability
        and obligations.wallet = rollforward.wallet
        and obligations.currency = rollforward.currency
        and obligations.booked_period = rollforward.booked_period
left join netted
    on
        obligations.liability = 'contract_liability'
        and obligations.wallet = netted.wallet
        and obligations.currency = netted.currency
        and obligations.booked_period = netted.period
where
    coalesce(obligations.amount, 0) <> coalesce(rollforward.closing, 0) + coalesce(netted.net, 0)
    or obligations.amount <> obligations.within_12_months + obligations.beyond_12_months + obligations.no_expiry
    or obligations.expected_within_12_months < obligations.within_12_months
    or obligations.expected_within_12_months > obligations.amount
