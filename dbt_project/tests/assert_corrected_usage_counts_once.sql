-- Fails where corrections of usage do not end in one event: two events correct each other, so none of them
-- is left, or an event replaced by a later correction of the same original is corrected itself, so two are.

with

usage as (
    select
        event_id,
        corrects,
        coalesce(received_at, occurred_at) as known_at
    from {{ source('feeds', 'usage') }}
    where
        corrects is not null
        and {{ is_known('occurred_at', 'received_at') }}
),

siblings as (
    select
        earlier.event_id,
        later.event_id as replaced_by
    from usage as earlier
    inner join usage as later
        on
            earlier.corrects = later.corrects
            and (
                earlier.known_at < later.known_at
                or (earlier.known_at = later.known_at and earlier.event_id < later.event_id)
            )
)

select
    usage.event_id,
    usage.corrects,
    'each corrects the other' as problem
from usage
inner join usage as other
    on
        usage.corrects = other.event_id
        and usage.event_id = other.corrects
union all
select
    usage.event_id,
    usage.corrects,
    'corrects an event that ' || siblings.replaced_by || ' has replaced' as problem
from usage
inner join siblings
    on usage.corrects = siblings.event_id
