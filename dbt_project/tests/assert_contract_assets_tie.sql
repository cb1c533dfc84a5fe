-- Fails for a currency and period in which the account of contract assets differs from what contracts have not billed
-- less what is netted, or a contract is asset and liability at once.

with

periods as (
    select * from {{ ref('stg_periods') }}
),

contracts as (
    select
        booked_period as period,
        currency,
        sum(unbilled) as unbilled
    from {{ ref('int_contract_periods') }}
    group by booked_period, currency
),

netted as (
    select
        lots.contract_id,
        lots.currency,
        nets.booked_period as period,
        sum(nets.net) as net
    from {{ ref('int_contract_nets') }} as nets
    inner join {{ ref('int_contract_lots') }} as lots
        on nets.lot_no = lots.lot_no
    group by lots.contract_id, lots.currency, nets.booked_period
),

netted_in_all as (
    select
        currency,
        period,
        sum(net) as net
    from netted
    group by currency, period
),

posted as (
    select
        periods.period,
        postings.currency,
        sum(postings.amount) as amount
    from {{ ref('int_postings') }} as postings
    inner join periods
        on postings.booked_period <= periods.period
    where postings.account_role = 'contract_asset'
    group by periods.period, postings.currency
),

liabilities as (
    select
        lots.contract_id,
        schedule.currency,
        schedule.booked_period as period,
        sum(schedule.closing) as closing
    from {{ ref('deferred_revenue_schedule') }} as schedule
    inner join {{ ref('int_contract_lots') }} as lots
        on schedule.lot_id = lots.lot_id
    group by lots.contract_id, schedule.currency, schedule.booked_period
)

select
    coalesce(contracts.currency, posted.currency) as subject,
    coalesce(contracts.period, posted.period) as period,
    coalesce(posted.amount, 0) as posted,
    coalesce(contracts.unbilled, 0) - coalesce(netted_in_all.net, 0) as expected
from contracts
full outer join posted
    on
        contracts.currency = posted.currency
        and contracts.period = posted.period
left join netted_in_all
    on
        contracts.currency = netted_in_all.currency
        and contracts.period = netted_in_all.period
where coalesce(posted.amount, 0) <> coalesce(contracts.unbilled, 0) - coalesce(netted_in_all.net, 0)
union all
select
    liabilities.contract_id as subject,
    liabilities.period,
    liabilities.closing as posted,
    contracts.unbilled - coalesce(netted.net, 0) as expected
from liabilities
inner join {{ ref('int_contract_periods') }} as contracts
    on
        liabilities.contract_id = contracts.contract_id
        and liabilities.currency = contracts.currency
        and liabilities.period = contracts.booked_period
left join netted
    on
        liabilities.contract_id = netted.contract_id
        and liabilities.currency = netted.currency
        and liabilities.period = netted.period
where
    liabilities.closing < 0
    or (liabilities.closing > 0 and contracts.unbilled - coalesce(netted.net, 0) > 0)
