{# The decisions on a topic that a lot may follow, by its offer, its wallet and the default: joined to a relation
   with the columns offer, wallet and period, and an instant in that period. Read them with policy_setting. #}
{% macro join_policies(topic, lot, period, at) -%}
    {% for kind, subject in [('offer', lot ~ '.offer'), ('wallet', lot ~ '.wallet'), ('default', "'default'")] -%}
    left join {{ ref('stg_policy_windows') }} as {{ topic }}_by_{{ kind }}
        on
            {{ topic }}_by_{{ kind }}.topic = '{{ topic }}'
            and {{ subject }} = {{ topic }}_by_{{ kind }}.subject
            and {{ period }} = {{ topic }}_by_{{ kind }}.period
            and {{ at }} >= {{ topic }}_by_{{ kind }}.in_force_from
            and {{ at }} < {{ topic }}_by_{{ kind }}.in_force_to
    {% endfor -%}
{%- endmacro %}

{# A setting of the decision that applies: the offer's own, else its wallet's, else the default. #}
{% macro policy_setting(topic, setting) -%}
    case
        when {{ topic }}_by_offer.policy_no is not null then {{ topic }}_by_offer.{{ setting }}
        when {{ topic }}_by_wallet.policy_no is not null then {{ topic }}_by_wallet.{{ setting }}
        else {{ topic }}_by_default.{{ setting }}
    end
{%- endmacro %}
