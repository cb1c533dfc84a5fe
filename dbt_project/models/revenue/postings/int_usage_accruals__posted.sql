-- One row per posting of usage that is thought to be late: accrued in its month, reversed in the next.
--
-- Dr accrued usage, Cr accrued usage revenue, apart from what was metered; the next month turns it around.

with

accruals as (
    select * from {{ ref('int_usage_accruals') }}
),

periods as (
    select * from {{ ref('stg_periods') }}
),

entries as (
    select
        'usage accrued' as cause,
        booked_period,
        wallet,
        currency,
        accrued as amount,
        accrued_functional as functional_amount
    from accruals
    union all
    select
        'usage accrual reversed' as cause,
        periods.period as booked_period,
        accruals.wallet,
        accruals.currency,
        -accruals.accrued as amount,
        -accruals.accrued_functional as functional_amount
    from accruals
    inner join periods
        on {{ next_period('accruals.booked_period') }} = periods.period
)

select
    cause,
    booked_period,
    'accrued_usage' as account_role,
    wallet,
    currency,
    amount,
    functional_amount
from entries
union all
select
    cause,
    booked_period,
    'accrued_usage_revenue' as account_role,
    wallet,
    currency,
    -amount as amount,
    -functional_amount as functional_amount
from entries
