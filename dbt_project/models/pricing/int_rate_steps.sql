-- One row per rate with tiers, place in its chain and price step.
--
-- price_to_step is what everything below the step costs, in quanta times billionths times the denominator,
-- which the steps of a price share: the price of a running quantity in the step is price_to_step plus the
-- part of it charged above charged_to_step. Charged are whole packages where the rate has them (package_size).
-- tier_no is one number per rate id and meter: a rate that goes on in the next version, or that a contract
-- lowers, goes on counting.

with

rates as (
    select
        *,
        cast(dense_rank() over (order by meter, counts_as) as int) as tier_no
    from {{ source('config', 'rates') }}
    where tiers is not null
),

prices as (
    select * from {{ source('config', 'rate_prices') }}
),

chain as (
    select * from {{ ref('int_rate_chain') }}
),

steps as (
    select
        rates.rate_no,
        rates.tier_no,
        prices.position,
        prices.step_no,
        prices.step_from,
        prices.step_to,
        prices.quanta_numerator as numerator,
        prices.quanta_denominator as denominator,
        chain.quantum,
        chain.rounding,
        case rates.tiers when 'package' then prices.per end as package_size
    from rates
    inner join prices
        on rates.rate_no = prices.rate_no
    inner join chain
        on
            prices.rate_no = chain.rate_no
            and prices.position = chain.position
),

charged as (
    select
        *,
        {{ charged_of('step_from', 'package_size') }} as charged_to_step,
        {{ charged_of('step_to', 'package_size') }} as charged_to_next
    from steps
)

select
    rate_no,
    tier_no,
    cast(position as int) as position,
    step_no,
    step_from,
    coalesce(step_to, {{ most_credits() }}) as step_to,
    quantum,
    rounding,
    {{ price_forms('numerator', 'denominator', '', 'rounding') }},
    package_size,
    charged_to_step,
    -- Only the last step has no end, and nothing comes after it.
    cast(coalesce(
        sum({{ billionths('charged_to_next - charged_to_step') }} * {{ as_whole('numerator') }}) over (
            partition by rate_no, position
            order by step_no
            rows between unbounded preceding and 1 preceding
        ),
        0
    ) as {{ t_whole() }}) as price_to_step
from charged
