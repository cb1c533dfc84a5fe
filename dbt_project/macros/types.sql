{# The exact decimals of the books. One place, so that a width never differs between two models.

   credits   credits and quantities: 9 decimals, 19 digits before them
   amount    money that is not yet rounded to a minor unit (cost basis of a draw, overage)
   money     money as booked: whole minor units; 3 decimals because some currencies have 3
   whole     integers of any size that take part in exact multiplication and division #}
{% macro t_credits() %}decimal(28, 9){% endmacro %}
{% macro t_amount() %}decimal(28, 9){% endmacro %}
{% macro t_money() %}decimal(20, 3){% endmacro %}
{% macro t_whole() %}decimal(38, 0){% endmacro %}

{# Sums widen to 38 digits: narrowed back at once, so that the next operation starts from the type. #}
{% macro sum_credits(expr, over=none) -%}
    cast(coalesce(sum({{ expr }}){% if over %} over ({{ over }}){% endif %}, 0) as {{ t_credits() }})
{%- endmacro %}
{% macro sum_amount(expr, over=none) -%}
    cast(coalesce(sum({{ expr }}){% if over %} over ({{ over }}){% endif %}, 0) as {{ t_amount() }})
{%- endmacro %}
{% macro sum_money(expr, over=none) -%}
    cast(coalesce(sum({{ expr }}){% if over %} over ({{ over }}){% endif %}, 0) as {{ t_money() }})
{%- endmacro %}
{% macro zero_credits() %}cast(0 as {{ t_credits() }}){% endmacro %}
{# More than any quantity: the end of a price step that has none. #}
{% macro most_credits() %}cast(9999999999999999999 as {{ t_credits() }}){% endmacro %}
{% macro zero_money() %}cast(0 as {{ t_money() }}){% endmacro %}

{% macro as_of() %}cast('{{ var("as_of") }}' as timestamp){% endmacro %}
{% macro start_of_time() %}cast('0001-01-01 00:00:00' as timestamp){% endmacro %}
{% macro end_of_time() %}cast('9999-12-31 00:00:00' as timestamp){% endmacro %}
