-- Fails where revenue that was in the balance when the month, quarter or year opened is not what the waterfall says
-- of the cohorts sold before, or more than the wallet held then and was moved into it since; or where contract balances
-- and roll-forward differ.

with

balances as (
    select
        wallet,
        currency,
        booked_period,
        sum(opening) as opening,
        sum(revenue_from_opening) as of_period,
        sum(revenue_from_quarter_opening) as of_quarter,
        sum(revenue_from_year_opening) as of_year,
        sum(opening + additions - revenue - other_reductions) as footed,
        sum(closing) as closing
    from {{ ref('contract_balances') }}
    group by wallet, currency, booked_period
),

-- Each cohort and month of the waterfall counts for every later month of its quarter and year.
cohorts as (
    select
        waterfall.wallet,
        waterfall.currency,
        periods.period as booked_period,
        sum(case
            when waterfall.recognized_period = periods.period and waterfall.cohort < periods.period
                then waterfall.amount
            else 0
        end) as of_period,
        {%- for unit in ['quarter', 'year'] %}
        sum(case
            when
                waterfall.recognized_period >= {{ first_day_of(unit, 'periods.period') }}
                and waterfall.cohort < {{ first_day_of(unit, 'periods.period') }}
                then waterfall.amount
            else 0
        end) as of_{{ unit }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('deferred_revenue_waterfall') }} as waterfall
    inner join {{ ref('stg_periods') }} as periods
        on waterfall.recognized_period <= periods.period
    group by waterfall.wallet, waterfall.currency, periods.period
),

moved_in as (
    select
        lots.wallet,
        lots.currency,
        settlements.booked_period,
        sum(settlements.transfer_addition) as amount
    from {{ ref('int_lot_settlements') }} as settlements
    inner join {{ ref('int_lots') }} as lots
        on settlements.lot_no = lots.lot_no
    group by lots.wallet, lots.currency, settlements.booked_period
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
),

rolled as (
    select
        wallet,
        currency,
        booked_period,
        sum(closing) as closing
    from {{ ref('liability_rollforward') }}
    group by wallet, currency, booked_period
)

select
    rolled.*,
    balances.closing as closing_of_balances,
    balances.footed,
    balances.opening,
    balances.of_period,
    moved_in.amount as moved_in
from rolled
full outer join balances
    on
        rolled.wallet = balances.wallet
        and rolled.currency = balances.currency
        and rolled.booked_period = balances.booked_period
left join cohorts
    on
        rolled.wallet = cohorts.wallet
        and rolled.currency = cohorts.currency
        and rolled.booked_period = cohorts.booked_period
left join moved_in
    on
        rolled.wallet = moved_in.wallet
        and rolled.currency = moved_in.currency
        and rolled.booked_period = moved_in.booked_period
left join netted
    on
        rolled.wallet = netted.wallet
        and rolled.currency = netted.currency
        and rolled.booked_period = netted.period
where
    rolled.closing is distinct from balances.closing
    or balances.footed is distinct from balances.closing
    or balances.of_period > balances.opening + coalesce(moved_in.amount, 0) + coalesce(netted.net_before, 0)
    or coalesce(cohorts.of_period, 0) <> balances.of_period
    or coalesce(cohorts.of_quarter, 0) <> balances.of_quarter
    or coalesce(cohorts.of_year, 0) <> balances.of_year
