-- Fails for a posting whose account role has no account in force at the end of its period.

select
    cause,
    booked_period,
    account_role,
    currency,
    amount
from {{ ref('int_postings') }} as postings
where
    not exists (
        select 1 from {{ ref('journal_lines') }} as lines
        where
            lines.booked_period = postings.booked_period
            and lines.account_role = postings.account_role
            and lines.currency = postings.currency
    )
