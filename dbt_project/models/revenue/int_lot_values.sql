-- One row per lot: all that int_lots says of it, with the credits and the consideration it really came to.
--
-- A lot that was transferred brings what its credits carried where they come from: the difference of two values of
-- money released to date (decision 4), in either currency. Transfers are what a lot releases last in a period, in the
-- order of their instants; what moved on from a lot that was itself transferred follows it (decision 17).
--
-- Lots repriced together bring what they carry into one sum, which their new lots share by credits (decision 21).
-- So values are worked out by generation: those of a lot when all that it is blended with are known.

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
        transfers.blend_no,
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

moved as (
    select
        transfers.lot_no,
        transfers.to_lot_no,
        transfers.blend_no,
        cast(settled.settled - transfers.credits_from_here as {{ t_credits() }}) as before_it,
        transfers.credits as moved,
        grants.credits as of_credits,
        arrived.credits as weight
    from transfers
    inner join settled
        on
            transfers.lot_no = settled.lot_no
            and transfers.booked_period = settled.booked_period
    inner join grants
        on transfers.lot_no = grants.lot_no
    inner join grants as arrived
        on transfers.to_lot_no = arrived.lot_no
),

generations as (
    with recursive

    following as (
        select
            blend_no,
            1 as generation
        from moved
        union
        select
            later.blend_no,
            following.generation + 1 as generation
        from following
        inner join moved as earlier
            on following.blend_no = earlier.blend_no
        inner join moved as later
            on earlier.to_lot_no = later.lot_no
    )

    select
        blend_no,
        max(generation) as generation
    from following
    group by blend_no
),

steps as (
    select
        moved.*,
        generations.generation
    from moved
    inner join generations
        on moved.blend_no = generations.blend_no
),

last_generation as (
    select max(generation) as generation from steps
),

carried as (
    with recursive

    chain as (
        select
            lots.lot_no,
            0 as generation,
            lots.consideration,
            lots.functional_consideration,
            lots.minor_units,
            lots.functional_minor_units
        from lots
        inner join givers
            on lots.lot_no = givers.lot_no
        where lots.transferred_from is null
        union all
        (
            with

            known as (
                select chain.*
                from chain
                inner join last_generation
                    on chain.generation < last_generation.generation
            ),

            brought as (
                select
                    steps.to_lot_no,
                    steps.blend_no,
                    steps.generation,
                    steps.weight,
                    {% for column, minor in [
                        ('consideration', 'minor_units'), ('functional_consideration', 'functional_minor_units')] -%}
                    {{ released_by('known.' ~ column, 'steps.moved', 'steps.before_it', 'steps.of_credits', 'known.' ~ minor) }}
                    as {{ column }},
                    {% endfor -%}
                    known.minor_units,
                    known.functional_minor_units
                from known
                inner join steps
                    on
                        known.lot_no = steps.lot_no
                        and steps.generation = known.generation + 1
            ),

            blended as (
                select
                    to_lot_no,
                    generation,
                    weight,
                    {{ sum_credits('weight', 'partition by blend_no order by to_lot_no rows unbounded preceding') }} as weight_to,
                    {{ sum_credits('weight', 'partition by blend_no') }} as weight_total,
                    {{ sum_money('consideration', 'partition by blend_no') }} as consideration,
                    {{ sum_money('functional_consideration', 'partition by blend_no') }} as functional_consideration,
                    minor_units,
                    functional_minor_units
                from brought
            )

            select
                to_lot_no as lot_no,
                generation,
                {% for column, minor in [
                    ('consideration', 'minor_units'), ('functional_consideration', 'functional_minor_units')] -%}
                {{ released_by(column, 'weight', 'cast(weight_to - weight as ' ~ t_credits() ~ ')', 'weight_total', minor) }}
                as {{ column }},
                {% endfor -%}
                minor_units,
                functional_minor_units
            from blended
            union all
            select
                lot_no,
                generation + 1 as generation,
                consideration,
                functional_consideration,
                minor_units,
                functional_minor_units
            from known
        )
    )

    select chain.* from chain
    inner join last_generation
        on chain.generation = last_generation.generation
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
    lots.bought_at,
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
