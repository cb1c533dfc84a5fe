-- One row per lot that was granted: its credits. Of a refill, what its reset found lacking.
--
-- A reset that found enough left granted nothing: its lot of int_lots is none of the books.

select
    lot_no,
    credits
from {{ ref('int_lots') }}
where parent_lot_id is null
{% for level in range(var('wallet_levels') | int) %}
union all
select
    lot_no,
    taken_to as credits
from {{ ref('int_burn_down__level_' ~ level) }}
where entry_type = 'fill'
{% endfor %}
