-- One row per currency and stretch of days: its rate to the functional currency.
--
-- A day without a rate takes the last one before it, never one from the future; time before the first
-- rate has none, and what needs it fails a test. The functional currency itself is 1, always.

with

book as (
    select * from {{ source('config', 'book') }}
),

rates as (
    select
        currency,
        cast(rate_date as timestamp) as rate_from,
        rate
    from {{ source('feeds', 'fx_rates') }}
)

select
    currency,
    rate_from,
    coalesce(lead(rate_from) over (partition by currency order by rate_from), {{ end_of_time() }}) as rate_to,
    cast(rate as decimal(28, 12)) as rate
from rates
where currency not in (select book.functional_currency from book)
union all
select
    functional_currency as currency,
    {{ start_of_time() }} as rate_from,
    {{ end_of_time() }} as rate_to,
    cast(1 as decimal(28, 12)) as rate
from book
