-- One row per card version, rate, wallet and step whose price is not that of the version it follows.
--
-- A price is compared per unit and in whole numbers, however it is written. change is the new price over the old one
-- less one. is_silent: the version moves what a unit takes and no offer, so that the price of a credit stands still and
-- what it buys does not. Rates that come or go are added or removed and have no change.

with

versions as (
    select * from {{ source('config', 'rate_card_versions') }}
    where published_at < {{ as_of() }}
),

pairs as (
    select
        version,
        effective_from,
        coalesce(corrects, supersedes) as old_version
    from versions
    where coalesce(corrects, supersedes) is not null
),

priced as (
    select
        rates.version,
        rates.rate_id,
        rates.meter,
        prices.wallet,
        prices.step_no,
        prices.credits,
        prices.per,
        prices.quanta_numerator as numerator,
        prices.quanta_denominator as denominator
    from {{ source('config', 'rates') }} as rates
    inner join {{ source('config', 'rate_prices') }} as prices
        on rates.rate_no = prices.rate_no
    union all
    select
        version,
        rate_id,
        meter,
        'overage ' || overage_currency as wallet,
        1 as step_no,
        overage_amount as credits,
        overage_per as per,
        overage_numerator as numerator,
        overage_denominator as denominator
    from {{ source('config', 'rates') }}
    where overage_numerator is not null
),

offered as (
    select
        offers.version,
        offers.offer,
        offers.price_amount,
        offers.price_currency,
        grants.grant_no,
        grants.wallet,
        grants.credits
    from {{ source('config', 'offers') }} as offers
    inner join {{ source('config', 'offer_grants') }} as grants
        on
            offers.version = grants.version
            and offers.offer = grants.offer
),

moved_offers as (
    select distinct pairs.version
    from pairs
    inner join offered as new_offers
        on pairs.version = new_offers.version
    inner join offered as old_offers
        on
            pairs.old_version = old_offers.version
            and new_offers.offer = old_offers.offer
            and new_offers.grant_no = old_offers.grant_no
    where
        new_offers.price_amount is distinct from old_offers.price_amount
        or new_offers.price_currency is distinct from old_offers.price_currency
        or new_offers.wallet is distinct from old_offers.wallet
        or new_offers.credits is distinct from old_offers.credits
),

both_versions as (
    select
        pairs.version,
        pairs.old_version,
        pairs.effective_from,
        priced.rate_id,
        priced.meter,
        priced.wallet,
        priced.step_no,
        priced.credits as new_credits,
        priced.per as new_per,
        priced.numerator as new_numerator,
        priced.denominator as new_denominator,
        null as old_credits,
        null as old_per,
        null as old_numerator,
        null as old_denominator
    from pairs
    inner join priced
        on pairs.version = priced.version
    union all
    select
        pairs.version,
        pairs.old_version,
        pairs.effective_from,
        priced.rate_id,
        priced.meter,
        priced.wallet,
        priced.step_no,
        null as new_credits,
        null as new_per,
        null as new_numerator,
        null as new_denominator,
        priced.credits as old_credits,
        priced.per as old_per,
        priced.numerator as old_numerator,
        priced.denominator as old_denominator
    from pairs
    inner join priced
        on pairs.old_version = priced.version
),

compared as (
    select
        version,
        old_version,
        effective_from,
        rate_id,
        meter,
        wallet,
        step_no,
        {% for side in ['old', 'new'] -%}
        max({{ side }}_credits) as {{ side }}_credits,
        max({{ side }}_per) as {{ side }}_per,
        max({{ side }}_numerator) as {{ side }}_numerator,
        max({{ side }}_denominator) as {{ side }}_denominator{{ ',' if not loop.last }}
        {% endfor %}
    from both_versions
    group by version, old_version, effective_from, rate_id, meter, wallet, step_no
)

select
    compared.old_version,
    compared.version,
    compared.effective_from,
    compared.rate_id,
    compared.meter,
    compared.wallet,
    cast(compared.step_no as int) as step_no,
    case
        when compared.old_numerator is null then 'added'
        when compared.new_numerator is null then 'removed'
        else 'changed'
    end as kind,
    cast(compared.old_credits as {{ t_amount() }}) as old_credits,
    cast(compared.old_per as {{ t_amount() }}) as old_per,
    cast(compared.new_credits as {{ t_amount() }}) as new_credits,
    cast(compared.new_per as {{ t_amount() }}) as new_per,
    case
        when compared.old_numerator > 0 and compared.new_numerator is not null
            then cast({{ from_billionths(muldiv_round(
                as_whole('compared.new_numerator') ~ ' * ' ~ as_whole('compared.old_denominator'),
                '1000000000',
                as_whole('compared.new_denominator') ~ ' * ' ~ as_whole('compared.old_numerator'))) }} - 1 as {{ t_amount() }})
    end as change,
    moved_offers.version is null as is_silent
from compared
left join moved_offers
    on compared.version = moved_offers.version
where
    compared.old_numerator is null
    or compared.new_numerator is null
    or {{ as_whole('compared.new_numerator') }} * {{ as_whole('compared.old_denominator') }}
    <> {{ as_whole('compared.old_numerator') }} * {{ as_whole('compared.new_denominator') }}
