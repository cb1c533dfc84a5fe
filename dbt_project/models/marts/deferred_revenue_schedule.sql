-- One row per lot with a consideration and booked period, until it is empty: what was deferred, what was earned.
--
-- closing = opening + additions - usage_revenue - prior_period_revenue - breakage_revenue - escheated
--           - refunded + transferred + fx. Revenue columns are positive; breakage is negative where an
-- estimate took some back.
{{ config(materialized='view') }}

select
    lots.lot_id,
    lots.customer_id,
    lots.wallet,
    periods.booked_period,
    lots.currency,
    lots.liability,
    {%- for suffix in ['', '_functional'] %}
    periods.opening{{ suffix }},
    periods.addition{{ suffix }} as additions{{ suffix }},
    periods.usage_revenue{{ suffix }},
    periods.breakage_revenue{{ suffix }},
    periods.prior_period_revenue{{ suffix }},
    periods.escheat_release{{ suffix }} as escheated{{ suffix }},
    periods.refund_release{{ suffix }} as refunded{{ suffix }},
    cast(periods.transfer_addition{{ suffix }} - periods.transfer_release{{ suffix }} as {{ t_money() }}) as transferred{{ suffix }},
    {{ zero_money() }} as fx{{ suffix }},
    periods.closing{{ suffix }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref('int_lot_periods') }} as periods
inner join {{ ref('int_lot_values') }} as lots
    on periods.lot_no = lots.lot_no
where lots.consideration <> 0
