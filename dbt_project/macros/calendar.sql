{# A period as people write it: 2025-07. #}
{% macro period_label(period) -%}substr(cast({{ period }} as string), 1, 7){%- endmacro %}

{# An instant inside an id: 2025-07-01T00:00:00. #}
{% macro instant_label(ts) -%}replace(cast({{ ts }} as string), ' ', 'T'){%- endmacro %}

{# A bound for `repeated`: no fewer than the calendar units between two instants, those cut off at either end
   included. Months and years are taken at their shortest. #}
{% macro units_at_most(from_instant, to_instant, unit) -%}
    {{ whole_div(
        days_between(from_instant, to_instant),
        "case " ~ unit ~ " when 'day' then 1 when 'week' then 7 when 'month' then 28 else 365 end"
    ) }} + 2
{%- endmacro %}
