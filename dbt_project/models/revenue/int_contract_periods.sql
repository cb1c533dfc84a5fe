-- One row per contract and period from its first grant or invoice on: its price, what is billed and what is not.
--
-- All to date. unbilled is owed by the customer without being due: a contract asset, as far as it is earned.

with

periods as (
    select * from {{ ref('stg_periods') }}
),

movements as (
    select
        contract_id,
        customer_id,
        currency,
        booked_period,
        consideration as sold,
        {{ zero_money() }} as billed
    from {{ ref('int_contract_lots') }}
    union all
    select
        contract_id,
        customer_id,
        currency,
        booked_period,
        {{ zero_money() }} as sold,
        net_amount as billed
    from {{ ref('int_contract_billings') }}
),

spans as (
    select
        contract_id,
        customer_id,
        currency,
        min(booked_period) as first_period
    from movements
    group by contract_id, customer_id, currency
),

filled as (
    select
        spans.contract_id,
        spans.customer_id,
        spans.currency,
        periods.period as booked_period,
        {{ sum_money('movements.sold') }} as sold,
        {{ sum_money('movements.billed') }} as billed
    from spans
    inner join periods
        on spans.first_period <= periods.period
    left join movements
        on
            spans.contract_id = movements.contract_id
            and spans.customer_id = movements.customer_id
            and spans.currency = movements.currency
            and periods.period = movements.booked_period
    group by spans.contract_id, spans.customer_id, spans.currency, periods.period
)

{% set so_far = 'partition by contract_id, customer_id, currency order by booked_period rows unbounded preceding' -%}
select
    contract_id,
    customer_id,
    currency,
    booked_period,
    {{ sum_money('sold', so_far) }} as sold,
    {{ sum_money('billed', so_far) }} as billed,
    {{ sum_money('sold - billed', so_far) }} as unbilled
from filled
