-- One row per lot: credits, the consideration actually earned for them, and the window it was granted with.
--
-- Consideration is frozen at inception: the net amount of what was bought, shared over its earning lots by
-- credits, or by what the credits expected to be used would be sold for alone (decision 24), each share the
-- difference of two rounded running totals so that they sum to the amount. Given lots (promo, goodwill,
-- included) carry nothing (ACCOUNTING 1, 4). What came from one payment is converted
-- at the rate of the day it was paid, whenever its lots start: together they carry what was received.
--
-- A lot is booked when it is granted, or in the first open period after: from then on it is deferred. It can be
-- used from its effective_at on, never before it is booked: it cannot pay for usage of a closed period. What
-- becomes of its window, and its place in burn order, is in int_lot_phases.
--
-- A reset that fills a lot up grants credits: a lot of its own, given for nothing, which lives and burns as the
-- lot it fills (parent_lot_id) does. Its credits here are the most it can be; int_lot_grants has what it got
-- (decision 14).
--
-- A transfer grants its credits anew where they go: a lot of its own with the kind, end and priority of the one
-- they come from (transferred_from), which may itself have been transferred. What arrives, and the consideration
-- that moves along, follow from the burn-down: int_lots has the most it can be and no consideration,
-- int_lot_values what came of it (decision 17). A reprice does the same inside a wallet (decision 21).

with

book as (
    select
        book.functional_currency,
        coalesce(currencies.minor_units, 2) as functional_minor_units
    from {{ source('config', 'book') }} as book
    left join {{ source('config', 'currencies') }} as currencies
        on book.functional_currency = currencies.currency
),

customers as (
    select * from {{ ref('stg_customers') }}
),

wallets as (
    select * from {{ source('config', 'wallets') }}
),

currencies as (
    select * from {{ source('config', 'currencies') }}
),

sold as (
    select * from {{ ref('int_lots__from_payments') }}
    union all
    select * from {{ ref('int_lots__from_subscriptions') }}
    union all
    select * from {{ ref('int_lots__from_grants') }}
),

extensions as (
    select
        lot_id,
        booked_at,
        new_expires_at
    from {{ ref('stg_lot_events') }}
    where kind = 'extend'
),

transfers as (
    select
        events.lot_event_id,
        events.lot_id,
        events.occurred_at,
        events.booked_at,
        events.credits,
        events.to_customer_id,
        events.to_wallet,
        events.rate,
        greatest(events.new_expires_at, max(extensions.new_expires_at)) as extended_to
    from {{ ref('stg_lot_events') }} as events
    left join extensions
        on
            events.lot_id = extensions.lot_id
            and events.booked_at >= extensions.booked_at
    where events.kind in ('transfer', 'reprice')
    group by
        events.lot_event_id,
        events.lot_id,
        events.occurred_at,
        events.booked_at,
        events.credits,
        events.to_customer_id,
        events.to_wallet,
        events.rate,
        events.new_expires_at
),

granted as (
    with recursive

    chain as (
        select
            sold.*,
            cast(null as string) as transferred_from,
            sold.booked_at as sold_at,
            sold.granted_at as bought_at
        from sold
        union all
        select
            chain.lot_id || ':' || transfers.lot_event_id as lot_id,
            'transfer' as origin,
            transfers.lot_event_id as origin_id,
            coalesce(transfers.to_customer_id, chain.customer_id) as customer_id,
            to_wallets.wallet,
            chain.kind,
            {{ converted_credits(
                'coalesce(transfers.credits, chain.credits)', 'transfers.rate', 'to_wallets.precision', 'to_wallets.rounding') }} as credits,
            false as earns,
            {{ zero_money() }} as origin_amount,
            coalesce(
                chain.origin_currency,
                case when wallets.is_money then wallets.currency end,
                book.functional_currency
            ) as origin_currency,
            transfers.occurred_at as valued_at,
            transfers.occurred_at as granted_at,
            greatest(transfers.booked_at, chain.booked_at) as booked_at,
            greatest(transfers.occurred_at, chain.effective_at) as effective_at,
            greatest(transfers.booked_at, chain.usable_from) as usable_from,
            chain.received_at,
            case
                when chain.expires_at is not null
                    then greatest(chain.expires_at, coalesce(transfers.extended_to, chain.expires_at))
            end as expires_at,
            chain.priority,
            cast(null as string) as offer,
            cast(null as string) as payment_id,
            cast(null as string) as subscription_id,
            cast(null as int) as subscription_period,
            cast(null as string) as card_version,
            cast(null as int) as grant_no,
            cast(null as {{ t_credits() }}) as quantity,
            cast(null as {{ t_amount() }}) as ssp,
            cast(null as {{ t_amount() }}) as expected_use,
            chain.lot_id as transferred_from,
            chain.sold_at,
            chain.bought_at
        from chain
        inner join transfers
            on chain.lot_id = transfers.lot_id
        inner join wallets
            on chain.wallet = wallets.wallet
        inner join wallets as to_wallets
            on coalesce(transfers.to_wallet, chain.wallet) = to_wallets.wallet
        cross join book
    )

    select * from chain
),

resets as (
    select
        lot_event_id,
        lot_id,
        occurred_at,
        booked_at,
        least(least, most) as most_refilled
    from {{ ref('stg_lot_events') }}
    where kind = 'reset' and least > 0
),

lots as (
    select
        granted.*,
        cast(null as string) as parent_lot_id
    from granted
    union all
    select
        granted.lot_id || ':' || resets.lot_event_id as lot_id,
        'reset' as origin,
        resets.lot_event_id as origin_id,
        granted.customer_id,
        granted.wallet,
        case when granted.kind in ('paid', 'bonus') then 'included' else granted.kind end as kind,
        resets.most_refilled as credits,
        false as earns,
        {{ zero_money() }} as origin_amount,
        granted.origin_currency,
        resets.occurred_at as valued_at,
        resets.occurred_at as granted_at,
        greatest(resets.booked_at, granted.usable_from) as booked_at,
        resets.occurred_at as effective_at,
        greatest(resets.booked_at, granted.usable_from) as usable_from,
        granted.received_at,
        granted.expires_at,
        granted.priority,
        cast(null as string) as offer,
        cast(null as string) as payment_id,
        cast(null as string) as subscription_id,
        cast(null as int) as subscription_period,
        cast(null as string) as card_version,
        cast(null as int) as grant_no,
        cast(null as {{ t_credits() }}) as quantity,
        cast(null as {{ t_amount() }}) as ssp,
        cast(null as {{ t_amount() }}) as expected_use,
        cast(null as string) as transferred_from,
        granted.sold_at,
        resets.occurred_at as bought_at,
        granted.lot_id as parent_lot_id
    from granted
    inner join resets
        on granted.lot_id = resets.lot_id
    where resets.most_refilled > 0
),

-- What is decided about lots bought together is decided when the first of them is booked.
bought as (
    select
        *,
        min(booked_at) over (partition by origin, origin_id) as inception_at
    from lots
),

valued as (
    select
        bought.*,
        max(case when bought.earns and {{ policy_setting('bonus_credits', 'method') }} = 'ssp' then 1 else 0 end)
            over (partition by bought.origin, bought.origin_id) = 1
        and sum(case when bought.earns then 1 else 0 end) over (partition by bought.origin, bought.origin_id) > 1
            as shares_by_price,
        coalesce(bought.ssp, {{ policy_setting('ssp', 'amount') }}) as price_alone,
        case when bought.ssp is null then book.functional_currency else bought.origin_currency end as price_alone_currency,
        coalesce(bought.expected_use, {{ policy_setting('ssp', 'expected_use') }}, 1) as use_expected
    from bought
    cross join book
    {{ join_policies('bonus_credits', 'bought', period_of('bought.inception_at'), 'bought.inception_at') | indent(4) }}
    {{ join_policies('ssp', 'bought', period_of('bought.inception_at'), 'bought.inception_at') | indent(4) }}
),

weighed as (
    select
        *,
        cast(case
            when not earns then 0
            when shares_by_price then coalesce({{ times(times('credits', 'price_alone'), 'use_expected') }}, 0)
            else credits
        end as {{ t_credits() }}) as weight
    from valued
),

running as (
    select
        *,
        {{ sum_credits('weight', 'partition by origin, origin_id order by lot_id rows unbounded preceding') }} as weight_to,
        {{ sum_credits('weight', 'partition by origin, origin_id') }} as weight_total
    from weighed
),

priced as (
    select
        running.*,
        book.functional_minor_units,
        wallets.rank as wallet_rank,
        wallets.level as wallet_level,
        wallets.liability,
        coalesce(
            running.origin_currency,
            case when wallets.is_money then wallets.currency end,
            book.functional_currency
        ) as currency
    from running
    cross join book
    inner join wallets
        on running.wallet = wallets.wallet
),

converted as (
    select
        priced.*,
        coalesce(currencies.minor_units, 2) as minor_units,
        {{ to_money('priced.origin_amount', 'coalesce(currencies.minor_units, 2)') }} as origin_money,
        {{ functional('priced.origin_amount', 'fx.rate', 'priced.functional_minor_units') }} as origin_functional
    from priced
    left join currencies
        on priced.currency = currencies.currency
    {{ join_fx_rate('priced.currency', 'priced.valued_at') }}
),

considered as (
    select
        converted.*,
        {%- for column, amount, minor in [
            ('consideration', 'origin_money', 'minor_units'),
            ('functional_consideration', 'origin_functional', 'functional_minor_units')] %}
        cast(
            {{ settled_to_date(amount, 'weight_to', 'weight_total', minor) }}
            - {{ settled_to_date(amount, 'cast(weight_to - weight as ' ~ t_credits() ~ ')', 'weight_total', minor) }}
            as {{ t_money() }}
        ) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from converted
),

keyed as (
    select
        considered.*,
        customers.pool_id,
        customers.pool_no,
        {{ node_no('customers.pool_no', 'considered.wallet_rank') }} as node_no
    from considered
    inner join customers
        on considered.customer_id = customers.customer_id
)

select
    cast(row_number() over (order by lot_id) as bigint) as lot_no,
    lot_id,
    node_no,
    pool_no,
    pool_id,
    customer_id,
    wallet,
    wallet_rank,
    wallet_level,
    kind,
    credits,
    consideration,
    currency,
    minor_units,
    functional_consideration,
    functional_minor_units,
    liability,
    granted_at,
    booked_at,
    effective_at,
    usable_from,
    received_at,
    expires_at,
    priority,
    origin,
    origin_id,
    offer,
    payment_id,
    subscription_id,
    subscription_period,
    card_version,
    grant_no,
    quantity,
    parent_lot_id,
    transferred_from,
    {{ period_of('sold_at') }} as sold_period,
    bought_at,
    {% for value, name in [
        ('price_alone', 'ssp'), ('price_alone_currency', 'ssp_currency'), ('use_expected', 'expected_use')] -%}
    case when shares_by_price and earns and price_alone is not null then {{ value }} end as {{ name }},
    {% endfor -%}
    shares_by_price and earns as shares_by_price,
    {{ period_of('booked_at') }} as booked_period
from keyed
where credits > 0
