{# Everything an engine spells differently, behind adapter.dispatch. default__ is DuckDB.

   What needs no macro, because DuckDB and Spark agree: greatest and least skip nulls (others return null,
   so no model hands them one), `string`, `is distinct from`, `rows unbounded preceding`, `except all`,
   correlated `exists`. Nulls sort differently: every order over a nullable column says nulls first or last. #}

{# Whole number type used inside products and quotients (128 bits). #}
{% macro as_whole(x) %}{{ return(adapter.dispatch('as_whole', 'creditbooks')(x)) }}{% endmacro %}
{% macro default__as_whole(x) -%}cast({{ x }} as hugeint){%- endmacro %}

{# Whole-number division, truncating. #}
{% macro whole_div(a, b) %}{{ return(adapter.dispatch('whole_div', 'creditbooks')(a, b)) }}{% endmacro %}
{% macro default__whole_div(a, b) -%}(({{ a }}) // ({{ b }})){%- endmacro %}

{# Cost of a quantity in a wallet's quanta (its smallest unit), exactly, rounded once to whole quanta.
   price names the columns <price>whole_quanta, <price>quanta_per_unit, <price>numerator and
   <price>denominator, one price in three forms (int_rate_chain); the first that is exact serves. Only the
   last divides in 128 bits: per 10 million rows the three take 0.4, 1.3 and 3.0 s. #}
{% macro cost_in_quanta(quantity, price, rounding="'half_up'") %}
    {{ return(adapter.dispatch('cost_in_quanta', 'creditbooks')(quantity, price, rounding)) }}
{% endmacro %}
{% macro default__cost_in_quanta(quantity, price, rounding) -%}
    {%- set narrow = 'cast(' ~ quantity ~ ' as decimal(18, 9))' -%}
    case
        when
            {{ quantity }} < 1000000000
            and {{ price }}whole_quanta is not null
            and cast({{ narrow }} as bigint) = {{ narrow }}
            then cast(cast({{ narrow }} as bigint) * {{ price }}whole_quanta as decimal(29, 0))
        when {{ price }}quanta_per_unit is not null
            then cast(round(cast({{ quantity }} as decimal(38, 9)) * {{ price }}quanta_per_unit, 0) as decimal(29, 0))
        else cast(
            {{ in_quanta(billionths(quantity) ~ ' * ' ~ as_whole(price ~ 'numerator'), price ~ 'denominator', rounding) }}
            as decimal(29, 0))
    end
{%- endmacro %}

{# An instant read off a clock of the book's time zone, and back. #}
{% macro to_local(ts) %}{{ return(adapter.dispatch('to_local', 'creditbooks')(ts)) }}{% endmacro %}
{% macro default__to_local(ts) -%}
    {%- if var('time_zone') == 'UTC' -%} {{ ts }}
    {%- else -%} timezone('{{ var("time_zone") }}', timezone('UTC', {{ ts }}))
    {%- endif -%}
{%- endmacro %}
{% macro from_local(ts) %}{{ return(adapter.dispatch('from_local', 'creditbooks')(ts)) }}{% endmacro %}
{% macro default__from_local(ts) -%}
    {%- if var('time_zone') == 'UTC' -%} {{ ts }}
    {%- else -%} timezone('UTC', timezone('{{ var("time_zone") }}', {{ ts }}))
    {%- endif -%}
{%- endmacro %}

{# Month (a date, its first day) that an instant falls in, on the calendar of the book's time zone. #}
{% macro period_of(ts) %}{{ return(adapter.dispatch('period_of', 'creditbooks')(ts)) }}{% endmacro %}
{% macro default__period_of(ts) -%}cast(date_trunc('month', {{ to_local(ts) }}) as date){%- endmacro %}

{# Local start of the day, week (Monday) or year of an instant, as a date in the book's time zone. #}
{% macro local_start_of(unit, ts) %}{{ return(adapter.dispatch('local_start_of', 'creditbooks')(unit, ts)) }}{% endmacro %}
{% macro default__local_start_of(unit, ts) -%}cast(date_trunc('{{ unit }}', {{ to_local(ts) }}) as date){%- endmacro %}

{# UTC instant at which a local date begins in the book's time zone. #}
{% macro instant_of(local_date) %}{{ return(adapter.dispatch('instant_of', 'creditbooks')(local_date)) }}{% endmacro %}
{% macro default__instant_of(local_date) -%}{{ from_local('cast(' ~ local_date ~ ' as timestamp)') }}{%- endmacro %}

{# An instant moved by n calendar units; n is an expression, unit a column of day|week|month|year. Counted on
   the book's own clock, so that midnight stays midnight when the clocks change. Month ends stick: 31 January
   + 1 month is the last of February. #}
{% macro add_calendar(ts, n, unit) %}{{ return(adapter.dispatch('add_calendar', 'creditbooks')(ts, n, unit)) }}{% endmacro %}
{% macro default__add_calendar(ts, n, unit) -%}
    {%- set moved -%}
    case {{ unit }}
        when 'day' then {{ to_local(ts) }} + to_days(cast({{ n }} as int))
        when 'week' then {{ to_local(ts) }} + to_days(7 * cast({{ n }} as int))
        when 'month' then {{ to_local(ts) }} + to_months(cast({{ n }} as int))
        when 'year' then {{ to_local(ts) }} + to_months(12 * cast({{ n }} as int))
    end
    {%- endset -%}
    {{ from_local(moved) }}
{%- endmacro %}

{# Whole days from a to b. #}
{% macro days_between(a, b) %}{{ return(adapter.dispatch('days_between', 'creditbooks')(a, b)) }}{% endmacro %}
{% macro default__days_between(a, b) -%}date_diff('day', {{ a }}, {{ b }}){%- endmacro %}

{# First day of the quarter or year that a date falls in. #}
{% macro first_day_of(unit, day) %}{{ return(adapter.dispatch('first_day_of', 'creditbooks')(unit, day)) }}{% endmacro %}
{% macro default__first_day_of(unit, day) -%}cast(date_trunc('{{ unit }}', {{ day }}) as date){%- endmacro %}

{# Calendar months from a to b, each the first of its month. #}
{% macro months_between(a, b) %}{{ return(adapter.dispatch('months_between', 'creditbooks')(a, b)) }}{% endmacro %}
{% macro default__months_between(a, b) -%}date_diff('month', {{ a }}, {{ b }}){%- endmacro %}

{# The last instant before ts: half-open windows end just before their end. #}
{% macro just_before(ts) %}{{ return(adapter.dispatch('just_before', 'creditbooks')(ts)) }}{% endmacro %}
{% macro default__just_before(ts) -%}{{ ts }} - to_microseconds(1){%- endmacro %}

{# The first instant after ts. #}
{% macro just_after(ts) %}{{ return(adapter.dispatch('just_after', 'creditbooks')(ts)) }}{% endmacro %}
{% macro default__just_after(ts) -%}{{ ts }} + to_microseconds(1){%- endmacro %}

{# Number of the week of an instant, weeks of seven days counted from 1970, and the instant at which one begins:
   whole division tells it in a twelfth of the time that the calendar takes. #}
{% macro week_no(ts) -%}{{ whole_div(sortable_instant(ts), 604800000000) }}{%- endmacro %}
{% macro week_start(week_no) %}{{ return(adapter.dispatch('week_start', 'creditbooks')(week_no)) }}{% endmacro %}
{% macro default__week_start(week_no) -%}make_timestamp(({{ week_no }}) * 604800000000){%- endmacro %}

{# Microseconds since 1970: a timestamp as a number that sorts. #}
{% macro sortable_instant(ts) %}{{ return(adapter.dispatch('sortable_instant', 'creditbooks')(ts)) }}{% endmacro %}
{% macro default__sortable_instant(ts) -%}epoch_us({{ ts }}){%- endmacro %}

{# Rows 0, 1, ... n - 1 beside each row of a relation; n is an expression over its columns. #}
{% macro repeated(relation, n, alias) %}{{ return(adapter.dispatch('repeated', 'creditbooks')(relation, n, alias)) }}{% endmacro %}
{% macro default__repeated(relation, n, alias) -%}
    {{ relation }}, unnest(range(cast({{ n }} as bigint))) as _repeated ({{ alias }})
{%- endmacro %}

{# One row per month from the first to the last date, both ends included. #}
{% macro month_spine(first, last) %}{{ return(adapter.dispatch('month_spine', 'creditbooks')(first, last)) }}{% endmacro %}
{% macro default__month_spine(first, last) -%}
    select cast(unnest(generate_series({{ first }}, {{ last }}, interval 1 month)) as date) as period
{%- endmacro %}

{# Join to the latest row below a value, per equality key: a row without one is dropped. #}
{% macro latest_below(relation, alias, key, value, since) %}
    {{ return(adapter.dispatch('latest_below', 'creditbooks')(relation, alias, key, value, since)) }}
{% endmacro %}
{% macro default__latest_below(relation, alias, key, value, since) -%}
    asof join {{ relation }} as {{ alias }}
        on {{ key }} and {{ value }} > {{ since }}
{%- endmacro %}

{# Running "last seen" value down a window. #}
{% macro last_known(expr, over) %}{{ return(adapter.dispatch('last_known', 'creditbooks')(expr, over)) }}{% endmacro %}
{% macro default__last_known(expr, over) -%}last_value({{ expr }} ignore nulls) over ({{ over }}){%- endmacro %}

{# Stop before the first model when the session would give other answers. #}
{% macro assert_engine_settings() %}{{ return(adapter.dispatch('assert_engine_settings', 'creditbooks')()) }}{% endmacro %}
{% macro default__assert_engine_settings() %}
    {% if execute and flags.WHICH in ('build', 'run', 'test') %}
        {% set zone = run_query("select current_setting('TimeZone')").rows[0][0] %}
        {% if zone != 'UTC' %}
            {{ exceptions.raise_compiler_error("the session's time zone is " ~ zone ~ "; it must be UTC") }}
        {% endif %}
    {% endif %}
{% endmacro %}

{# First day of the period after one, and its own last day, as dates. #}
{% macro next_period(period) %}{{ return(adapter.dispatch('next_period', 'creditbooks')(period)) }}{% endmacro %}
{% macro default__next_period(period) -%}cast({{ period }} + interval '1 month' as date){%- endmacro %}
{% macro period_end_date(period) %}{{ return(adapter.dispatch('period_end_date', 'creditbooks')(period)) }}{% endmacro %}
{% macro default__period_end_date(period) -%}cast({{ period }} + interval '1 month' - interval '1 day' as date){%- endmacro %}

{# Tables and views are replaced where they stand. The adapter's own way (make beside, rename the old away, rename
   the new in, drop the old) takes four statements more for each model, which is most of what a build of little data
   costs. `create or replace` is one statement inside the model's transaction: a build that is killed leaves the
   model of the last build, whole. #}
{% materialization table, adapter='duckdb' %}
    {{ return(replaced('table', table_replaced(this, sql))) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {{ return(replaced('view', view_replaced(this, sql))) }}
{% endmaterialization %}

{# Statements that replace the table `relation` by what `sql` selects, in the contract's columns where it has one. #}
{% macro table_replaced(relation, sql) -%}
    {%- if config.get('contract').enforced -%}
        {{ get_assert_columns_equivalent(sql) }}
        create or replace table {{ relation }} {{ get_table_columns_and_constraints() }};
        insert into {{ relation }} {{ get_column_names() }} ({{ get_select_subquery(sql) }});
    {%- else -%}
        create or replace table {{ relation }} as ({{ sql }});
    {%- endif -%}
{%- endmacro %}

{# The same for a view. #}
{% macro view_replaced(relation, sql) -%}
    {%- if config.get('contract').enforced -%} {{ get_assert_columns_equivalent(sql) }} {%- endif -%}
    create or replace view {{ relation }} as ({{ sql }});
{%- endmacro %}

{# Run `statements` that make this model a table or a view (`kind`); what was of the other kind goes first. #}
{% macro replaced(kind, statements) %}
    {%- set relation = this.incorporate(type=kind) -%}
    {%- set standing = load_cached_relation(this) -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if standing is not none and standing.type != kind -%} {%- do adapter.drop_relation(standing) -%} {%- endif -%}
    {%- call statement('main') -%} {{ statements }} {%- endcall -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [relation]}) }}
{% endmacro %}
