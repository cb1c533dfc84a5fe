-- Fails where revenue that was in the balance when the month, quarter or year opened is not what the waterfall says
-- of the cohorts sold before; or where contract balances and roll-forward differ.

with

balances as (
    select
        wallet,
        currency,
        booked_period,
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
    balances.footed
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
where
    rolled.closing is distinct from balances.closing
    or balances.footed is distinct from balances.closing
    or coalesce(cohorts.of_period, 0) <> balances.of_period
    or coalesce(cohorts.of_quarter, 0) <> balances.of_quarter
    or coalesce(cohorts.of_year, 0) <> balances.of_year
