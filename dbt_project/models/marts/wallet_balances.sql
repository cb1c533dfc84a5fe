-- One row per pool, wallet and booked period from its first lot: credits, movements signed.

with

movements as (
    select
        lots.pool_id as customer_id,
        lots.wallet,
        movements.booked_period,
        {{ sum_credits('movements.granted') }} as granted,
        {{ sum_credits('-movements.drawn - movements.drawn_late') }} as drawn,
        {{ sum_credits('-movements.lapsed') }} as expired,
        {{ sum_credits('-movements.voided - movements.refunded') }} as voided
    from {{ ref('int_lot_movements') }} as movements
    inner join {{ ref('int_lots') }} as lots
        on movements.lot_no = lots.lot_no
    group by lots.pool_id, lots.wallet, movements.booked_period
),

first_periods as (
    select
        customer_id,
        wallet,
        min(booked_period) as first_period
    from movements
    group by customer_id, wallet
),

grid as (
    select
        first_periods.customer_id,
        first_periods.wallet,
        periods.period as booked_period
    from first_periods
    inner join {{ ref('stg_periods') }} as periods
        on first_periods.first_period <= periods.period
),

filled as (
    select
        grid.customer_id,
        grid.wallet,
        grid.booked_period,
        {% for column in ['granted', 'drawn', 'expired', 'voided'] -%}
        coalesce(movements.{{ column }}, {{ zero_credits() }}) as {{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from grid
    left join movements
        on
            grid.customer_id = movements.customer_id
            and grid.wallet = movements.wallet
            and grid.booked_period = movements.booked_period
),

running as (
    select
        *,
        {{ sum_credits(
            'granted + drawn + expired + voided',
            'partition by customer_id, wallet order by booked_period rows unbounded preceding') }} as closing
    from filled
)

select
    customer_id,
    wallet,
    booked_period,
    cast(closing - granted - drawn - expired - voided as {{ t_credits() }}) as opening,
    granted,
    drawn,
    expired,
    voided,
    {{ zero_credits() }} as transferred,
    closing
from running
