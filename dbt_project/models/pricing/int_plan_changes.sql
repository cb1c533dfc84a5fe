-- One row per subscription that another one replaced: what becomes of its unused credits, from when.
--
-- The offer that is left says it, in the card its last period was billed under. Where its credits expire and it
-- prorates, the share of that period's price that was not reached goes back to the customer's account: price x
-- time left / whole time, rounded once. Money goes back with the credits only: what is kept, or converted to
-- live on until the first period of the new plan ends, stays paid for (decision 15). A change learned of late
-- is booked in the first open period, like the facts it follows from.

with

subscriptions as (
    select * from {{ ref('stg_subscriptions') }}
),

periods as (
    select * from {{ ref('int_subscription_periods') }}
),

customers as (
    select * from {{ ref('stg_customers') }}
),

windows as (
    select * from {{ ref('int_card_windows') }}
),

offers as (
    select * from {{ source('config', 'offers') }}
),

currencies as (
    select * from {{ source('config', 'currencies') }}
),

book as (
    select
        book.functional_currency,
        coalesce(currencies.minor_units, 2) as functional_minor_units
    from {{ source('config', 'book') }} as book
    left join currencies
        on book.functional_currency = currencies.currency
),

replaced as (
    select
        subscriptions.subscription_id,
        subscriptions.ended_at as changed_at,
        successors.subscription_id as replaced_by,
        greatest(
            subscriptions.ended_at,
            coalesce(ending.open_from, subscriptions.ended_at),
            coalesce(starting.open_from, subscriptions.ended_at)
        ) as booked_at,
        row_number() over (
            partition by subscriptions.subscription_id
            order by successors.started_at, successors.subscription_id
        ) as nth
    from subscriptions
    inner join subscriptions as successors
        on subscriptions.subscription_id = successors.replaces
    {{ join_open_window('coalesce(subscriptions.end_received_at, subscriptions.received_at)', 'ending') | indent(4) }}
    {{ join_open_window('successors.received_at', 'starting') | indent(4) }}
    where
        subscriptions.ended_at is not null
        and subscriptions.ended_at < {{ as_of() }}
),

begun as (
    select
        replaced.*,
        periods.customer_id,
        periods.offer,
        periods.quantity,
        periods.agreed_price,
        periods.received_at,
        periods.period_index,
        periods.period_start,
        periods.period_end,
        periods.whole_start,
        periods.covered,
        periods.whole,
        row_number() over (partition by replaced.subscription_id order by periods.period_start desc) as recency
    from replaced
    inner join periods
        on
            replaced.subscription_id = periods.subscription_id
            and replaced.changed_at > periods.period_start
    where replaced.nth = 1
),

priced as (
    select
        begun.*,
        offers.on_change,
        offers.prorate,
        offers.price_currency as currency,
        coalesce(currencies.minor_units, 2) as minor_units,
        cast(coalesce(begun.agreed_price, offers.price_amount) * begun.quantity as {{ t_amount() }}) as full_price
    from begun
    inner join customers
        on begun.customer_id = customers.customer_id
    {{ join_open_window('begun.received_at', 'billing') | indent(4) }}
    inner join windows
        on
            customers.track_no = windows.track_no
            and {{ in_card_window('begun.period_start', booked_at('begun.period_start', 'billing'), 'windows') }}
    inner join offers
        on
            windows.version = offers.version
            and begun.offer = offers.offer
    left join currencies
        on offers.price_currency = currencies.currency
    where begun.recency = 1
),

given_back as (
    select
        priced.*,
        book.functional_minor_units,
        fx.rate as fx_rate,
        cast({{ share_in_quanta('priced.full_price', 'priced.covered', 'priced.whole', 'priced.minor_units') }} as {{ t_money() }})
        as period_price,
        case
            when
                priced.on_change = 'expire'
                and priced.prorate in ('second', 'day')
                and priced.changed_at < priced.period_end
                then cast({{ share_in_quanta(
                    'priced.full_price',
                    time_covered('priced.prorate', 'priced.changed_at', 'priced.period_end'),
                    time_covered('priced.prorate', 'priced.whole_start', 'priced.period_end'),
                    'priced.minor_units') }} as {{ t_money() }})
            else {{ zero_money() }}
        end as price_back
    from priced
    cross join book
    {{ join_fx_rate('priced.currency', 'priced.period_start') }}
)

select
    given_back.subscription_id,
    given_back.replaced_by,
    given_back.changed_at,
    given_back.booked_at,
    {{ period_of('given_back.booked_at') }} as booked_period,
    given_back.on_change,
    given_back.period_index,
    given_back.currency,
    given_back.period_price,
    given_back.price_back,
    {{ functional('given_back.price_back', 'given_back.fx_rate', 'given_back.functional_minor_units') }} as price_back_functional,
    new_periods.period_end as converted_until
from given_back
left join periods as new_periods
    on
        given_back.replaced_by = new_periods.subscription_id
        and new_periods.period_index = 1
