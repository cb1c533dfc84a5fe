-- One row per lot and extension of it, in the order they take effect; problem says why one is left out.
--
-- An extension moves the end that the lot has when it is booked, and takes the place of a rollover at that end.
-- Credits of a plan that are converted when another replaces it live on until the first period of that one ends:
-- an extension of each lot that ends before (decision 15). A refill is extended with the lot it fills. A lot that
-- has lapsed stays lapsed: its breakage is booked, and perhaps closed (decision 14).

with

lots as (
    select * from {{ ref('int_lots') }}
),

rollovers as (
    select * from {{ ref('int_lot_rollovers') }}
),

plan_changes as (
    select * from {{ ref('int_plan_changes') }}
    where
        on_change = 'convert'
        and converted_until is not null
),

events as (
    select
        lot_event_id,
        lot_id,
        occurred_at,
        booked_at,
        new_expires_at
    from {{ ref('stg_lot_events') }}
    where kind = 'extend'
    union all
    select
        plan_changes.replaced_by || ':converted' as lot_event_id,
        lots.lot_id,
        plan_changes.changed_at as occurred_at,
        plan_changes.booked_at,
        plan_changes.converted_until as new_expires_at
    from plan_changes
    inner join lots
        on plan_changes.subscription_id = lots.subscription_id
    where lots.expires_at < plan_changes.converted_until
),

named as (
    select
        lots.lot_no,
        events.lot_event_id,
        events.occurred_at,
        greatest(events.booked_at, lots.usable_from) as extended_at,
        -- Of a lot that is booked no earlier, what counts is when it was extended.
        case when events.booked_at <= lots.usable_from then events.occurred_at else events.booked_at end as compared_at,
        events.new_expires_at,
        lots.expires_at,
        rollovers.lot_no is not null as rolls_over,
        rollovers.rolled_until
    from events
    inner join lots
        on events.lot_id = coalesce(lots.parent_lot_id, lots.lot_id)
    left join rollovers
        on lots.lot_no = rollovers.lot_no
),

staged as (
    select
        *,
        max(case when compared_at < expires_at and new_expires_at > expires_at then 1 else 0 end)
            over (partition by lot_no) = 0
        and rolls_over as is_rolled_over
    from named
),

{% set in_order = 'partition by lot_no order by extended_at, compared_at, lot_event_id' -%}
reached as (
    select
        *,
        greatest(
            case when is_rolled_over then rolled_until else expires_at end,
            max(new_expires_at) over ({{ in_order }} rows between unbounded preceding and 1 preceding)
        ) as reached_at
    from staged
    where not is_rolled_over or rolled_until is not null
),

judged as (
    select
        *,
        max(case when compared_at >= reached_at then 1 else 0 end)
            over ({{ in_order }} rows unbounded preceding) = 1 as has_lapsed
    from reached
)

select
    lot_no,
    lot_event_id,
    extended_at,
    new_expires_at,
    is_rolled_over,
    case
        when expires_at is null then 'the lot never expires'
        when has_lapsed then 'the lot had lapsed: what was left of it can only be given anew, as a goodwill grant'
        when new_expires_at <= reached_at then 'the lot already lives as long or longer'
    end as problem
from judged
union all
select
    lot_no,
    lot_event_id,
    extended_at,
    new_expires_at,
    is_rolled_over,
    'the lot has rolled over for ever' as problem
from staged
where is_rolled_over and rolled_until is null
