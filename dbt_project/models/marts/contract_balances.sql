-- One row per entity, liability, wallet, currency and period: balances, what revenue was in them, current or not.
--
-- revenue_from_opening is revenue of lots that existed when the period opened, each lot for itself; the same for
-- the calendar quarter and year to date, of lots that existed when those opened (ASC 606-10-50-8(b), IFRS
-- 15.116(b)). current_portion is expected to be recognised within twelve months, or must be by contract where the
-- policy says so; money that can be asked back is current whole (decision 25). What of the opening obligation was
-- netted with contract assets stands in netted_at_opening: revenue_from_opening counts it in (decision 40).

with

rollforward as (
    select * from {{ ref('liability_rollforward') }}
),

obligations as (
    select * from {{ ref('remaining_obligations') }}
),

settlements as (
    select * from {{ ref('int_lot_settlements') }}
),

lots as (
    select * from {{ ref('int_lots') }}
),

periods as (
    select
        *,
        least(ends_at, {{ as_of() }}) as judged_at,
        {{ first_day_of('quarter', 'period') }} as quarter,
        {{ first_day_of('year', 'period') }} as year
    from {{ ref('stg_periods') }}
),

policies as (
    select * from {{ ref('stg_policy_windows') }}
    where topic = 'current_portion'
),

recognised as (
    select
        settlements.liability,
        lots.wallet,
        lots.currency,
        settlements.booked_period,
        lots.sold_period as cohort,
        settlements.usage_revenue + settlements.prior_period_revenue + settlements.breakage_revenue as revenue
    from settlements
    inner join lots
        on settlements.lot_no = lots.lot_no
),

of_opening as (
    select
        recognised.liability,
        recognised.wallet,
        recognised.currency,
        recognised.booked_period,
        {{ sum_money('case when recognised.cohort < recognised.booked_period then recognised.revenue end') }} as of_period,
        {{ sum_money('case when recognised.cohort < periods.quarter then recognised.revenue end') }} as of_quarter,
        {{ sum_money('case when recognised.cohort < periods.year then recognised.revenue end') }} as of_year
    from recognised
    inner join periods
        on recognised.booked_period = periods.period
    group by recognised.liability, recognised.wallet, recognised.currency, recognised.booked_period
),

netted as (
    select
        lots.wallet,
        lots.currency,
        nets.booked_period,
        {{ sum_money('nets.net - nets.moved') }} as at_opening
    from {{ ref('int_contract_nets') }} as nets
    inner join {{ ref('int_contract_lots') }} as lots
        on nets.lot_no = lots.lot_no
    group by lots.wallet, lots.currency, nets.booked_period
),

joined as (
    select
        rollforward.*,
        periods.quarter,
        periods.year,
        coalesce(netted.at_opening, {{ zero_money() }}) as netted_at_opening,
        {% for column in ['of_period', 'of_quarter', 'of_year'] -%}
        coalesce(of_opening.{{ column }}, {{ zero_money() }}) as {{ column }},
        {% endfor -%}
        case
            when rollforward.liability <> 'contract_liability' then rollforward.closing
            when policies.method = 'contractual'
                then least(rollforward.closing, coalesce(obligations.within_12_months, {{ zero_money() }}))
            else least(rollforward.closing, coalesce(obligations.expected_within_12_months, {{ zero_money() }}))
        end as current_portion
    from rollforward
    inner join periods
        on rollforward.booked_period = periods.period
    left join of_opening
        on
            rollforward.liability = of_opening.liability
            and rollforward.wallet = of_opening.wallet
            and rollforward.currency = of_opening.currency
            and rollforward.booked_period = of_opening.booked_period
    left join netted
        on
            rollforward.liability = 'contract_liability'
            and rollforward.wallet = netted.wallet
            and rollforward.currency = netted.currency
            and rollforward.booked_period = netted.booked_period
    left join obligations
        on
            rollforward.liability = obligations.liability
            and rollforward.wallet = obligations.wallet
            and rollforward.currency = obligations.currency
            and rollforward.booked_period = obligations.booked_period
    left join policies
        on
            rollforward.booked_period = policies.period
            and periods.judged_at > policies.in_force_from
            and periods.judged_at <= policies.in_force_to
)

select
    entity,
    liability,
    wallet,
    currency,
    booked_period,
    opening,
    additions,
    cast(usage_revenue + prior_period_revenue + breakage_revenue as {{ t_money() }}) as revenue,
    of_period as revenue_from_opening,
    {% for unit in ['quarter', 'year'] -%}
    {{ sum_money(
        'of_' ~ unit,
        'partition by liability, wallet, currency, ' ~ unit ~ ' order by booked_period rows unbounded preceding') }}
    as revenue_from_{{ unit }}_opening,
    {% endfor -%}
    cast(refunded + escheated - transferred - fx as {{ t_money() }}) as other_reductions,
    closing,
    current_portion,
    cast(closing - current_portion as {{ t_money() }}) as non_current_portion,
    netted_at_opening
from joined
