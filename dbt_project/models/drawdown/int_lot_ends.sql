-- One row per lot that has reached the end of its window by as_of.
--
-- The lot stops paying at ends_at (half-open window). What is left expires with the last instant it could
-- have been used, so a month's credits that end at midnight are that month's breakage (decision 5).

with

lots as (
    select * from {{ ref('int_lots') }}
)

select
    lot_no,
    node_no,
    burn_rank,
    usable_from,
    greatest(expires_at, usable_from) as ends_at,
    greatest({{ just_before('expires_at') }}, usable_from) as last_usable_at
from lots
where expires_at <= {{ as_of() }}
