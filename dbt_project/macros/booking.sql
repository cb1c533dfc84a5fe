{# When a fact is booked: a pure function of the fact and the close register (ARCHITECTURE, Three
   times). received_at may be null: then the fact was known when it happened.

   Use `booked_at` in the select list and `join_open_window` in the from clause. #}
{% macro booked_at(occurred_at, alias='open_window') -%}
    greatest({{ occurred_at }}, coalesce({{ alias }}.open_from, {{ occurred_at }}))
{%- endmacro %}

{% macro join_open_window(received_at, alias='open_window') -%}
    left join {{ ref('stg_open_windows') }} as {{ alias }}
        on
            case when {{ received_at }} is not null then 1 end = {{ alias }}.window_key
            and {{ received_at }} >= {{ alias }}.known_from
            and {{ received_at }} < {{ alias }}.known_to
{%- endmacro %}

{# Facts the books know: they happened, and were received, before as_of. #}
{% macro is_known(occurred_at, received_at) -%}
    {{ occurred_at }} < {{ as_of() }}
    and ({{ received_at }} is null or {{ received_at }} < {{ as_of() }})
{%- endmacro %}

{# Whether a row of int_card_windows, or of a model made from it, is the one for a fact: the card in force at
   the fact's own time, as it was known for the period the fact is booked in. #}
{% macro in_card_window(occurred_at, booked_at, window) -%}
    {{ occurred_at }} >= {{ window }}.effective_from
    and {{ occurred_at }} < {{ window }}.effective_to
    and {{ booked_at }} >= {{ window }}.booked_from
    and {{ booked_at }} < {{ window }}.booked_to
{%- endmacro %}
