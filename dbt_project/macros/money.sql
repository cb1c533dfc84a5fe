{# The only file that divides. `decimal / decimal` is a binary double in DuckDB, so every division is
   one of whole numbers, rounded once, half away from zero. #}

{# a * b / c, rounded to a whole number. a, b >= 0 and c > 0, each a whole number. #}
{% macro muldiv_round(a, b, c) -%}
    {{ whole_div('2 * ' ~ as_whole(a) ~ ' * ' ~ as_whole(b) ~ ' + ' ~ as_whole(c), '2 * ' ~ as_whole(c)) }}
{%- endmacro %}

{# owed / (denominator * 1e9), in whole quanta: a price times billionths of a quantity, divided once and
   rounded as the wallet wants it. rounding is up, down or anything else for half up. #}
{% macro in_quanta(owed, denominator, rounding="'half_up'") -%}
    {%- set billions = as_whole(denominator) ~ ' * 1000000000' -%}
    {{ whole_div(
        '2 * (' ~ owed ~ ') + case ' ~ rounding
        ~ " when 'down' then 0 when 'up' then 2 * " ~ billions ~ ' - 2 else ' ~ billions ~ ' end',
        '2 * ' ~ billions) }}
{%- endmacro %}

{# A 9-decimal value as a whole number of billionths, and back. #}
{% macro billionths(x) -%}
    ({{ as_whole('cast(' ~ x ~ ' as decimal(38, 9)) * 1000000000') }})
{%- endmacro %}
{% macro from_billionths(x) -%}
    cast(cast({{ x }} as decimal(29, 0)) * cast(0.000000001 as decimal(9, 9)) as {{ t_credits() }})
{%- endmacro %}

{# part / whole of x, to 9 decimals: x itself when the part is the whole, so nothing is lost then.
   All three are 9-decimal values; part <= whole. #}
{% macro share_of(x, part, whole) -%}
    case
        when {{ part }} = {{ whole }} then {{ x }}
        else {{ from_billionths(muldiv_round(billionths(x), billionths(part), billionths(whole))) }}
    end
{%- endmacro %}

{# The smallest amount a wallet of so many decimals holds. #}
{% macro quantum(precision) -%}
    case {{ precision }}
        {% for digits in range(9) -%}
            when {{ digits }} then cast({{ '1' if digits == 0 else '0.' ~ '0' * (digits - 1) ~ '1' }} as decimal(10, 9))
        {% endfor -%}
        else cast(0.000000001 as decimal(10, 9))
    end
{%- endmacro %}

{# x times a factor, both 9-decimal values >= 0, down to whole quanta of a wallet: never more than agreed. #}
{% macro times_at_most(x, factor, precision) -%}
    {%- set quanta = billionths(quantum(precision)) -%}
    {{ from_billionths(
        whole_div(billionths(x) ~ ' * ' ~ billionths(factor), '1000000000 * ' ~ quanta) ~ ' * ' ~ quanta) }}
{%- endmacro %}

{# part / whole of x in so many decimals, rounded once: half up, or as rounding says (up, down). x is a 9-decimal
   value, part and whole are whole numbers; x itself where they are equal. #}
{% macro share_in_quanta(x, part, whole, precision, rounding="'half_up'") -%}
    {%- set quanta = billionths(quantum(precision)) -%}
    {%- set divisor = '(' ~ as_whole(whole) ~ ' * ' ~ quanta ~ ')' -%}
    case
        when {{ part }} = {{ whole }} then {{ x }}
        else {{ from_billionths(whole_div(
            '2 * ' ~ billionths(x) ~ ' * ' ~ as_whole(part) ~ ' + case ' ~ rounding
            ~ " when 'down' then 0 when 'up' then 2 * " ~ divisor ~ ' - 2 else ' ~ divisor ~ ' end',
            '2 * ' ~ divisor) ~ ' * ' ~ quanta) }}
    end
{%- endmacro %}

{# Credits that arrive for `x` at a rate, in the decimals of the wallet they arrive in, rounded once as it rounds;
   something always arrives for something. x and rate are 9-decimal values, and not negative. #}
{% macro converted_credits(x, rate, precision, rounding) -%}
    {%- set quanta = billionths(quantum(precision)) -%}
    {%- set divisor = '(1000000000 * ' ~ quanta ~ ')' -%}
    case
        when {{ x }} > 0 then greatest({{ from_billionths(quanta) }}, {{ from_billionths(whole_div(
            '2 * ' ~ billionths(x) ~ ' * ' ~ billionths(rate) ~ ' + case ' ~ rounding
            ~ " when 'down' then 0 when 'up' then 2 * " ~ divisor ~ ' - 2 else ' ~ divisor ~ ' end',
            '2 * ' ~ divisor) ~ ' * ' ~ quanta) }})
        else {{ zero_credits() }}
    end
{%- endmacro %}

{# x times a factor, to 9 decimals; both are 9-decimal values and not negative. #}
{% macro times(x, factor) -%}
    case
        when {{ factor }} = 0 then {{ zero_credits() }}
        when {{ factor }} = 1 then {{ x }}
        else {{ from_billionths(muldiv_round(billionths(x), billionths(factor), '1000000000')) }}
    end
{%- endmacro %}

{# Credits that stand for the unused ones once `used` are used, where a share of all is expected to stay
   unused: used * share / (1 - share), which is used * E / (N - E) for E = share * N (ACCOUNTING 7). #}
{% macro unused_by_use(used, share) -%}
    case
        when {{ share }} = 0 then {{ zero_credits() }}
        else {{ from_billionths(muldiv_round(
            billionths(used), billionths(share), '1000000000 - ' ~ billionths(share))) }}
    end
{%- endmacro %}

{# Money of a lot settled once `done` of its `total` credits are: consideration * done / total, in
   whole minor units. Period figures are differences of this one function, so they always sum to the
   consideration and the last credit takes the remainder (decision 4).
   minor: decimals of the currency (2 for cents). #}
{% macro settled_to_date(consideration, done, total, minor) -%}
    case
        when {{ total }} = 0 or {{ done }} = 0 then {{ zero_money() }}
        when {{ done }} = {{ total }} then cast({{ consideration }} as {{ t_money() }})
        else cast(
            cast({{ muldiv_round(minor_units(consideration, minor), billionths(done), billionths(total)) }} as decimal(26, 0))
            * {{ minor_unit(minor) }} as {{ t_money() }})
    end
{%- endmacro %}

{# Money that settling `moved` more credits releases, on top of `before`: a difference of two values to date. #}
{% macro released_by(consideration, moved, before, total, minor) -%}
    case
        when {{ moved }} = 0 or {{ consideration }} = 0 then {{ zero_money() }}
        else cast(
            {{ settled_to_date(consideration, '(' ~ before ~ ' + ' ~ moved ~ ')', total, minor) }}
            - {{ settled_to_date(consideration, before, total, minor) }} as {{ t_money() }})
    end
{%- endmacro %}

{# Minor units earned of `minor_consideration` at a time, a whole number: what its begun days or instants of
   part_den have earned, and months that are equal to the minor unit, the last with the remainder. Where
   all is earned it is the consideration itself. The columns are those of int_ratable_lots. #}
{% macro earned_over_time(minor_consideration, part_done, part_total, part_den, months_done, months_total) -%}
    {%- set in_months -%}
        ({{ as_whole(minor_consideration) }} - {{ muldiv_round(minor_consideration, part_total, part_den) }})
    {%- endset -%}
    {{ muldiv_round(minor_consideration, part_done, part_den) }}
    + case
        when {{ months_done }} = 0 then 0
        when {{ months_done }} = {{ months_total }} then {{ in_months }}
        else {{ as_whole(months_done) }} * {{ whole_div(in_months, as_whole(months_total)) }}
    end
{%- endmacro %}

{# Decimals of the currency -> the value of its smallest unit. #}
{% macro minor_unit(minor) -%}
    case {{ minor }} when 0 then cast(1 as decimal(6, 3)) when 3 then cast(0.001 as decimal(6, 3)) else cast(0.01 as decimal(6, 3)) end
{%- endmacro %}
{# A money value as a whole number of minor units. #}
{% macro minor_units(x, minor) -%}
    ({{ as_whole('cast(' ~ x ~ ' as decimal(38, 3)) * case ' ~ minor ~ ' when 0 then 1 when 3 then 1000 else 100 end') }})
{%- endmacro %}

{# An unrounded amount to the currency's minor unit, half away from zero. Each branch is cast on its own:
   round() gives each another scale, and where 38 digits cannot hold them all DuckDB settles on the fewest
   decimals, which cut the cents off. #}
{% macro to_money(x, minor) -%}
    case {{ minor }}
        when 0 then cast(round({{ x }}, 0) as {{ t_money() }})
        when 3 then cast(round({{ x }}, 3) as {{ t_money() }})
        else cast(round({{ x }}, 2) as {{ t_money() }})
    end
{%- endmacro %}

{# Half a unit of the last of so many decimals, 0 to 9: what rounding to them can come to. The books keep nine. #}
{% macro half_unit(decimals) -%}
    case {{ decimals }}
        {% for places in range(9) -%}
        when {{ places }} then cast(0.{{ '0' * places }}5 as {{ t_credits() }})
        {% endfor -%}
        else {{ zero_credits() }}
    end
{%- endmacro %}

{# Consideration per credit, to 9 decimals, for reading and sorting. Revenue never multiplies by it:
   see settled_to_date. #}
{% macro unit_value(consideration, credits) -%}
    case
        when {{ credits }} = 0 then cast(0 as {{ t_amount() }})
        else {{ from_billionths(muldiv_round(billionths(consideration), '1000000000', billionths(credits))) }}
    end
{%- endmacro %}

{# What `credits` of a lot are worth at its cost basis, to 9 decimals: consideration * credits / total. #}
{% macro cost_basis(consideration, credits, total) -%}
    case
        when {{ total }} = 0 then cast(0 as {{ t_amount() }})
        else {{ from_billionths(muldiv_round(billionths(consideration), billionths(credits), billionths(total))) }}
    end
{%- endmacro %}

{# Money in the functional currency at a rate, rounded to its minor unit. #}
{% macro functional(amount, rate, minor) -%}
    {{ to_money('cast(' ~ amount ~ ' as decimal(23, 3)) * cast(' ~ rate ~ ' as decimal(38, 12))', minor) }}
{%- endmacro %}

{# The rate that applies at an instant: latest on or before that day. #}
{% macro join_fx_rate(currency, at, alias='fx') -%}
    left join {{ ref('stg_fx_rates') }} as {{ alias }}
        on
            {{ currency }} = {{ alias }}.currency
            and {{ at }} >= {{ alias }}.rate_from
            and {{ at }} < {{ alias }}.rate_to
{%- endmacro %}

{# Roles of accounts of amounts to be received or paid. Liabilities of lots are not among them: a contract
   liability is paid in services, and refundable lots are measured one by one. Nor is cash: processors settle in the
   company's own currency, so what was received is that at the rate of its day. #}
{% macro monetary_roles() -%}
    'accounts_receivable', 'unbilled_receivable', 'contract_asset', 'tax_payable', 'unapplied_payments', 'unclaimed_property'
{%- endmacro %}

{# The price numerator / denominator (whole numbers in lowest terms) in the three forms that
   cost_in_quanta knows: as a whole number small enough to multiply in 64 bits, as a 3-decimal number,
   and as the fraction itself. A form that would not be exact, or not rounded as the wallet wants, is null. #}
{% macro price_forms(numerator, denominator, name, rounding="'half_up'") -%}
    case
        when {{ denominator }} = 1 and {{ numerator }} < 1000000000 then cast({{ numerator }} as bigint)
    end as {{ name }}whole_quanta,
    case
        when {{ rounding }} in ('up', 'down') then null
        when 1000 % {{ denominator }} = 0 and {{ numerator }} < 1000000000000
            then cast({{ numerator }} * {{ whole_div('1000', as_whole(denominator)) }} * 0.001 as decimal(18, 3))
    end as {{ name }}quanta_per_unit,
    {{ numerator }} as {{ name }}numerator,
    {{ denominator }} as {{ name }}denominator
{%- endmacro %}

{# What is charged of a running quantity: whole packages of `size`, the last one begun; without a size the
   quantity itself. The remainder of two decimals is exact. #}
{% macro charged_of(quantity, size) -%}
    case
        when {{ size }} is null then {{ quantity }}
        else cast(
            {{ quantity }} - {{ quantity }} % {{ size }}
            + case when {{ quantity }} % {{ size }} > 0 then {{ size }} else 0 end as {{ t_credits() }})
    end
{%- endmacro %}

{# What a charged quantity costs from the first unit of its month, in quanta times billionths times the
   price's denominator: exact, and not yet divided. step begins the names of the columns of int_rate_steps,
   of the step that the quantity falls in. #}
{% macro price_to(charged, step) -%}
    ({{ as_whole(step ~ 'price_to_step') }}
    + {{ billionths(charged ~ ' - ' ~ step ~ 'charged_to_step') }} * {{ as_whole(step ~ 'numerator') }})
{%- endmacro %}
