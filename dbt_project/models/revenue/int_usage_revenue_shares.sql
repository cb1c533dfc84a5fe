-- One row per lot, booked and service period, customer and property set: its share of the lot's revenue.
--
-- A lot's revenue of a period is one figure (int_lot_settlements); its draws share it by credits, as
-- differences of rounded running totals, so disaggregation adds up to the ledger to the minor unit. What time
-- earns is shared likewise by the draws of the period, as far as there are any.

with

lot_usage as (
    select * from {{ ref('int_lot_usage') }}
),

settlements as (
    select * from {{ ref('int_lot_settlements') }}
),

lots as (
    select * from {{ ref('int_lots') }}
),

customers as (
    select * from {{ ref('stg_customers') }}
    where customer_no is not null
),

property_sets as (
    select * from {{ ref('stg_property_sets') }}
),

keyed as (
    select
        lot_usage.lot_no,
        lot_usage.booked_period,
        lot_usage.service_period,
        lot_usage.service_period <> lot_usage.booked_period as is_late,
        lot_usage.property_set_no,
        customers.customer_id,
        lot_usage.credits,
        lot_usage.draws,
        customers.sort_no as customer_sort,
        property_sets.sort_no as property_sort,
        lots.currency,
        lots.minor_units,
        lots.wallet,
        case
            when lot_usage.service_period <> lot_usage.booked_period then settlements.prior_period_revenue
            else settlements.usage_revenue
        end as lot_revenue
    from lot_usage
    inner join settlements
        on
            lot_usage.lot_no = settlements.lot_no
            and lot_usage.booked_period = settlements.booked_period
    inner join lots
        on lot_usage.lot_no = lots.lot_no
    inner join customers
        on lot_usage.customer_no = customers.customer_no
    inner join property_sets
        on lot_usage.property_set_no = property_sets.property_set_no
),

running as (
    select
        *,
        {{ sum_credits(
            'credits',
            'partition by lot_no, booked_period, is_late'
            ~ ' order by property_sort, customer_sort, service_period rows unbounded preceding') }} as credits_to,
        {{ sum_credits('credits', 'partition by lot_no, booked_period, is_late') }} as credits_total
    from keyed
)

select
    lot_no,
    booked_period,
    service_period,
    customer_id,
    property_set_no,
    wallet,
    currency,
    credits,
    draws,
    case
        when lot_revenue = 0 then {{ zero_money() }}
        when credits = credits_total then lot_revenue
        else cast(
            {{ settled_to_date('lot_revenue', 'credits_to', 'credits_total', 'minor_units') }}
            - {{ settled_to_date('lot_revenue', 'cast(credits_to - credits as ' ~ t_credits() ~ ')', 'credits_total', 'minor_units') }}
            as {{ t_money() }})
    end as revenue
from running
