-- One row per movement of credits: grants, draws, expiry and removals, and usage no credit paid for, or paid
-- for only later (overdraft, and its repayment by the draw of a later lot).
--
-- A view: at event level the words of a movement are those of its event and lot (decision 3). Entry ids say
-- what they are: <event>/<lot> for a draw, <lot>/grant, <lot>/expire, <lot>/<removal>, <event>/overage,
-- <lot>/transfer_in for the lot that a transfer grants. What
-- expires above a cap is <lot>/expire:<instant>; what rolls over leaves and enters the same lot, at one
-- instant, in <lot>/rollover_out:<instant> and <lot>/rollover_in:<instant>.
{{ config(materialized='view') }}

with

draws as (
    select * from {{ ref('int_draws') }}
),

rated as (
    select * from {{ ref('int_events_rated') }}
),

usage as (
    select * from {{ source('feeds', 'usage') }}
),

customers as (
    select * from {{ ref('stg_customers') }}
    where customer_no is not null
),

property_sets as (
    select * from {{ ref('stg_property_sets') }}
),

rates as (
    select * from {{ source('config', 'rates') }}
),

lots as (
    select * from {{ ref('int_lot_values') }}
),

grants as (
    select * from {{ ref('int_lot_grants') }}
),

losses as (
    select * from {{ ref('int_lot_losses') }}
),

rolled_over as (
    select * from {{ ref('int_lot_moves') }}
    where
        began_by = 'rollover'
        and moved_at < {{ as_of() }}
),

uncovered as (
    select * from {{ ref('int_uncovered') }}
),

overdrawn as (
    select
        event_no,
        wallet,
        {{ sum_credits('credits') }} as credits
    from {{ ref('int_overdrafts') }}
    group by event_no, wallet
),

repaid as (
    select * from {{ ref('int_overdrafts') }}
    where lot_no is not null
),

events as (
    select
        rated.event_no,
        usage.occurred_at,
        rated.booked_at,
        rated.service_period,
        rated.booked_period,
        usage.event_id,
        usage.user_id,
        usage.team_id,
        usage.corrects,
        customers.customer_id,
        property_sets.meter,
        rates.rate_id,
        rates.version as card_version
    from rated
    inner join usage
        on rated.event_no = usage.event_no
    inner join customers
        on rated.customer_no = customers.customer_no
    inner join property_sets
        on rated.property_set_no = property_sets.property_set_no
    inner join rates
        on rated.rate_no = rates.rate_no
)

select
    events.event_id || '/' || lots.lot_id as entry_id,
    'draw' as entry_type,
    lots.lot_id,
    events.customer_id,
    lots.wallet,
    cast(-draws.credits as {{ t_credits() }}) as credits,
    cast(-{{ cost_basis('lots.consideration', 'draws.credits', 'lots.credits') }} as {{ t_amount() }}) as amount,
    lots.currency,
    events.occurred_at,
    draws.booked_at,
    events.service_period,
    {{ period_of('draws.booked_at') }} as booked_period,
    events.event_id,
    lots.payment_id,
    events.user_id,
    events.team_id,
    events.meter,
    events.rate_id,
    events.card_version,
    events.service_period <> {{ period_of('draws.booked_at') }} as is_late,
    events.corrects,
    case when draws.is_repayment then 'repays an overdraft' end as reason
from draws
inner join events
    on draws.event_no = events.event_no
inner join lots
    on draws.lot_no = lots.lot_no
union all
select
    lots.lot_id || case when lots.transferred_from is null then '/grant' else '/transfer_in' end as entry_id,
    case when lots.transferred_from is null then 'grant' else 'transfer_in' end as entry_type,
    lots.lot_id,
    lots.customer_id,
    lots.wallet,
    grants.credits,
    cast(lots.consideration as {{ t_amount() }}) as amount,
    lots.currency,
    lots.granted_at as occurred_at,
    lots.booked_at,
    {{ period_of('lots.granted_at') }} as service_period,
    lots.booked_period,
    cast(null as string) as event_id,
    lots.payment_id,
    cast(null as string) as user_id,
    cast(null as string) as team_id,
    cast(null as string) as meter,
    cast(null as string) as rate_id,
    lots.card_version,
    {{ period_of('lots.granted_at') }} <> lots.booked_period as is_late,
    cast(null as string) as corrects,
    coalesce(lots.offer, case
        when lots.parent_lot_id is not null then 'refill of ' || lots.parent_lot_id
        when lots.transferred_from is not null then 'from ' || lots.transferred_from
    end) as reason
from lots
inner join grants
    on lots.lot_no = grants.lot_no
union all
select
    lots.lot_id || '/' || case
        when losses.limited_by = 'rollover' then 'expire:' || {{ instant_label('losses.happened_at') }}
        else coalesce(losses.removal_id, 'expire')
    end as entry_id,
    case losses.cause when 'expire' then 'expire' when 'transfer' then 'transfer_out' else 'void' end as entry_type,
    lots.lot_id,
    lots.customer_id,
    lots.wallet,
    cast(-losses.credits as {{ t_credits() }}) as credits,
    cast(-{{ cost_basis('lots.consideration', 'losses.credits', 'lots.credits') }} as {{ t_amount() }}) as amount,
    lots.currency,
    losses.happened_at as occurred_at,
    losses.booked_at,
    {{ period_of('losses.booked_at') }} as service_period,
    losses.booked_period,
    cast(null as string) as event_id,
    coalesce(losses.payment_id, lots.payment_id) as payment_id,
    cast(null as string) as user_id,
    cast(null as string) as team_id,
    cast(null as string) as meter,
    cast(null as string) as rate_id,
    lots.card_version,
    false as is_late,
    cast(null as string) as corrects,
    coalesce(losses.reason, losses.cause) as reason
from losses
inner join lots
    on losses.lot_no = lots.lot_no
union all
{% for entry_type, sign in [('rollover_out', '-'), ('rollover_in', '')] -%}
select
    lots.lot_id || '/{{ entry_type }}:' || {{ instant_label('rolled_over.moved_at') }} as entry_id,
    '{{ entry_type }}' as entry_type,
    lots.lot_id,
    lots.customer_id,
    lots.wallet,
    cast({{ sign }}rolled_over.credits as {{ t_credits() }}) as credits,
    cast({{ sign }}{{ cost_basis('lots.consideration', 'rolled_over.credits', 'lots.credits') }} as {{ t_amount() }}) as amount,
    lots.currency,
    rolled_over.moved_at as occurred_at,
    rolled_over.moved_at as booked_at,
    {{ period_of('rolled_over.moved_at') }} as service_period,
    {{ period_of('rolled_over.moved_at') }} as booked_period,
    cast(null as string) as event_id,
    lots.payment_id,
    cast(null as string) as user_id,
    cast(null as string) as team_id,
    cast(null as string) as meter,
    cast(null as string) as rate_id,
    lots.card_version,
    false as is_late,
    cast(null as string) as corrects,
    'rollover' as reason
from rolled_over
inner join lots
    on rolled_over.lot_no = lots.lot_no
union all
{% endfor -%}
select
    events.event_id || '/' || uncovered.entry_type || case uncovered.cause when 'limit' then ':limit' else '' end as entry_id,
    uncovered.entry_type,
    cast(null as string) as lot_id,
    events.customer_id,
    uncovered.wallet,
    cast(-uncovered.credits as {{ t_credits() }}) as credits,
    uncovered.amount,
    uncovered.currency,
    events.occurred_at,
    events.booked_at,
    events.service_period,
    events.booked_period,
    events.event_id,
    cast(null as string) as payment_id,
    events.user_id,
    events.team_id,
    events.meter,
    events.rate_id,
    events.card_version,
    events.service_period <> events.booked_period as is_late,
    events.corrects,
    uncovered.cause as reason
from uncovered
inner join events
    on uncovered.event_no = events.event_no
union all
select
    events.event_id || '/overdraft' as entry_id,
    'overdraft' as entry_type,
    cast(null as string) as lot_id,
    events.customer_id,
    overdrawn.wallet,
    cast(-overdrawn.credits as {{ t_credits() }}) as credits,
    cast(0 as {{ t_amount() }}) as amount,
    cast(null as string) as currency,
    events.occurred_at,
    events.booked_at,
    events.service_period,
    events.booked_period,
    events.event_id,
    cast(null as string) as payment_id,
    events.user_id,
    events.team_id,
    events.meter,
    events.rate_id,
    events.card_version,
    events.service_period <> events.booked_period as is_late,
    events.corrects,
    cast(null as string) as reason
from overdrawn
inner join events
    on overdrawn.event_no = events.event_no
union all
select
    events.event_id || '/repayment/' || lots.lot_id as entry_id,
    'repayment' as entry_type,
    cast(null as string) as lot_id,
    events.customer_id,
    repaid.wallet,
    repaid.credits,
    cast(0 as {{ t_amount() }}) as amount,
    cast(null as string) as currency,
    events.occurred_at,
    repaid.repaid_at as booked_at,
    events.service_period,
    {{ period_of('repaid.repaid_at') }} as booked_period,
    events.event_id,
    lots.payment_id,
    events.user_id,
    events.team_id,
    events.meter,
    events.rate_id,
    events.card_version,
    events.service_period <> {{ period_of('repaid.repaid_at') }} as is_late,
    events.corrects,
    lots.lot_id as reason
from repaid
inner join events
    on repaid.event_no = events.event_no
inner join lots
    on repaid.lot_no = lots.lot_no
