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

{# Time from one instant to another as a plan is prorated by it: calendar days on the book's clock, the day of
   the start counted whole, or the time that passes, to the microsecond. #}
{% macro time_covered(prorate, from_instant, to_instant) -%}
    case {{ prorate }}
        when 'day' then {{ days_between(local_start_of('day', from_instant), local_start_of('day', to_instant)) }}
        else {{ sortable_instant(to_instant) }} - {{ sortable_instant(from_instant) }}
    end
{%- endmacro %}
