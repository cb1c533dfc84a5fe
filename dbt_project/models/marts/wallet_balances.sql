-- One row per pool, wallet and booked period from its first lot or overdraft: credits, movements signed.
--
-- unreleased is the part of the closing balance that can be used only later: a year's credits that come month
-- by month are granted, and deferred, with the year.

with

movements as (
    select
        lots.pool_id as customer_id,
        lots.wallet,
        movements.booked_period,
        {{ sum_credits('movements.granted') }} as granted,
        {{ sum_credits('-movements.drawn - movements.drawn_late') }} as drawn,
        {{ sum_credits('-movements.lapsed') }} as expired,
        {{ sum_credits('-movements.voided - movements.refunded') }} as voided,
        {{ sum_credits('movements.transferred_in - movements.transferred_out') }} as transferred
    from {{ ref('int_lot_movements') }} as movements
    inner join {{ ref('int_lots') }} as lots
        on movements.lot_no = lots.lot_no
    group by lots.pool_id, lots.wallet, movements.booked_period
),

-- Owed from when it was served until a later lot repaid it.
debts as (
    select
        customers.pool_id as customer_id,
        overdrafts.wallet,
        {{ period_of('overdrafts.booked_at') }} as booked_period,
        overdrafts.credits
    from {{ ref('int_overdrafts') }} as overdrafts
    inner join {{ ref('stg_customers') }} as customers
        on overdrafts.customer_no = customers.customer_no
    union all
    select
        customers.pool_id as customer_id,
        overdrafts.wallet,
        {{ period_of('overdrafts.repaid_at') }} as booked_period,
        cast(-overdrafts.credits as {{ t_credits() }}) as credits
    from {{ ref('int_overdrafts') }} as overdrafts
    inner join {{ ref('stg_customers') }} as customers
        on overdrafts.customer_no = customers.customer_no
    where overdrafts.repaid_at is not null
),

owed as (
    select
        customer_id,
        wallet,
        booked_period,
        {{ sum_credits('credits') }} as owed
    from debts
    group by customer_id, wallet, booked_period
),

-- Few lots start in a later period than the one they are booked in: what they hold until then.
later_lots as (
    select
        lot_no,
        pool_id as customer_id,
        wallet,
        credits,
        booked_period,
        {{ period_of('usable_from') }} as released_period
    from {{ ref('int_lots') }}
    where {{ period_of('usable_from') }} > booked_period
),

lost_before as (
    select
        later_lots.lot_no,
        later_lots.customer_id,
        later_lots.wallet,
        later_lots.released_period,
        losses.booked_period,
        losses.credits
    from {{ ref('int_lot_losses') }} as losses
    inner join later_lots
        on
            losses.lot_no = later_lots.lot_no
            and losses.booked_period < later_lots.released_period
),

waiting as (
    select
        customer_id,
        wallet,
        booked_period,
        credits
    from later_lots
    union all
    select
        customer_id,
        wallet,
        released_period as booked_period,
        -credits as credits
    from later_lots
    union all
    select
        customer_id,
        wallet,
        booked_period,
        -credits as credits
    from lost_before
    union all
    select
        customer_id,
        wallet,
        released_period as booked_period,
        credits
    from lost_before
),

waited as (
    select
        customer_id,
        wallet,
        booked_period,
        {{ sum_credits('credits') }} as unreleased
    from waiting
    group by customer_id, wallet, booked_period
),

first_periods as (
    select
        customer_id,
        wallet,
        min(booked_period) as first_period
    from (
        select
            customer_id,
            wallet,
            booked_period
        from movements
        union all
        select
            customer_id,
            wallet,
            booked_period
        from owed
    ) as moved
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
        {% for column in ['granted', 'drawn', 'expired', 'voided', 'transferred'] -%}
        coalesce(movements.{{ column }}, {{ zero_credits() }}) as {{ column }},
        {% endfor -%}
        coalesce(owed.owed, {{ zero_credits() }}) as owed,
        coalesce(waited.unreleased, {{ zero_credits() }}) as unreleased
    from grid
    left join owed
        on
            grid.customer_id = owed.customer_id
            and grid.wallet = owed.wallet
            and grid.booked_period = owed.booked_period
    left join movements
        on
            grid.customer_id = movements.customer_id
            and grid.wallet = movements.wallet
            and grid.booked_period = movements.booked_period
    left join waited
        on
            grid.customer_id = waited.customer_id
            and grid.wallet = waited.wallet
            and grid.booked_period = waited.booked_period
),

running as (
    select
        *,
        {{ sum_credits(
            'granted + drawn + expired + voided + transferred',
            'partition by customer_id, wallet order by booked_period rows unbounded preceding') }} as closing,
        {{ sum_credits('owed', 'partition by customer_id, wallet order by booked_period rows unbounded preceding') }} as overdrawn,
        {{ sum_credits(
            'unreleased',
            'partition by customer_id, wallet order by booked_period rows unbounded preceding') }} as still_unreleased
    from filled
)

select
    customer_id,
    wallet,
    booked_period,
    cast(closing - granted - drawn - expired - voided - transferred as {{ t_credits() }}) as opening,
    granted,
    drawn,
    expired,
    voided,
    transferred,
    closing,
    overdrawn,
    still_unreleased as unreleased
from running
