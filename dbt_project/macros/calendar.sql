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

{# How much of a ratable lot's window has begun by an instant, in the units of its convention: days (a day
   begins with its first instant) or microseconds outside the months that count as equal. lot is a row of
   int_ratable_lots. #}
{% macro parts_begun(lot, at) -%}
    case
        when {{ at }} <= {{ lot }}.starts_at or {{ lot }}.part_total = 0 then 0
        when {{ at }} >= {{ lot }}.ends_at then {{ lot }}.part_total
        when {{ lot }}.convention = 'day' then least(
            {{ lot }}.part_total,
            {{ days_between(local_start_of('day', lot ~ '.starts_at'), local_start_of('day', just_before(at))) }} + 1)
        when {{ lot }}.months_total > 0 then
            {{ sortable_instant('least(' ~ at ~ ', ' ~ lot ~ '.months_from)') }} - {{ sortable_instant(lot ~ '.starts_at') }}
            + greatest(0, {{ sortable_instant(at) }} - {{ sortable_instant(lot ~ '.months_to') }})
        else {{ sortable_instant(at) }} - {{ sortable_instant(lot ~ '.starts_at') }}
    end
{%- endmacro %}

{# How many of its equal months have begun by then. #}
{% macro months_begun(lot, at) -%}
    case
        when {{ at }} <= {{ lot }}.starts_at then 0
        when {{ at }} >= {{ lot }}.ends_at then {{ lot }}.months_total
        else greatest(0, least(
            {{ lot }}.months_total,
            {{ months_between(period_of(lot ~ '.months_from'), period_of(just_before(at))) }} + 1))
    end
{%- endmacro %}
