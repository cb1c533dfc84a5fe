-- Fails for a lot that shares a price by stand-alone prices and has none, or has one in another currency than what
-- it was bought with: neither its grant nor the policy ssp says what its credits would be sold for alone.

with

shared as (
    select
        lot_id,
        wallet,
        offer,
        ssp,
        ssp_currency,
        min(ssp_currency) over (partition by origin, origin_id) as other_currency
    from {{ ref('int_lots') }}
    where shares_by_price
)

select *
from shared
where
    ssp is null
    or ssp_currency <> other_currency
