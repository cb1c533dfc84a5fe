-- One row per lot that was granted: its credits. Of a refill, what its reset found lacking; of a transfer, what
-- arrived.
--
-- A reset that found enough left, or a transfer that found nothing, granted nothing: its lot of int_lots is none
-- of the books.

select
    lot_no,
    credits
from {{ ref('int_lots') }}
where
    parent_lot_id is null
    and transferred_from is null
union all
select
    transfers.to_lot_no as lot_no,
    {{ converted_credits('losses.credits', 'transfers.rate', 'transfers.to_precision', 'transfers.to_rounding') }} as credits
from {{ ref('int_lot_losses') }} as losses
inner join {{ ref('int_lot_transfers') }} as transfers
    on
        losses.lot_no = transfers.lot_no
        and losses.removal_id = transfers.lot_event_id
where losses.cause = 'transfer'
{% for level in range(var('wallet_levels') | int) %}
union all
select
    lot_no,
    taken_to as credits
from {{ ref('int_burn_down__level_' ~ level) }}
where entry_type = 'fill'
{% endfor %}
