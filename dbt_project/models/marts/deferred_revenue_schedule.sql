-- One row per lot with a consideration, liability and booked period, until it is empty: what was deferred and earned.
--
-- closing = opening + additions - usage_revenue - prior_period_revenue - breakage_revenue - escheated
--           - refunded + transferred + fx. Revenue columns are positive; breakage is negative where an
-- estimate took some back. In the period in which the right to ask its money back ends, a lot has two rows: what is
-- left moves from the one liability to the other. Of a contract billed in parts, what is neither billed nor earned is
-- netted with the contract asset: it is no part of opening and closing, and its change is transferred.
{{ config(materialized='view') }}
{% set figures = [
    ('opening', 'opening'), ('additions', 'addition'), ('usage_revenue', 'usage_revenue'), ('breakage_revenue', 'breakage_revenue'),
    ('prior_period_revenue', 'prior_period_revenue'), ('escheated', 'escheat_release'), ('refunded', 'refund_release')] %}

with

lots as (
    select * from {{ ref('int_lot_values') }}
    where consideration <> 0
),

periods as (
    select * from {{ ref('int_lot_periods') }}
),

reclassifications as (
    select * from {{ ref('int_reclassifications') }}
)

select
    lots.lot_id,
    lots.customer_id,
    lots.wallet,
    periods.booked_period,
    lots.currency,
    periods.liability,
    {%- for suffix in ['', '_functional'] %}
    {%- for name, figure in figures %}
    {%- if name == 'opening' %}
    cast(
        periods.opening{{ suffix }} - coalesce(nets.net{{ suffix }} - nets.moved{{ suffix }}, 0) as {{ t_money() }}
    ) as opening{{ suffix }},
    {%- else %}
    periods.{{ figure }}{{ suffix }}{{ ' as ' ~ name ~ suffix if name != figure }},
    {%- endif %}
    {%- endfor %}
    cast(
        periods.transfer_addition{{ suffix }} - periods.transfer_release{{ suffix }}
        - coalesce(reclassifications.amount{{ suffix }}, 0) - coalesce(nets.moved{{ suffix }}, 0) as {{ t_money() }}
    ) as transferred{{ suffix }},
    {{ zero_money() }} as fx{{ suffix }},
    cast(
        periods.closing{{ suffix }} - coalesce(reclassifications.amount{{ suffix }}, 0) - coalesce(nets.net{{ suffix }}, 0)
        as {{ t_money() }}
    ) as closing{{ suffix }}{{ ',' if not loop.last }}
    {%- endfor %}
from periods
inner join lots
    on periods.lot_no = lots.lot_no
left join reclassifications
    on
        periods.lot_no = reclassifications.lot_no
        and periods.booked_period = reclassifications.booked_period
left join {{ ref('int_contract_nets') }} as nets
    on
        periods.lot_no = nets.lot_no
        and periods.booked_period = nets.booked_period
union all
select
    lots.lot_id,
    lots.customer_id,
    lots.wallet,
    reclassifications.booked_period,
    lots.currency,
    reclassifications.to_liability as liability,
    {%- for suffix in ['', '_functional'] %}
    {%- for name, _ in figures %}
    {{ zero_money() }} as {{ name }}{{ suffix }},
    {%- endfor %}
    reclassifications.amount{{ suffix }} as transferred{{ suffix }},
    {{ zero_money() }} as fx{{ suffix }},
    reclassifications.amount{{ suffix }} as closing{{ suffix }}{{ ',' if not loop.last }}
    {%- endfor %}
from reclassifications
inner join lots
    on reclassifications.lot_no = lots.lot_no
