-- One row per posting of what belongs to a supplier of usage sold as agent: Dr suppliers' share, Cr supplier payable.
--
-- Revenue is posted gross, and the supplier's part is taken off it on an account of its own, so that gross, cost and
-- net can each be read (ACCOUNTING 9). The payable is a credit until accounts payable books the supplier's bill.

with

shares as (
    select
        wallet,
        currency,
        booked_period,
        {{ sum_money('cost') }} as amount
    from {{ ref('int_supplier_costs') }}
    where is_agent
    group by wallet, currency, booked_period
),

book as (
    select coalesce(currencies.minor_units, 2) as functional_minor_units
    from {{ source('config', 'book') }} as book
    left join {{ source('config', 'currencies') }} as currencies
        on book.functional_currency = currencies.currency
),

converted as (
    select
        shares.*,
        {{ functional('shares.amount', 'fx.rate', 'book.functional_minor_units') }} as functional_amount
    from shares
    cross join book
    {{ join_fx_rate('shares.currency', 'cast(shares.booked_period as timestamp)') }}
)

select
    'supplier share' as cause,
    booked_period,
    'supplier_share' as account_role,
    wallet,
    currency,
    amount,
    functional_amount
from converted
union all
select
    'supplier share' as cause,
    booked_period,
    'supplier_payable' as account_role,
    wallet,
    currency,
    -amount as amount,
    -functional_amount as functional_amount
from converted
