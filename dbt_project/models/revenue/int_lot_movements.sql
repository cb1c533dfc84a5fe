-- One row per lot and booked period in which it moved: credits by cause, all positive.

with

movements as (
    select
        lots.lot_no,
        lots.booked_period,
        case when lots.transferred_from is null then grants.credits else {{ zero_credits() }} end as granted,
        case when lots.transferred_from is null then {{ zero_credits() }} else grants.credits end as transferred_in,
        {{ zero_credits() }} as drawn,
        {{ zero_credits() }} as drawn_late,
        {{ zero_credits() }} as lapsed,
        {{ zero_credits() }} as voided,
        {{ zero_credits() }} as refunded,
        {{ zero_credits() }} as transferred_out
    from {{ ref('int_lots') }} as lots
    inner join {{ ref('int_lot_grants') }} as grants
        on lots.lot_no = grants.lot_no
    union all
    select
        lot_no,
        booked_period,
        {{ zero_credits() }} as granted,
        {{ zero_credits() }} as transferred_in,
        case when service_period = booked_period then credits else {{ zero_credits() }} end as drawn,
        case when service_period = booked_period then {{ zero_credits() }} else credits end as drawn_late,
        {{ zero_credits() }} as lapsed,
        {{ zero_credits() }} as voided,
        {{ zero_credits() }} as refunded,
        {{ zero_credits() }} as transferred_out
    from {{ ref('int_lot_usage') }}
    union all
    select
        lot_no,
        booked_period,
        {{ zero_credits() }} as granted,
        {{ zero_credits() }} as transferred_in,
        {{ zero_credits() }} as drawn,
        {{ zero_credits() }} as drawn_late,
        case when cause = 'expire' then credits else {{ zero_credits() }} end as lapsed,
        case when cause = 'void' then credits else {{ zero_credits() }} end as voided,
        case when cause = 'refund' then credits else {{ zero_credits() }} end as refunded,
        case when cause = 'transfer' then credits else {{ zero_credits() }} end as transferred_out
    from {{ ref('int_lot_losses') }}
)

select
    lot_no,
    booked_period,
    {{ sum_credits('granted') }} as granted,
    {{ sum_credits('transferred_in') }} as transferred_in,
    {{ sum_credits('drawn') }} as drawn,
    {{ sum_credits('drawn_late') }} as drawn_late,
    {{ sum_credits('lapsed') }} as lapsed,
    {{ sum_credits('voided') }} as voided,
    {{ sum_credits('refunded') }} as refunded,
    {{ sum_credits('transferred_out') }} as transferred_out
from movements
group by lot_no, booked_period
