-- One row per cohort (period of purchase, also of what was transferred since), wallet, currency and period of recognition.
--
-- Rows of a cohort sum to what it was sold for, less refunds and what is owed to states, and what moved
-- to (or came from) another wallet; sold and transferred are to date; remaining is what the
-- cohort still carries at the end of the row's period. breakage_amount is the part of amount that was never used.

with

settlements as (
    select * from {{ ref('int_lot_settlements') }}
),

lots as (
    select * from {{ ref('int_lot_values') }}
),

periods as (
    select * from {{ ref('stg_periods') }}
),

movements as (
    select
        lots.sold_period as cohort,
        lots.wallet,
        lots.currency,
        settlements.booked_period as recognized_period,
        {{ sum_money('settlements.usage_revenue + settlements.prior_period_revenue + settlements.breakage_revenue') }} as amount,
        {{ sum_money('settlements.breakage_revenue') }} as breakage_amount,
        {{ sum_money('settlements.escheat_release') }} as escheated,
        {{ sum_money('settlements.refund_release') }} as refunded,
        {{ sum_money('settlements.transfer_addition - settlements.transfer_release') }} as transferred,
        {{ sum_money('settlements.addition') }} as sold
    from settlements
    inner join lots
        on settlements.lot_no = lots.lot_no
    where lots.consideration <> 0
    group by lots.sold_period, lots.wallet, lots.currency, settlements.booked_period
),

cohorts as (
    select
        cohort,
        wallet,
        currency
    from movements
    group by cohort, wallet, currency
),

filled as (
    select
        cohorts.cohort,
        cohorts.wallet,
        cohorts.currency,
        periods.period as recognized_period,
        {% for column in ['amount', 'breakage_amount', 'escheated', 'refunded', 'transferred', 'sold'] -%}
        coalesce(movements.{{ column }}, {{ zero_money() }}) as {{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from cohorts
    inner join periods
        on cohorts.cohort <= periods.period
    left join movements
        on
            cohorts.cohort = movements.cohort
            and cohorts.wallet = movements.wallet
            and cohorts.currency = movements.currency
            and periods.period = movements.recognized_period
)

select
    cohort,
    wallet,
    currency,
    recognized_period,
    {{ sum_money('sold', 'partition by cohort, wallet, currency order by recognized_period rows unbounded preceding') }} as sold,
    amount,
    breakage_amount,
    escheated,
    refunded,
    {{ sum_money('transferred', 'partition by cohort, wallet, currency order by recognized_period rows unbounded preceding') }}
    as transferred,
    {{ sum_money(
        'sold - amount - escheated - refunded + transferred',
        'partition by cohort, wallet, currency order by recognized_period rows unbounded preceding') }} as remaining
from filled
