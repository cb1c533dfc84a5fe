-- One row per lot that rolls over at its end: until when, in which place, and how much of it at most.
--
-- The terms are those of the card that granted the lot. A lot of a plan rolls over if the plan goes on at that
-- instant, or always where the card says so. cap_label names the lots whose rolled over credits count together:
-- those of one subscription and one grant of its offer, known by kind, wallet and place among such grants (as
-- in `rates diff`), or the lot alone. most counts for one purchase of the grant, a share for what was granted.

with

lots as (
    select * from {{ ref('int_lots') }}
    where
        grant_no is not null
        and expires_at is not null
),

terms as (
    select
        *,
        row_number() over (partition by version, offer, wallet, kind order by grant_no) as nth
    from {{ source('config', 'offer_grants') }}
),

wallets as (
    select * from {{ source('config', 'wallets') }}
),

periods as (
    select * from {{ ref('int_subscription_periods') }}
)

select
    lots.lot_no,
    lots.expires_at as rolls_over_at,
    case terms.rollover
        when 'duration' then {{ add_calendar('lots.expires_at', 'terms.rollover_count', 'terms.rollover_unit') }}
    end as rolled_until,
    coalesce(terms.rollover_priority, lots.priority) as priority,
    case
        when terms.rollover_cap_over = 'grant' and lots.subscription_id is not null
            then lots.subscription_id || ':' || terms.kind || ':' || terms.nth
        else lots.lot_id
    end as cap_label,
    cast(terms.rollover_max * lots.quantity as {{ t_credits() }}) as most,
    case
        when terms.rollover_share is not null
            then {{ times_at_most('lots.credits', 'terms.rollover_share', 'wallets.precision') }}
    end as most_of_granted
from lots
inner join terms
    on
        lots.card_version = terms.version
        and lots.offer = terms.offer
        and lots.grant_no = terms.grant_no
inner join wallets
    on lots.wallet = wallets.wallet
left join periods
    on
        lots.subscription_id = periods.subscription_id
        and lots.subscription_period = periods.period_index
where
    terms.rollover is not null
    and (
        terms.rollover_when = 'always'
        or periods.ended_at is null
        or periods.ended_at > lots.expires_at
    )
