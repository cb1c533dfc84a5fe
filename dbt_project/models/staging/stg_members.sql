-- One row per stay of a user in a team, with its end once the feed brought it.

select
    customer_id,
    user_id,
    team_id,
    valid_from,
    max(valid_to) as valid_to
from {{ source('feeds', 'members') }}
group by customer_id, user_id, team_id, valid_from
