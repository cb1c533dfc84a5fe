{{ config(materialized='view') }}
-- One row per lot and period from its grant until nothing is left of it (or until the last period): balances.
--
-- The dense twin of int_lot_settlements: months without movement carry the balance. Views in marts show
-- it as lot_balances and as deferred_revenue_schedule.

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

spans as (
    select
        settlements.lot_no,
        min(settlements.booked_period) as first_period,
        max(settlements.booked_period) as last_moved,
        min(settlements.closing_credits) as lowest_credits,
        min(lots.consideration - settlements.released_to_date) as lowest_closing
    from settlements
    inner join lots
        on settlements.lot_no = lots.lot_no
    group by settlements.lot_no
),

grid as (
    select
        spans.lot_no,
        periods.period
    from spans
    inner join periods
        on
            spans.first_period <= periods.period
            and (spans.lowest_credits > 0 or spans.lowest_closing > 0 or spans.last_moved >= periods.period)
),

filled as (
    select
        grid.lot_no,
        grid.period as booked_period,
        settlements.lot_no is not null as moved,
        {% for column in ['granted', 'transferred_in', 'drawn', 'drawn_late', 'lapsed', 'voided', 'refunded', 'transferred_out'] -%}
        coalesce(settlements.{{ column }}, {{ zero_credits() }}) as {{ column }},
        {% endfor -%}
        {{ last_known(
            'settlements.closing_credits',
            'partition by grid.lot_no order by grid.period rows unbounded preceding') }} as closing_credits,
        {%- for suffix in ['', '_functional'] %}
        {% for column in [
            'addition', 'transfer_addition', 'usage_revenue', 'prior_period_revenue', 'breakage_revenue', 'escheat_release',
            'refund_release', 'transfer_release'] -%}
        coalesce(settlements.{{ column }}{{ suffix }}, {{ zero_money() }}) as {{ column }}{{ suffix }},
        {% endfor -%}
        {{ last_known(
            'settlements.released_to_date' ~ suffix,
            'partition by grid.lot_no order by grid.period rows unbounded preceding') }} as released_to_date{{ suffix }}{{ ',' if not loop.last }}
        {%- endfor %}
    from grid
    left join settlements
        on
            grid.lot_no = settlements.lot_no
            and grid.period = settlements.booked_period
)

select
    filled.*,
    case when filled.booked_period > rights.ended_period then 'contract_liability' else lots.liability end as liability,
    cast(
        filled.closing_credits - filled.granted - filled.transferred_in + filled.drawn + filled.drawn_late
        + filled.lapsed + filled.voided + filled.refunded + filled.transferred_out
        as {{ t_credits() }}
    ) as opening_credits,
    cast(lots.consideration - filled.released_to_date as {{ t_money() }}) as closing,
    cast(
        lots.consideration - filled.released_to_date - filled.addition - filled.transfer_addition
        + filled.usage_revenue + filled.prior_period_revenue + filled.breakage_revenue
        + filled.escheat_release + filled.refund_release + filled.transfer_release
        as {{ t_money() }}
    ) as opening,
    cast(lots.functional_consideration - filled.released_to_date_functional as {{ t_money() }}) as closing_functional,
    cast(
        lots.functional_consideration - filled.released_to_date_functional
        - filled.addition_functional - filled.transfer_addition_functional
        + filled.usage_revenue_functional + filled.prior_period_revenue_functional
        + filled.breakage_revenue_functional + filled.escheat_release_functional + filled.refund_release_functional
        + filled.transfer_release_functional
        as {{ t_money() }}
    ) as opening_functional
from filled
inner join lots
    on filled.lot_no = lots.lot_no
left join {{ ref('int_refund_rights') }} as rights
    on filled.lot_no = rights.lot_no
