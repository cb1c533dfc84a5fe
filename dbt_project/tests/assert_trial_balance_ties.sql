-- Fails where the accounts do not sum to zero, or a liability account differs from the roll-forward.

with

accounts as (
    select
        currency,
        booked_period,
        sum(closing) as closing
    from {{ ref('trial_balance') }}
    group by currency, booked_period
),

liability_accounts as (
    select
        trial_balance.account_number,
        trial_balance.currency,
        trial_balance.booked_period,
        -trial_balance.closing as closing
    from {{ ref('trial_balance') }} as trial_balance
    where
        trial_balance.account_number in (
            select lines.account_number from {{ ref('journal_lines') }} as lines
            where
                lines.account_role in (
                    select rollforward.liability
                    from {{ ref('liability_rollforward') }} as rollforward
                )
        )
),

role_accounts as (
    select
        account_role,
        max(account_number) as account_number
    from {{ ref('journal_lines') }}
    group by account_role
),

expected as (
    select
        role_accounts.account_number,
        rollforward.currency,
        rollforward.booked_period,
        sum(rollforward.closing) as closing
    from {{ ref('liability_rollforward') }} as rollforward
    inner join role_accounts
        on rollforward.liability = role_accounts.account_role
    group by role_accounts.account_number, rollforward.currency, rollforward.booked_period
)

select
    'all accounts' as account_number,
    currency,
    booked_period,
    closing as difference
from accounts
where closing <> 0
union all
select
    coalesce(liability_accounts.account_number, expected.account_number) as account_number,
    coalesce(liability_accounts.currency, expected.currency) as currency,
    coalesce(liability_accounts.booked_period, expected.booked_period) as booked_period,
    coalesce(liability_accounts.closing, 0) - coalesce(expected.closing, 0) as difference
from liability_accounts
full outer join expected
    on
        liability_accounts.account_number = expected.account_number
        and liability_accounts.currency = expected.currency
        and liability_accounts.booked_period = expected.booked_period
where coalesce(liability_accounts.closing, 0) <> coalesce(expected.closing, 0)
