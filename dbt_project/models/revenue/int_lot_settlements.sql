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
            'movements.granted',
            'partition by movements.lot_no order by movements.booked_period rows unbounded preceding') }} as granted_to_date,
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
        drawn as usage_credits,
        drawn_late as prior_period_credits,
        lapsed + voided as breakage_credits,
        settled - refunded - lapsed - voided - drawn_late - drawn as before_usage,
        settled - refunded - lapsed - voided - drawn_late as before_prior_period,
        settled - refunded - lapsed - voided as before_breakage,
        settled - refunded as before_refund
    from running
),

{% set figures = [
    ('usage_revenue', 'usage_credits', 'before_usage'),
    ('prior_period_revenue', 'prior_period_credits', 'before_prior_period'),
    ('breakage_revenue', 'breakage_credits', 'before_breakage'),
    ('refund_release', 'refunded', 'before_refund'),
] -%}
{# The functional twin is the same function of the functional consideration; where the two considerations are
   one, so are the figures. -#}
own_currency as (
    select
        *,
        case when granted > 0 then consideration else {{ zero_money() }} end as addition,
        {% for figure, moved, before in figures -%}
            {{ released_by('consideration', moved, before, 'credits', 'minor_units') }} as {{ figure }},
        {% endfor -%}
        {{ settled_to_date('consideration', 'settled', 'credits', 'minor_units') }} as released_to_date,
        functional_consideration = consideration and functional_minor_units = minor_units as is_functional
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
    cast(granted_to_date - settled as {{ t_credits() }}) as closing_credits,
    addition,
    {% for figure, _, _ in figures -%}
        {{ figure }},
    {% endfor -%}
    released_to_date,
    case when granted > 0 then functional_consideration else {{ zero_money() }} end as addition_functional,
    {% for figure, moved, before in figures -%}
        case
            when is_functional then {{ figure }}
            else {{ released_by('functional_consideration', moved, before, 'credits', 'functional_minor_units') }}
        end as {{ figure }}_functional,
    {% endfor -%}
    case
        when is_functional then released_to_date
        else {{ settled_to_date('functional_consideration', 'settled', 'credits', 'functional_minor_units') }}
    end as released_to_date_functional
from own_currency
