-- One row per period, liability, wallet and currency: the liability by the latest time it can still be used.
--
-- within_12_months is what must be used or expire within twelve months of the period's end; no_expiry has
-- no contractual end. The three sum to the closing liability. The end is that of the phase the lot is in as the
-- period ends, the first one of a lot not yet released: credits that have rolled over count until then, credits
-- that still may until they must.

with

balances as (
    select * from {{ ref('int_lot_periods') }}
    where closing <> 0
),

lots as (
    select * from {{ ref('int_lots') }}
),

periods as (
    select * from {{ ref('stg_periods') }}
),

phases as (
    select * from {{ ref('int_lot_phases') }}
)

select
    balances.booked_period,
    lots.liability,
    lots.wallet,
    lots.currency,
    {{ sum_money('balances.closing') }} as amount,
    {{ sum_money(
        "case when phases.expires_at <= " ~ add_calendar('periods.ends_at', '12', "'month'")
        ~ " then balances.closing end") }} as within_12_months,
    {{ sum_money(
        "case when phases.expires_at > " ~ add_calendar('periods.ends_at', '12', "'month'")
        ~ " then balances.closing end") }} as beyond_12_months,
    {{ sum_money('case when phases.expires_at is null then balances.closing end') }} as no_expiry,
    max(phases.expires_at) as latest_expiry
from balances
inner join lots
    on balances.lot_no = lots.lot_no
inner join periods
    on balances.booked_period = periods.period
inner join phases
    on
        balances.lot_no = phases.lot_no
        and greatest(least(periods.ends_at, {{ as_of() }}), lots.usable_from) >= phases.usable_from
        and greatest(least(periods.ends_at, {{ as_of() }}), lots.usable_from) < phases.ends_at
group by balances.booked_period, lots.liability, lots.wallet, lots.currency
