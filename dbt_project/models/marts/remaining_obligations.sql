-- One row per period, liability, wallet and currency: the liability by when it will be recognised at the latest.
--
-- within_12_months is what must be used, expires or is earned by time within twelve months of the period's end;
-- no_expiry has no contractual end. The three sum to the closing liability. The end is that of the phase the lot is
-- in as the period ends, the first one of a lot not yet released: credits that have rolled over count until then,
-- credits that still may until they must.
-- expected_within_12_months goes by the revenue of the last twelve months (twelve times its average month where
-- the books are younger): at least what must be recognised by then, at most all (decision 25).

with

balances as (
    select * from {{ ref('int_lot_periods') }}
    where closing <> 0
),

lots as (
    select * from {{ ref('int_lots') }}
),

ratable as (
    select * from {{ ref('int_ratable_lots') }}
),

periods as (
    select
        *,
        least(ends_at, {{ as_of() }}) as counted_to,
        {{ add_calendar('ends_at', '12', "'month'") }} as a_year_on
    from {{ ref('stg_periods') }}
),

phases as (
    select * from {{ ref('int_lot_phases') }}
),

-- What time has earned of a ratable lot, and will have in twelve months.
timed as (
    select
        balances.booked_period,
        balances.closing,
        case when balances.booked_period >= rights.ended_period then 'contract_liability' else lots.liability end as liability,
        lots.wallet,
        lots.currency,
        lots.minor_units,
        phases.expires_at,
        periods.a_year_on,
        cast(ratable.minor_consideration as {{ t_credits() }}) as minor_consideration,
        {% for name, moment in [('earned', 'periods.counted_to'), ('earned_a_year_on', 'periods.a_year_on')] -%}
        cast(case when ratable.lot_no is not null then {{ earned_over_time(
            'ratable.minor_consideration',
            parts_begun('ratable', moment),
            'ratable.part_total',
            'ratable.part_den',
            months_begun('ratable', moment),
            'ratable.months_total') }} end as {{ t_credits() }}) as {{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from balances
    inner join lots
        on balances.lot_no = lots.lot_no
    inner join periods
        on balances.booked_period = periods.period
    inner join phases
        on
            balances.lot_no = phases.lot_no
            and greatest(periods.counted_to, lots.usable_from) >= phases.usable_from
            and greatest(periods.counted_to, lots.usable_from) < phases.ends_at
    left join {{ ref('int_refund_rights') }} as rights
        on balances.lot_no = rights.lot_no
    left join ratable
        on balances.lot_no = ratable.lot_no
),

banded as (
    select
        *,
        case
            when minor_consideration is not null then {{ settled_to_date(
                'closing', 'earned_a_year_on - earned', 'minor_consideration - earned', 'minor_units') }}
            when expires_at <= a_year_on then closing
            else {{ zero_money() }}
        end as within_12_months
    from timed
),

summed as (
    select
        booked_period,
        liability,
        wallet,
        currency,
        minor_units,
        {{ sum_money('closing') }} as amount,
        {{ sum_money('within_12_months') }} as within_12_months,
        {{ sum_money('case when expires_at is not null then closing - within_12_months end') }} as beyond_12_months,
        {{ sum_money('case when expires_at is null then closing end') }} as no_expiry,
        max(expires_at) as latest_expiry
    from banded
    group by booked_period, liability, wallet, currency, minor_units
),

{% set a_year = 'partition by liability, wallet, currency order by booked_period rows between 11 preceding and current row' -%}
burnt as (
    select
        booked_period,
        liability,
        wallet,
        currency,
        greatest(
            {{ zero_money() }},
            {{ sum_money('usage_revenue + prior_period_revenue + breakage_revenue', a_year) }}
        ) as recognised,
        cast(count(*) over ({{ a_year }}) as {{ t_credits() }}) as months
    from {{ ref('liability_rollforward') }}
),

expected as (
    select
        summed.*,
        {{ settled_to_date('burnt.recognised', 'cast(1 as ' ~ t_credits() ~ ')', 'burnt.months', 'summed.minor_units') }}
        as burn_per_month,
        {{ settled_to_date('burnt.recognised', 'cast(12 as ' ~ t_credits() ~ ')', 'burnt.months', 'summed.minor_units') }}
        as burn_per_year
    from summed
    inner join burnt
        on
            summed.booked_period = burnt.booked_period
            and summed.liability = burnt.liability
            and summed.wallet = burnt.wallet
            and summed.currency = burnt.currency
)

select
    booked_period,
    liability,
    wallet,
    currency,
    amount,
    within_12_months,
    beyond_12_months,
    no_expiry,
    burn_per_month,
    least(amount, greatest(within_12_months, burn_per_year)) as expected_within_12_months,
    latest_expiry
from expected
