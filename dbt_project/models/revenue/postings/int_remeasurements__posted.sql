-- One row per posting of an exchange difference on what is owed in a foreign currency, to us or by us.
--
-- Receivables, payables and money not yet applied are monetary: at the end of a period they stand at its
-- rate (ASC 830-20-35-1, IAS 21.23). Dr or Cr the account for the difference, the other side is exchange gain or
-- loss; the balance in the currency itself does not move. One rule for what is still open and for what was settled
-- at another rate: an account that is empty in its currency is empty in the functional one (decision 30). Contract
-- liabilities are not monetary and keep the rate of the day they were paid for.

with

postings as (
    select * from {{ ref('int_postings__transacted') }}
),

book as (
    select
        book.functional_currency,
        coalesce(currencies.minor_units, 2) as functional_minor_units
    from {{ source('config', 'book') }} as book
    left join {{ source('config', 'currencies') }} as currencies
        on book.functional_currency = currencies.currency
),

periods as (
    select
        period,
        {{ just_before('least(ends_at, ' ~ as_of() ~ ')') }} as last_instant
    from {{ ref('stg_periods') }}
),

movements as (
    select
        postings.account_role,
        postings.wallet,
        postings.currency,
        postings.booked_period,
        {{ sum_money('postings.amount') }} as amount,
        {{ sum_money('postings.functional_amount') }} as functional_amount
    from postings
    cross join book
    where
        postings.account_role in ({{ monetary_roles() }})
        and postings.currency <> book.functional_currency
    group by postings.account_role, postings.wallet, postings.currency, postings.booked_period
),

spans as (
    select
        account_role,
        wallet,
        currency,
        min(booked_period) as first_period
    from movements
    group by account_role, wallet, currency
),

filled as (
    select
        spans.account_role,
        spans.wallet,
        spans.currency,
        periods.period as booked_period,
        periods.last_instant,
        coalesce(movements.amount, {{ zero_money() }}) as amount,
        coalesce(movements.functional_amount, {{ zero_money() }}) as functional_amount
    from spans
    inner join periods
        on spans.first_period <= periods.period
    left join movements
        on
            spans.account_role = movements.account_role
            and spans.wallet is not distinct from movements.wallet
            and spans.currency = movements.currency
            and periods.period = movements.booked_period
),

{% set of_account = 'partition by account_role, wallet, currency order by booked_period' -%}
running as (
    select
        *,
        {{ sum_money('amount', of_account ~ ' rows unbounded preceding') }} as balance
    from filled
),

measured as (
    select
        running.*,
        case
            when running.balance = 0 then {{ zero_money() }}
            else {{ functional('running.balance', 'fx.rate', 'book.functional_minor_units') }}
        end as functional_balance
    from running
    cross join book
    {{ join_fx_rate('running.currency', 'running.last_instant') }}
),

differences as (
    select
        account_role,
        wallet,
        currency,
        booked_period,
        cast(
            functional_balance - coalesce(lag(functional_balance) over ({{ of_account }}), 0) - functional_amount
            as {{ t_money() }}
        ) as difference
    from measured
)

select
    'exchange differences' as cause,
    booked_period,
    account_role,
    wallet,
    currency,
    {{ zero_money() }} as amount,
    difference as functional_amount
from differences
where difference <> 0
union all
select
    'exchange differences' as cause,
    booked_period,
    'fx_gain_loss' as account_role,
    cast(null as string) as wallet,
    currency,
    {{ zero_money() }} as amount,
    {{ sum_money('-difference') }} as functional_amount
from differences
group by booked_period, currency
having sum(difference) <> 0
