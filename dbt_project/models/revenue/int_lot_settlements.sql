-- One row per lot and booked period in which it moved: money released from the liability, by cause.
--
-- Revenue to date is one function of the credits settled to date; each figure is a difference of two of
-- its values, in the fixed order used, used late, lapsed or voided, refunded. The figures of a lot therefore
-- sum to its consideration to the minor unit, whatever the draws were (decision 4).

with

movements as (
    select * from {{ ref('int_lot_movements') }}
),

lots as (
    select * from {{ ref('int_lots') }}
),

running as (
    select
        movements.*,
        lots.credits,
        lots.consideration,
        lots.functional_consideration,
        lots.minor_units,
        lots.functional_minor_units,
        {{ sum_credits(
            'movements.drawn + movements.drawn_late + movements.lapsed + movements.voided + movements.refunded',
            'partition by movements.lot_no order by movements.booked_period rows unbounded preceding') }} as settled
    from movements
    inner join lots
        on movements.lot_no = lots.lot_no
),

steps as (
    select
        *,
        cast(settled - refunded as {{ t_credits() }}) as after_lapsed,
        cast(settled - refunded - lapsed - voided as {{ t_credits() }}) as after_late,
        cast(settled - refunded - lapsed - voided - drawn_late as {{ t_credits() }}) as after_drawn,
        cast(settled - refunded - lapsed - voided - drawn_late - drawn as {{ t_credits() }}) as before
    from running
),

{% set books = [('', 'consideration', 'minor_units'), ('_functional', 'functional_consideration', 'functional_minor_units')] %}
to_date as (
    select
        lot_no,
        booked_period,
        granted,
        drawn,
        drawn_late,
        lapsed,
        voided,
        refunded,
        settled,
        credits,
        {%- for suffix, consideration, minor in books %}
        case when granted > 0 then {{ consideration }} else {{ zero_money() }} end as addition{{ suffix }},
        {% for step in ['before', 'after_drawn', 'after_late', 'after_lapsed', 'settled'] -%}
        case
            when {{ consideration }} = 0 then {{ zero_money() }}
            else {{ settled_to_date(consideration, step, 'credits', minor) }}
        end as value_{{ step }}{{ suffix }}{{ ',' if not loop.last }}
        {% endfor %}{{ ',' if not loop.last }}
        {%- endfor %}
    from steps
)

select
    lot_no,
    booked_period,
    granted,
    drawn,
    drawn_late,
    lapsed,
    voided,
    refunded,
    settled,
    cast(credits - settled as {{ t_credits() }}) as closing_credits,
    {%- for suffix, _, _ in books %}
    addition{{ suffix }},
    cast(value_after_drawn{{ suffix }} - value_before{{ suffix }} as {{ t_money() }}) as usage_revenue{{ suffix }},
    cast(value_after_late{{ suffix }} - value_after_drawn{{ suffix }} as {{ t_money() }}) as prior_period_revenue{{ suffix }},
    cast(value_after_lapsed{{ suffix }} - value_after_late{{ suffix }} as {{ t_money() }}) as breakage_revenue{{ suffix }},
    cast(value_settled{{ suffix }} - value_after_lapsed{{ suffix }} as {{ t_money() }}) as refund_release{{ suffix }},
    value_settled{{ suffix }} as released_to_date{{ suffix }}{{ ',' if not loop.last }}
    {%- endfor %}
from to_date
