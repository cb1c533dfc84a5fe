-- One row per account, currency and period from its first line on: opening, debits, credits, closing.
--
-- Debit balances are positive, credit balances negative; the closing column of a period sums to zero.

with

lines as (
    select
        account_number,
        account_name,
        account_type,
        currency,
        booked_period,
        {{ sum_money('debit') }} as debits,
        {{ sum_money('credit') }} as credits
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
        {{ sum_money('lines.debits') }} as debits,
        {{ sum_money('lines.credits') }} as credits
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

running as (
    select
        *,
        {{ sum_money(
            'debits - credits',
            'partition by account_number, currency order by booked_period rows unbounded preceding') }} as closing
    from filled
)

select
    account_number,
    account_name,
    account_type,
    currency,
    booked_period,
    cast(closing - debits + credits as {{ t_money() }}) as opening,
    debits,
    credits,
    closing
from running
