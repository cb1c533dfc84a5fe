-- One row per lot whose last phase has reached its end by as_of.
--
-- The lot stops paying at ends_at (half-open window). What is left expires with the last instant it could
-- have been used, so a month's credits that end at midnight are that month's breakage (decision 5).

with

phases as (
    select * from {{ ref('int_lot_phases') }}
    where is_last
)

select
    lot_no,
    node_no,
    place_no,
    usable_from,
    ends_at,
    greatest({{ just_before('expires_at') }}, usable_from) as last_usable_at
from phases
where expires_at <= {{ as_of() }}
