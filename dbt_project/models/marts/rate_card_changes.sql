-- One row per card version, rate, wallet and step whose price is not that of the version it follows.
--
-- A rate is compared with the one of its id and, where there is none, with the most specific one that prices all it
-- prices: a card that no longer tells editions apart still moves the price of each. A price is compared per unit and in
-- whole numbers, however it is written. change is the new price over the old one less one. is_silent: the version moves
-- what a unit takes and no offer, so that the price of a credit stands still and what it buys does not. What has nothing
-- to be compared with is added or removed and has no change (decision 48).

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

rates as (
    select * from {{ source('config', 'rates') }}
),

matches as (
    select * from {{ source('config', 'rate_match') }}
),

of_new as (
    select
        pairs.version,
        rates.rate_no,
        rates.rate_id,
        rates.meter,
        rates.audience,
        rates.match_count
    from pairs
    inner join rates
        on pairs.version = rates.version
),

of_old as (
    select
        pairs.version,
        rates.rate_no,
        rates.rate_id,
        rates.meter,
        rates.audience,
        rates.match_count
    from pairs
    inner join rates
        on pairs.old_version = rates.version
),

same_id as (
    select
        of_new.version,
        of_old.rate_no as old_rate_no,
        of_new.rate_no as new_rate_no
    from of_new
    inner join of_old
        on
            of_new.version = of_old.version
            and of_new.rate_id = of_old.rate_id
            and of_new.meter = of_old.meter
),

{% for side, other in [('old', 'new'), ('new', 'old')] -%}
-- Rates of the {{ side }} card without one of their id, and what prices all they price in the {{ other }} one.
{{ side }}_covered as (
    select
        mine.version,
        mine.rate_no as {{ side }}_rate_no,
        theirs.rate_no as {{ other }}_rate_no,
        row_number() over (
            partition by mine.version, mine.rate_no
            order by theirs.match_count desc, theirs.rate_no asc
        ) as place
    from of_{{ side }} as mine
    inner join of_{{ other }} as theirs
        on
            mine.version = theirs.version
            and mine.meter = theirs.meter
            and coalesce(mine.audience, '') = coalesce(theirs.audience, '')
    where
        not exists (
            select 1 from same_id
            where
                same_id.version = mine.version
                and same_id.{{ side }}_rate_no = mine.rate_no
        )
        and not exists (
            select 1 from matches as asked
            where
                asked.rate_no = theirs.rate_no
                and not exists (
                    select 1 from matches as given
                    where
                        given.rate_no = mine.rate_no
                        and given.property = asked.property
                        and given.value = asked.value
                )
        )
),

{% endfor -%}
paired as (
    select * from same_id
    union all
    select
        version,
        old_rate_no,
        new_rate_no
    from old_covered
    where place = 1
    union all
    select
        new_covered.version,
        new_covered.old_rate_no,
        new_covered.new_rate_no
    from new_covered
    where
        new_covered.place = 1
        and not exists (
            select 1 from old_covered
            where
                old_covered.version = new_covered.version
                and old_covered.new_rate_no = new_covered.new_rate_no
                and old_covered.place = 1
        )
),

followed as (
    select * from paired
    union all
    select
        of_old.version,
        of_old.rate_no as old_rate_no,
        cast(null as int) as new_rate_no
    from of_old
    where
        not exists (
            select 1 from paired
            where
                paired.version = of_old.version
                and paired.old_rate_no = of_old.rate_no
        )
    union all
    select
        of_new.version,
        cast(null as int) as old_rate_no,
        of_new.rate_no as new_rate_no
    from of_new
    where
        not exists (
            select 1 from paired
            where
                paired.version = of_new.version
                and paired.new_rate_no = of_new.rate_no
        )
),

named as (
    select
        followed.version,
        pairs.old_version,
        pairs.effective_from,
        followed.old_rate_no,
        followed.new_rate_no,
        case
            when old_rates.rate_id is null then new_rates.rate_id
            when old_rates.match_count < new_rates.match_count then new_rates.rate_id
            else old_rates.rate_id
        end as rate_id,
        coalesce(new_rates.rate_id, old_rates.rate_id) as priced_by,
        coalesce(new_rates.meter, old_rates.meter) as meter
    from followed
    inner join pairs
        on followed.version = pairs.version
    left join rates as old_rates
        on followed.old_rate_no = old_rates.rate_no
    left join rates as new_rates
        on followed.new_rate_no = new_rates.rate_no
),

priced as (
    select
        rate_no,
        wallet,
        step_no,
        credits,
        per,
        quanta_numerator as numerator,
        quanta_denominator as denominator
    from {{ source('config', 'rate_prices') }}
    union all
    select
        rate_no,
        'overage ' || overage_currency as wallet,
        1 as step_no,
        overage_amount as credits,
        overage_per as per,
        overage_numerator as numerator,
        overage_denominator as denominator
    from rates
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
        coalesce(new_offers.price_amount, -1) <> coalesce(old_offers.price_amount, -1)
        or coalesce(new_offers.price_currency, '') <> coalesce(old_offers.price_currency, '')
        or coalesce(new_offers.wallet, '') <> coalesce(old_offers.wallet, '')
        or coalesce(new_offers.credits, -1) <> coalesce(old_offers.credits, -1)
),

both_versions as (
    {% for side in ['old', 'new'] -%}
    select
        named.version,
        named.old_version,
        named.effective_from,
        named.rate_id,
        named.priced_by,
        named.meter,
        priced.wallet,
        priced.step_no,
        {% for other in ['old', 'new'] -%}
        {% for column in ['credits', 'per', 'numerator', 'denominator'] -%}
        {{ 'priced.' ~ column if other == side else 'null' }} as {{ other }}_{{ column }}{{ ',' if not (other == 'new' and loop.last) }}
        {% endfor -%}
        {% endfor %}
    from named
    inner join priced
        on named.{{ side }}_rate_no = priced.rate_no
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

compared as (
    select
        version,
        old_version,
        effective_from,
        rate_id,
        priced_by,
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
    group by version, old_version, effective_from, rate_id, priced_by, meter, wallet, step_no
)

select
    compared.old_version,
    compared.version,
    compared.effective_from,
    compared.rate_id,
    compared.priced_by,
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
