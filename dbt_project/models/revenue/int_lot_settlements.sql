-- One row per lot and booked period in which it moved: money released from the liability, by cause.
--
-- Money released to date is one function of the parts settled to date (int_lot_progress); each figure is a
-- difference of two of its values, in the fixed order used, used late, never used, owed to a state, refunded,
-- transferred. The
-- figures of a lot therefore sum to its consideration to the minor unit, whatever the draws were (decision 4).
-- liability is what the lot was owed as when the period began.

with

progress as (
    select * from {{ ref('int_lot_progress') }}
),

lots as (
    select * from {{ ref('int_lot_values') }}
),

{% set in_order = 'partition by progress.lot_no order by progress.booked_period rows unbounded preceding' -%}
running as (
    select
        progress.*,
        lots.consideration,
        lots.functional_consideration,
        lots.minor_units,
        lots.functional_minor_units,
        case when progress.booked_period > rights.ended_period then 'contract_liability' else lots.liability end as liability,
        case
            when progress.follows_time
                then cast({{ minor_units('lots.consideration', 'lots.minor_units') }} as {{ t_credits() }})
            else lots.credits
        end as parts,
        {{ sum_credits(
            'progress.granted + progress.transferred_in - progress.drawn - progress.drawn_late'
            ~ ' - progress.lapsed - progress.voided - progress.refunded - progress.transferred_out', in_order) }} as closing_credits,
        {{ sum_credits(
            'progress.usage_parts + progress.prior_period_parts + progress.breakage_parts'
            ~ ' + progress.escheat_parts + progress.refund_parts + progress.transfer_parts', in_order) }} as settled
    from progress
    inner join lots
        on progress.lot_no = lots.lot_no
    left join {{ ref('int_refund_rights') }} as rights
        on progress.lot_no = rights.lot_no
),

steps as (
    select
        *,
        settled - transfer_parts as before_transfer,
        settled - transfer_parts - refund_parts as before_refund,
        settled - transfer_parts - refund_parts - escheat_parts as before_escheat,
        settled - transfer_parts - refund_parts - escheat_parts - breakage_parts as before_breakage,
        settled - transfer_parts - refund_parts - escheat_parts - breakage_parts - prior_period_parts as before_prior_period,
        settled - transfer_parts - refund_parts - escheat_parts - breakage_parts - prior_period_parts - usage_parts
            as before_usage
    from running
),

{% set figures = [
    ('usage_revenue', 'usage_parts', 'before_usage'),
    ('prior_period_revenue', 'prior_period_parts', 'before_prior_period'),
    ('breakage_revenue', 'breakage_parts', 'before_breakage'),
    ('escheat_release', 'escheat_parts', 'before_escheat'),
    ('refund_release', 'refund_parts', 'before_refund'),
    ('transfer_release', 'transfer_parts', 'before_transfer'),
] -%}
{# The functional twin is the same function of the functional consideration; where the two considerations are
   one, so are the figures. -#}
own_currency as (
    select
        *,
        case when granted > 0 then consideration else {{ zero_money() }} end as addition,
        case when transferred_in > 0 then consideration else {{ zero_money() }} end as transfer_addition,
        {% for figure, moved, before in figures -%}
            {{ released_by('consideration', moved, before, 'parts', 'minor_units') }} as {{ figure }},
        {% endfor -%}
        {{ settled_to_date('consideration', 'settled', 'parts', 'minor_units') }} as released_to_date,
        functional_consideration = consideration and functional_minor_units = minor_units as is_functional
    from steps
)

select
    lot_no,
    booked_period,
    liability,
    granted,
    transferred_in,
    drawn,
    drawn_late,
    lapsed,
    voided,
    refunded,
    transferred_out,
    closing_credits,
    addition,
    transfer_addition,
    {% for figure, _, _ in figures -%}
        {{ figure }},
    {% endfor -%}
    released_to_date,
    case when granted > 0 then functional_consideration else {{ zero_money() }} end as addition_functional,
    case when transferred_in > 0 then functional_consideration else {{ zero_money() }} end as transfer_addition_functional,
    {% for figure, moved, before in figures -%}
        case
            when is_functional then {{ figure }}
            else {{ released_by('functional_consideration', moved, before, 'parts', 'functional_minor_units') }}
        end as {{ figure }}_functional,
    {% endfor -%}
    case
        when is_functional then released_to_date
        else {{ settled_to_date('functional_consideration', 'settled', 'parts', 'functional_minor_units') }}
    end as released_to_date_functional
from own_currency
