-- One row per customer, period, resource, first wallet and currency: what a unit truly cost, and why the spending moved.
--
-- A unit takes credits (the mapping of the card), and a credit costs money (what was paid for those that were used).
-- change is spending less that of the month before, in four parts that sum to it exactly, since each is the
-- difference of two figures in a row: all units of the meter move together (volume), then each by itself (mix), at
-- the old credits a unit and the old money a credit; then the credits (mapping), then the money (credit_price).
-- What is new has no old price, so it is volume where the meter is new and mix where it is not (decision 48).

with

margin as (
    select * from {{ ref('usage_margin') }}
),

periods as (
    select * from {{ ref('stg_periods') }}
),

spent as (
    select
        customer_id,
        booked_period,
        meter,
        properties,
        wallet,
        currency,
        {{ sum_credits('quantity') }} as units,
        {{ sum_credits('credits') }} as credits,
        {{ sum_money('revenue') }} as money
    from margin
    group by customer_id, booked_period, meter, properties, wallet, currency
),

following as (
    select
        spent.customer_id,
        {{ next_period('spent.booked_period') }} as booked_period,
        spent.meter,
        spent.properties,
        spent.wallet,
        spent.currency,
        {{ zero_credits() }} as units,
        {{ zero_credits() }} as credits,
        {{ zero_money() }} as money,
        spent.units as old_units,
        spent.credits as old_credits,
        spent.money as old_money
    from spent
    inner join periods
        on {{ next_period('spent.booked_period') }} = periods.period
),

both_months as (
    select
        customer_id,
        booked_period,
        meter,
        properties,
        wallet,
        currency,
        units,
        credits,
        money,
        {{ zero_credits() }} as old_units,
        {{ zero_credits() }} as old_credits,
        {{ zero_money() }} as old_money
    from spent
    union all
    select * from following
),

paired as (
    select
        customer_id,
        booked_period,
        meter,
        properties,
        wallet,
        currency,
        {{ sum_credits('units') }} as units,
        {{ sum_credits('credits') }} as credits,
        {{ sum_money('money') }} as money,
        {{ sum_credits('old_units') }} as old_units,
        {{ sum_credits('old_credits') }} as old_credits,
        {{ sum_money('old_money') }} as old_money
    from both_months
    group by customer_id, booked_period, meter, properties, wallet, currency
),

totals as (
    select
        *,
        {{ sum_credits('units', 'partition by customer_id, booked_period, meter, currency') }} as all_units,
        {{ sum_credits('old_units', 'partition by customer_id, booked_period, meter, currency') }} as old_all_units
    from paired
),

-- The spending of the month before, walked to this month's: by units of the meter, by units, by credits.
walked as (
    select
        *,
        cast(
            case
                when old_all_units = 0 then money
                else {{ from_billionths(muldiv_round(billionths('old_money'), billionths('all_units'), billionths('old_all_units'))) }}
            end as {{ t_amount() }}) as at_volume,
        cast(
            case
                when old_units = 0 then money
                else {{ from_billionths(muldiv_round(billionths('old_money'), billionths('units'), billionths('old_units'))) }}
            end as {{ t_amount() }}) as at_mix,
        cast(
            case
                when old_credits = 0 then money
                else {{ from_billionths(muldiv_round(billionths('old_money'), billionths('credits'), billionths('old_credits'))) }}
            end as {{ t_amount() }}) as at_mapping
    from totals
)

select
    customer_id,
    booked_period,
    meter,
    properties,
    wallet,
    currency,
    units,
    credits,
    money,
    case when units > 0 then {{ unit_value('credits', 'units') }} end as credits_per_unit,
    case when credits > 0 then {{ unit_value('money', 'credits') }} end as price_per_credit,
    case when units > 0 then {{ unit_value('money', 'units') }} end as price_per_unit,
    old_money as money_before,
    cast(money - old_money as {{ t_money() }}) as change,
    cast(at_volume - old_money as {{ t_amount() }}) as volume,
    cast(at_mix - at_volume as {{ t_amount() }}) as mix,
    cast(at_mapping - at_mix as {{ t_amount() }}) as mapping,
    cast(money - at_mapping as {{ t_amount() }}) as credit_price
from walked
