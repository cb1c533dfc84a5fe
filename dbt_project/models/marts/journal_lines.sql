-- One row per line of a journal: one journal per period, cause and currency, balanced.
--
-- A journal sums what its cause posted in the period; `posting_group` is the key back to the lots behind
-- a line (wallet, for lines of a liability or of revenue).

with

postings as (
    select * from {{ ref('int_postings') }}
),

accounts as (
    select * from {{ source('config', 'accounts') }}
),

periods as (
    select * from {{ ref('stg_periods') }}
),

-- The account a role maps to is the latest mapping in force at the end of the period.
mapped as (
    select
        postings.*,
        accounts.number as account_number,
        accounts.name as account_name,
        accounts.account_type,
        row_number() over (
            partition by postings.cause, postings.booked_period, postings.account_role, postings.wallet, postings.currency
            order by accounts.effective_from desc
        ) as recency
    from postings
    inner join accounts
        on
            postings.account_role = accounts.role
            and accounts.effective_from < {{ next_period('postings.booked_period') }}
),

final as (
    select
        mapped.*,
        periods.ends_at
    from mapped
    inner join periods
        on mapped.booked_period = periods.period
    where mapped.recency = 1
)

select
    {{ period_label('booked_period') }} || '/' || cause || '/' || currency as journal_id,
    cast(row_number() over (
        partition by booked_period, cause, currency
        order by case when amount > 0 then 1 else 2 end, account_number, account_role, wallet nulls first
    ) as int) as line_no,
    booked_period,
    {{ period_end_date('booked_period') }} as effective_date,
    account_role,
    account_number,
    account_name,
    account_type,
    case when amount > 0 then amount else {{ zero_money() }} end as debit,
    case when amount < 0 then cast(-amount as {{ t_money() }}) else {{ zero_money() }} end as credit,
    currency,
    case when functional_amount > 0 then functional_amount else {{ zero_money() }} end as functional_debit,
    case when functional_amount < 0 then cast(-functional_amount as {{ t_money() }}) else {{ zero_money() }} end as functional_credit,
    cast(null as string) as customer_id,
    wallet,
    cause || coalesce(': ' || wallet, '') as posting_group,
    cause || coalesce(', ' || wallet, '') || ', ' || {{ period_label('booked_period') }} as memo,
    'creditbooks' as source
from final
