-- One row per rate and place in its chain: the wallet and the exact price of one unit there.
--
-- The price is a fraction of the wallet's quanta (its smallest unit): numerator / denominator, in lowest
-- terms, from the price as written, never pre-divided. The overage price is the same kind of fraction, in
-- billionths of its currency; null where the rate has none. Each price also comes in cheaper forms where
-- they are exact (price_forms). Of a price with tiers this is the first step: int_rate_steps has them all.
-- A rate with nothing but an overage price has one place without a wallet, where all of an event is billed
-- afterwards: its cost there is money.

with

rates as (
    select * from {{ source('config', 'rates') }}
),

in_wallets as (
    select
        rate_no,
        position,
        wallet,
        quanta_numerator,
        quanta_denominator
    from {{ source('config', 'rate_prices') }}
    where step_no = 1
),

prices as (
    select * from in_wallets
    union all
    select
        rates.rate_no,
        1 as position,
        cast(null as string) as wallet,
        rates.overage_numerator as quanta_numerator,
        rates.overage_denominator as quanta_denominator
    from rates
    where
        not exists (
            select 1 from in_wallets
            where in_wallets.rate_no = rates.rate_no
        )
),

wallets as (
    select * from {{ source('config', 'wallets') }}
)

select
    prices.rate_no,
    cast(prices.position as int) as position,
    cast(count(*) over (partition by prices.rate_no) as int) as chain_length,
    prices.wallet,
    wallets.rank as wallet_rank,
    wallets.level as wallet_level,
    {{ quantum('wallets.precision') }} as quantum,
    wallets.rounding,
    rates.tiers is not null as is_tiered,
    {{ price_forms('prices.quanta_numerator', 'prices.quanta_denominator', '', 'wallets.rounding') }},
    {{ price_forms('rates.overage_numerator', 'rates.overage_denominator', 'overage_') }},
    rates.overage_currency
from prices
inner join rates
    on prices.rate_no = rates.rate_no
left join wallets
    on prices.wallet = wallets.wallet
