-- One row per account, currency and period from its first line on: opening, debits, credits, closing.
--
-- Debit balances are positive, credit balances negative; the closing column of a period sums to zero, and so does
-- its functional twin. An exchange difference moves the functional columns alone.

with

{% set amounts = ['debit', 'credit', 'functional_debit', 'functional_credit'] -%}
lines as (
    select
        account_number,
        account_name,
        account_type,
        currency,
        booked_period,
        {% for amount in amounts -%}
        {{ sum_money(amount) }} as {{ amount }}s{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('journal_lines') }}
    group by account_number, account_name, account_type, currency, booked_period
),

accounts as (
    select
        account_number,
        currency,
        min(booked_period) as first_period,
        max(account_name) as account_name,
        max(account_type) as account_type
    from lines
    group by account_number, currency
),

filled as (
    select
        accounts.account_number,
        accounts.account_name,
        accounts.account_type,
        accounts.currency,
        periods.period as booked_period,
        {% for amount in amounts -%}
        {{ sum_money('lines.' ~ amount ~ 's') }} as {{ amount }}s{{ ',' if not loop.last }}
        {% endfor %}
    from accounts
    inner join {{ ref('stg_periods') }} as periods
        on accounts.first_period <= periods.period
    left join lines
        on
            accounts.account_number = lines.account_number
            and accounts.currency = lines.currency
            and periods.period = lines.booked_period
    group by accounts.account_number, accounts.account_name, accounts.account_type, accounts.currency, periods.period
),

{% set so_far = 'partition by account_number, currency order by booked_period rows unbounded preceding' -%}
running as (
    select
        *,
        {{ sum_money('debits - credits', so_far) }} as closing,
        {{ sum_money('functional_debits - functional_credits', so_far) }} as functional_closing
    from filled
)

select
    account_number,
    account_name,
    account_type,
    currency,
    booked_period,
    {%- for twin in ['', 'functional_'] %}
    cast({{ twin }}closing - {{ twin }}debits + {{ twin }}credits as {{ t_money() }}) as {{ twin }}opening,
    {{ twin }}debits,
    {{ twin }}credits,
    {{ twin }}closing{{ ',' if not loop.last }}
    {%- endfor %}
from running
