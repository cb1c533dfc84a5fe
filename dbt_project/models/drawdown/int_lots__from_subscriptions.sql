-- One row per lot that a subscription grants: one per billing period, or one per recurrence inside it.
--
-- The plan bills its price, or the one agreed with the customer, each period whether or not the cash has come,
-- so the lots that share it are all granted at the period's start, those too that can be used only later: a
-- year paid in advance is deferred whole, whatever part of its credits was released (decision 15). What is given
-- recurs as it is given, until another plan replaces this one. A recurring grant stops at max_per_month, counted
-- per calendar month.
--
-- Recurrences are counted from the start of the whole period. Of what a first period cut short finds begun,
-- it grants the part that is left, and bills that part of the price, where the plan prorates: credits x time
-- left / whole time in the wallet's decimals, price x time left / whole time in the currency's, each rounded
-- once, as the wallet says and half up. Who pays gets at least the smallest amount the wallet holds.

{% set times_at_most -%}
    case when every_unit is null then 1 else {{ units_at_most('whole_start', 'period_end', 'every_unit') }} end
{%- endset %}

with

periods as (
    select * from {{ ref('int_subscription_periods') }}
),

customers as (
    select * from {{ ref('stg_customers') }}
),

offers as (
    select * from {{ ref('int_offer_windows') }}
    where plan_every_unit is not null
),

changes as (
    select * from {{ ref('int_plan_changes') }}
),

wallets as (
    select * from {{ source('config', 'wallets') }}
),

currencies as (
    select * from {{ source('config', 'currencies') }}
),

granted as (
    select
        periods.subscription_id,
        periods.customer_id,
        periods.period_index,
        periods.period_start,
        periods.period_end,
        periods.whole_start,
        periods.prorate,
        periods.quantity,
        periods.received_at,
        offers.*,
        wallets.precision,
        wallets.rounding,
        coalesce(changes.booked_at, {{ end_of_time() }}) as given_until,
        {{ share_in_quanta(
            'cast(coalesce(periods.agreed_price, offers.price_amount) * periods.quantity as ' ~ t_amount() ~ ')',
            'periods.covered',
            'periods.whole',
            'coalesce(currencies.minor_units, 2)') }} as period_price
    from periods
    inner join customers
        on periods.customer_id = customers.customer_id
    {{ join_open_window('periods.received_at', 'billing') | indent(4) }}
    inner join offers
        on
            periods.offer = offers.offer
            and customers.track_no = offers.track_no
            and {{ in_card_window('periods.period_start', booked_at('periods.period_start', 'billing'), 'offers') }}
    inner join wallets
        on offers.wallet = wallets.wallet
    left join currencies
        on offers.price_currency = currencies.currency
    left join changes
        on periods.subscription_id = changes.subscription_id
),

repeated as (
    select
        granted.*,
        _repeated.n as occurrence
    from {{ repeated('granted', times_at_most, 'n') }}
),

spans as (
    select
        *,
        case
            when every_unit is null then whole_start
            else {{ add_calendar('whole_start', 'occurrence * every_count', 'every_unit') }}
        end as span_start,
        case
            when every_unit is null then period_end
            else {{ add_calendar('whole_start', '(occurrence + 1) * every_count', 'every_unit') }}
        end as span_end
    from repeated
),

started as (
    select
        *,
        greatest(span_start, period_start) as effective_at,
        span_start < period_start and prorate in ('second', 'day') as is_cut_short
    from spans
    where
        span_end > period_start
        and span_start < period_end
        and (
            earns
            or (
                greatest(span_start, period_start) < {{ as_of() }}
                and greatest(span_start, period_start) < given_until
            )
        )
),

measured as (
    select
        *,
        case when is_cut_short then {{ time_covered('prorate', 'period_start', 'span_end') }} else 1 end as covered,
        case when is_cut_short then {{ time_covered('prorate', 'span_start', 'span_end') }} else 1 end as whole
    from started
),

prorated as (
    select
        *,
        case
            when is_cut_short and earns and covered > 0
                then greatest(
                    {{ share_in_quanta('cast(credits * quantity as ' ~ t_credits() ~ ')', 'covered', 'whole', 'precision', 'rounding') }},
                    cast({{ quantum('precision') }} as {{ t_credits() }})
                )
            else
                {{ share_in_quanta('cast(credits * quantity as ' ~ t_credits() ~ ')', 'covered', 'whole', 'precision', 'rounding') }}
        end as span_credits
    from measured
),

counted as (
    select
        *,
        {{ sum_credits(
            'span_credits',
            'partition by subscription_id, grant_no, ' ~ period_of('effective_at')
            ~ ' order by effective_at rows unbounded preceding') }} as granted_this_month
    from prorated
),

capped as (
    select
        *,
        case
            when max_per_month is null then span_credits
            else greatest(
                {{ zero_credits() }},
                least(
                    span_credits,
                    cast(max_per_month * quantity - (granted_this_month - span_credits) as {{ t_credits() }})
                )
            )
        end as capped_credits,
        case when earns then period_start else effective_at end as granted_at
    from counted
)

select
    capped.subscription_id || ':' || capped.period_index || ':' || capped.grant_no
    || case when capped.every_unit is null then '' else ':' || (capped.occurrence + 1) end as lot_id,
    'subscription' as origin,
    capped.subscription_id || ':' || capped.period_index as origin_id,
    capped.customer_id,
    capped.wallet,
    capped.kind,
    capped.capped_credits as credits,
    capped.earns,
    cast(capped.period_price as {{ t_money() }}) as origin_amount,
    capped.price_currency as origin_currency,
    capped.granted_at as valued_at,
    capped.granted_at,
    {{ booked_at('capped.granted_at') }} as booked_at,
    capped.effective_at,
    {{ booked_at('capped.effective_at') }} as usable_from,
    coalesce(capped.received_at, capped.effective_at) as received_at,
    case capped.expires
        when 'period_end' then capped.period_end
        when 'duration' then {{ add_calendar('capped.effective_at', 'capped.expires_count', 'capped.expires_unit') }}
    end as expires_at,
    capped.priority,
    capped.offer,
    cast(null as string) as payment_id,
    capped.subscription_id,
    capped.period_index as subscription_period,
    capped.card_version,
    capped.grant_no,
    capped.quantity,
    capped.ssp,
    capped.expected_use
from capped
{{ join_open_window('capped.received_at') }}
where capped.capped_credits > 0
