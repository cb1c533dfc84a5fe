-- One row per lot that a subscription grants: one per billing period, or one per recurrence inside it.
--
-- The plan bills its price each period whether or not the cash has come, so these lots exist from the
-- period's start. A recurring grant stops at max_per_month, counted per calendar month.

{% set times_at_most -%}
    case when every_unit is null then 1 else {{ units_at_most('period_start', 'period_end', 'every_unit') }} end
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

granted as (
    select
        periods.subscription_id,
        periods.customer_id,
        periods.period_index,
        periods.period_start,
        periods.period_end,
        periods.quantity,
        periods.received_at,
        offers.*
    from periods
    inner join customers
        on periods.customer_id = customers.customer_id
    {{ join_open_window('periods.received_at', 'billing') | indent(4) }}
    inner join offers
        on
            periods.offer = offers.offer
            and customers.track_no = offers.track_no
            and {{ in_card_window('periods.period_start', booked_at('periods.period_start', 'billing'), 'offers') }}
),

repeated as (
    select
        granted.*,
        _repeated.n as occurrence
    from {{ repeated('granted', times_at_most, 'n') }}
),

starts as (
    select
        *,
        case
            when every_unit is null then period_start
            else {{ add_calendar('period_start', 'occurrence * every_count', 'every_unit') }}
        end as effective_at
    from repeated
),

within_period as (
    select
        *,
        {{ sum_credits(
            'credits',
            'partition by subscription_id, grant_no, ' ~ period_of('effective_at')
            ~ ' order by effective_at rows unbounded preceding') }} as granted_this_month
    from starts
    where
        effective_at < period_end
        and effective_at < {{ as_of() }}
),

capped as (
    select
        *,
        case
            when max_per_month is null then credits
            else greatest(
                {{ zero_credits() }},
                least(credits, cast(max_per_month - (granted_this_month - credits) as {{ t_credits() }}))
            )
        end as capped_credits
    from within_period
)

select
    capped.subscription_id || ':' || capped.period_index || ':' || capped.grant_no
    || case when capped.every_unit is null then '' else ':' || (capped.occurrence + 1) end as lot_id,
    'subscription' as origin,
    capped.subscription_id || ':' || capped.period_index as origin_id,
    capped.customer_id,
    capped.wallet,
    capped.kind,
    cast(capped.capped_credits * capped.quantity as {{ t_credits() }}) as credits,
    capped.earns and capped.every_unit is null as earns,
    cast(capped.price_amount * capped.quantity as {{ t_money() }}) as origin_amount,
    capped.price_currency as origin_currency,
    capped.effective_at as valued_at,
    capped.effective_at,
    {{ booked_at('capped.effective_at') }} as usable_from,
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
