-- One row per lot: credits, the consideration actually earned for them, window, and place in burn order.
--
-- Consideration is frozen at inception: the net amount of what was bought, shared over its earning lots by
-- credits, each share the difference of two rounded running totals so that they sum to the amount. Given
-- lots (promo, goodwill, included) carry nothing (ACCOUNTING 1, 4). What came from one payment is converted
-- at the rate of the day it was paid, whenever its lots start: together they carry what was received.
--
-- A lot is booked when it is granted, or in the first open period after: from then on it is deferred. It can be
-- used from its effective_at on, never before it is booked: it cannot pay for usage of a closed period.
-- burn_rank is total: ties end at lot_id.

with

lots as (
    select * from {{ ref('int_lots__from_payments') }}
    union all
    select * from {{ ref('int_lots__from_subscriptions') }}
    union all
    select * from {{ ref('int_lots__from_grants') }}
),

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

kind_order as (
    select * from {{ source('config', 'kind_order') }}
),

weighed as (
    select
        lots.*,
        case when lots.earns then lots.credits else {{ zero_credits() }} end as weight
    from lots
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
),

-- Each wallet's sort keys, in order, as numbers that sort ascending (decision 6).
sort_values as (
    select
        keyed.lot_id,
        keys.position,
        case when keys.is_descending then -1 else 1 end
        * case keys.key
            when 'priority' then cast(keyed.priority as decimal(38, 9))
            when 'expires_at' then cast({{ sortable_instant('coalesce(keyed.expires_at, ' ~ end_of_time() ~ ')') }} as decimal(38, 9))
            when 'effective_at' then cast({{ sortable_instant('keyed.effective_at') }} as decimal(38, 9))
            when 'received_at' then cast({{ sortable_instant('keyed.received_at') }} as decimal(38, 9))
            when 'kind' then cast(kind_order.kind_rank as decimal(38, 9))
            when 'credits' then cast(keyed.credits as decimal(38, 9))
            when 'unit_value' then cast({{ unit_value('keyed.consideration', 'keyed.credits') }} as decimal(38, 9))
        end as sort_value
    from keyed
    inner join {{ source('config', 'burn_order_keys') }} as keys
        on keyed.wallet = keys.wallet
    left join kind_order
        on
            keyed.wallet = kind_order.wallet
            and keyed.kind = kind_order.kind
    where keys.key <> 'lot_id'
),

sort_keys as (
    select
        lot_id,
        {% for place in range(1, 9) -%}
            max(case when position = {{ place }} then sort_value end) as sort_{{ place }}{{ ',' if not loop.last }}
        {% endfor %}
    from sort_values
    group by lot_id
)

select
    cast(row_number() over (order by keyed.lot_id) as bigint) as lot_no,
    keyed.lot_id,
    keyed.node_no,
    keyed.pool_no,
    keyed.pool_id,
    keyed.customer_id,
    keyed.wallet,
    keyed.wallet_rank,
    keyed.wallet_level,
    keyed.kind,
    keyed.credits,
    keyed.consideration,
    keyed.currency,
    keyed.minor_units,
    keyed.functional_consideration,
    keyed.functional_minor_units,
    keyed.liability,
    keyed.granted_at,
    keyed.booked_at,
    keyed.effective_at,
    keyed.usable_from,
    keyed.expires_at,
    keyed.priority,
    keyed.origin,
    keyed.origin_id,
    keyed.offer,
    keyed.payment_id,
    keyed.subscription_id,
    keyed.subscription_period,
    keyed.card_version,
    {{ period_of('keyed.booked_at') }} as booked_period,
    cast(row_number() over (
        partition by keyed.node_no
        order by
            {% for place in range(1, 9) -%}
                sort_keys.sort_{{ place }} nulls last,
            {% endfor %}
            keyed.lot_id
    ) as bigint) as burn_rank
from keyed
left join sort_keys
    on keyed.lot_id = sort_keys.lot_id
where keyed.credits > 0
