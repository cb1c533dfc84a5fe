-- One row per lot: all that int_lots says of it, with the credits and the consideration it really came to.
--
-- A lot that was transferred brings what its credits carried where they come from: the difference of two values of
-- money released to date (decision 4), in either currency. Transfers are what a lot releases last in a period, in the
-- order of their instants; what moved on from a lot that was itself transferred follows it (decision 17).

with

lots as (
    select * from {{ ref('int_lots') }}
),

grants as (
    select * from {{ ref('int_lot_grants') }}
),

transfers as (
    select
        transfers.lot_no,
        transfers.to_lot_no,
        losses.booked_period,
        losses.credits,
        {{ sum_credits(
            'losses.credits',
            'partition by losses.lot_no, losses.booked_period order by losses.happened_at desc, losses.removal_id desc'
            ~ ' rows unbounded preceding') }} as credits_from_here
    from {{ ref('int_lot_losses') }} as losses
    inner join {{ ref('int_lot_transfers') }} as transfers
        on
            losses.lot_no = transfers.lot_no
            and losses.removal_id = transfers.lot_event_id
    where losses.cause = 'transfer'
),

givers as (
    select lot_no from transfers
    group by lot_no
),

settled as (
    select
        progress.lot_no,
        progress.booked_period,
        {{ sum_credits(
            'progress.usage_parts + progress.prior_period_parts + progress.breakage_parts'
            ~ ' + progress.escheat_parts + progress.refund_parts + progress.transfer_parts',
            'partition by progress.lot_no order by progress.booked_period rows unbounded preceding') }} as settled
    from {{ ref('int_lot_progress') }} as progress
    inner join givers
        on progress.lot_no = givers.lot_no
),

steps as (
    select
        transfers.lot_no,
        transfers.to_lot_no,
        cast(settled.settled - transfers.credits_from_here as {{ t_credits() }}) as before_it,
        transfers.credits as moved,
        grants.credits as of_credits
    from transfers
    inner join settled
        on
            transfers.lot_no = settled.lot_no
            and transfers.booked_period = settled.booked_period
    inner join grants
        on transfers.lot_no = grants.lot_no
),

carried as (
    with recursive

    chain as (
        select
            lots.lot_no,
            lots.consideration,
            lots.functional_consideration,
            lots.minor_units,
            lots.functional_minor_units
        from lots
        inner join givers
            on lots.lot_no = givers.lot_no
        where lots.transferred_from is null
        union all
        select
            steps.to_lot_no as lot_no,
            {% for column, minor in [
                ('consideration', 'minor_units'), ('functional_consideration', 'functional_minor_units')] -%}
            {{ released_by('chain.' ~ column, 'steps.moved', 'steps.before_it', 'steps.of_credits', 'chain.' ~ minor) }}
            as {{ column }},
            {% endfor -%}
            chain.minor_units,
            chain.functional_minor_units
        from chain
        inner join steps
            on chain.lot_no = steps.lot_no
    )

    select * from chain
)

select
    lots.lot_no,
    lots.lot_id,
    lots.node_no,
    lots.pool_no,
    lots.pool_id,
    lots.customer_id,
    lots.wallet,
    lots.wallet_rank,
    lots.wallet_level,
    lots.kind,
    lots.currency,
    lots.minor_units,
    lots.functional_minor_units,
    lots.liability,
    lots.granted_at,
    lots.booked_at,
    lots.effective_at,
    lots.usable_from,
    lots.received_at,
    lots.expires_at,
    lots.priority,
    lots.origin,
    lots.origin_id,
    lots.offer,
    lots.payment_id,
    lots.subscription_id,
    lots.subscription_period,
    lots.card_version,
    lots.grant_no,
    lots.quantity,
    lots.parent_lot_id,
    lots.transferred_from,
    lots.sold_period,
    lots.ssp,
    lots.ssp_currency,
    lots.expected_use,
    lots.shares_by_price,
    lots.booked_period,
    coalesce(grants.credits, lots.credits) as credits,
    coalesce(carried.consideration, lots.consideration) as consideration,
    coalesce(carried.functional_consideration, lots.functional_consideration) as functional_consideration
from lots
left join grants
    on lots.lot_no = grants.lot_no
left join carried
    on lots.lot_no = carried.lot_no
