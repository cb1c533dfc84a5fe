-- One row per lot and booked period from its grant until it is empty: credits, movements signed.
{{ config(materialized='view') }}

select
    lots.lot_id,
    lots.customer_id,
    lots.pool_id,
    lots.wallet,
    lots.kind,
    periods.booked_period,
    periods.opening_credits as opening,
    periods.granted,
    cast(-periods.drawn - periods.drawn_late as {{ t_credits() }}) as drawn,
    cast(-periods.lapsed as {{ t_credits() }}) as expired,
    cast(-periods.voided - periods.refunded as {{ t_credits() }}) as voided,
    cast(periods.transferred_in - periods.transferred_out as {{ t_credits() }}) as transferred,
    periods.closing_credits as closing
from {{ ref('int_lot_periods') }} as periods
inner join {{ ref('int_lots') }} as lots
    on periods.lot_no = lots.lot_no
