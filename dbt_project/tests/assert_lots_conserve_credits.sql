-- Fails for a lot whose credits are not exactly its draws, its losses and what is left; or that holds
-- less than nothing. Draws are counted at event level, not from the aggregate the schedule uses. A refill that
-- was not needed was not granted, and must not have moved either.

with

granted as (
    select
        lot_no,
        credits
    from {{ ref('int_lot_grants') }}
),

drawn as (
    select
        lot_no,
        sum(credits) as credits
    from {{ ref('int_draws') }}
    group by lot_no
),

lost as (
    select
        lot_no,
        sum(credits) as credits
    from {{ ref('int_lot_losses') }}
    group by lot_no
),

remaining as (
    select
        lot_no,
        min(closing_credits) as credits
    from {{ ref('int_lot_settlements') }}
    group by lot_no
)

select
    lots.lot_id,
    granted.credits,
    drawn.credits as drawn,
    lost.credits as lost,
    remaining.credits as remaining
from {{ ref('int_lots') }} as lots
left join granted
    on lots.lot_no = granted.lot_no
left join drawn
    on lots.lot_no = drawn.lot_no
left join lost
    on lots.lot_no = lost.lot_no
left join remaining
    on lots.lot_no = remaining.lot_no
where
    granted.credits is distinct from coalesce(drawn.credits, 0) + coalesce(lost.credits, 0) + remaining.credits
    and coalesce(granted.credits, drawn.credits, lost.credits, remaining.credits) is not null
    or remaining.credits < 0
