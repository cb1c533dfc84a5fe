-- Fails for a month and currency in which the payments that move cash in transit, added up one by one, are not what is
-- posted there.

with

facts as (
    select
        booked_period,
        currency,
        sum(amount - fee_amount) as amount,
        sum(functional_amount - fee_functional) as functional_amount
    from {{ ref('int_cash_facts') }}
    group by booked_period, currency
),

posted as (
    select
        booked_period,
        currency,
        sum(amount) as amount,
        sum(functional_amount) as functional_amount
    from {{ ref('int_postings') }}
    where account_role = 'cash_in_transit'
    group by booked_period, currency
)

select
    coalesce(facts.booked_period, posted.booked_period) as booked_period,
    coalesce(facts.currency, posted.currency) as currency,
    facts.amount,
    posted.amount as posted_amount
from facts
full outer join posted
    on
        facts.booked_period = posted.booked_period
        and facts.currency = posted.currency
where
    coalesce(facts.amount, 0) <> coalesce(posted.amount, 0)
    or coalesce(facts.functional_amount, 0) <> coalesce(posted.functional_amount, 0)
