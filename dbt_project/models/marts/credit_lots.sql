-- One row per lot: what was granted, for how much, for how long, and where it came from.
--
-- expires_at and burn_rank are those of the phase the lot is in: of its last one that it entered with credits.

with

lots as (
    select * from {{ ref('int_lot_values') }}
),

grants as (
    select * from {{ ref('int_lot_grants') }}
),

phases as (
    select * from {{ ref('int_lot_phases') }}
),

moved as (
    select
        lot_no,
        max(phase_no) as phase_no
    from {{ ref('int_lot_moves') }}
    group by lot_no
)

select
    lots.lot_id,
    lots.customer_id,
    lots.pool_id,
    lots.wallet,
    lots.kind,
    grants.credits,
    lots.consideration,
    lots.currency,
    {{ unit_value('lots.consideration', 'lots.credits') }} as unit_value,
    lots.granted_at,
    lots.effective_at,
    lots.usable_from,
    phases.expires_at,
    lots.priority,
    phases.burn_rank,
    lots.offer,
    lots.payment_id,
    lots.subscription_id,
    lots.origin,
    lots.origin_id,
    lots.card_version,
    lots.ssp,
    lots.ssp_currency,
    lots.expected_use,
    coalesce(lots.parent_lot_id, lots.transferred_from) as parent_lot_id,
    lots.liability,
    lots.booked_period
from lots
inner join grants
    on lots.lot_no = grants.lot_no
left join moved
    on lots.lot_no = moved.lot_no
inner join phases
    on
        lots.lot_no = phases.lot_no
        and coalesce(moved.phase_no, 1) = phases.phase_no
