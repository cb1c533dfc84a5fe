-- One row per part of an event that no prepaid credit pays: the end of its chain, or above a guardrail.
--
-- Where the rate has an overage price the part is sold in arrears; otherwise it is unfunded: served, but
-- nobody agreed to pay for it. amount is not yet rounded to a minor unit.

with

rates as (
    select * from {{ source('config', 'rates') }}
),


rated as (
    select * from {{ ref('int_events_rated') }}
),

over_limit as (
    select * from {{ ref('int_limit_excess') }}
),

parts as (
    {% for level in range(var('wallet_levels') | int) %}
    select
        unpaid.event_no,
        'chain' as cause,
        unpaid.position,
        unpaid.rate_no,
        unpaid.quantity,
        unpaid.unpaid as credits,
        unpaid.full_cost,
        true as may_be_overage
    from {{ ref('int_unpaid__level_' ~ level) }} as unpaid
    where unpaid.next_position is null
    union all
    {% endfor %}
    select
        rated.event_no,
        'limit' as cause,
        1 as position,
        rated.rate_no,
        rated.quantity,
        over_limit.overage_excess as credits,
        rated.cost as full_cost,
        true as may_be_overage
    from over_limit
    inner join rated
        on over_limit.event_no = rated.event_no
    where over_limit.overage_excess > 0
    union all
    select
        rated.event_no,
        'limit' as cause,
        1 as position,
        rated.rate_no,
        rated.quantity,
        over_limit.unfunded_excess as credits,
        rated.cost as full_cost,
        false as may_be_overage
    from over_limit
    inner join rated
        on over_limit.event_no = rated.event_no
    where over_limit.unfunded_excess > 0
),

shared as (
    select
        parts.*,
        parts.may_be_overage and rates.overage_amount is not null as is_overage,
        {{ share_of('parts.quantity', 'parts.credits', 'parts.full_cost') }} as part_quantity,
        rates.overage_amount,
        rates.overage_per,
        rates.overage_currency
    from parts
    inner join rates
        on parts.rate_no = rates.rate_no
)

select
    shared.event_no,
    shared.cause,
    case when shared.is_overage then 'overage' else 'unfunded' end as entry_type,
    shared.position,
    chain.wallet,
    shared.credits,
    shared.part_quantity as quantity,
    case
        when shared.is_overage
            then {{ from_billionths(muldiv_round(billionths('shared.part_quantity'), billionths('shared.overage_amount'), billionths('shared.overage_per'))) }}
        else cast(0 as {{ t_amount() }})
    end as amount,
    case when shared.is_overage then shared.overage_currency end as currency
from shared
inner join {{ ref('int_rate_chain') }} as chain
    on
        shared.rate_no = chain.rate_no
        and shared.position = chain.position
