-- Fails for a lot whose consideration is not exactly its revenue, breakage, what states are owed, refunds,
-- what moved on and remaining liability, in either currency; whose liability is ever below zero or above its consideration; or that
-- is empty and still carries one, if its revenue does not follow time (identities 3, 8).

with

released as (
    select
        lot_no,
        {% for suffix in ['', '_functional'] -%}
        sum(
            usage_revenue{{ suffix }} + prior_period_revenue{{ suffix }} + breakage_revenue{{ suffix }}
            + escheat_release{{ suffix }} + refund_release{{ suffix }} + transfer_release{{ suffix }}
        ) as released{{ suffix }},
        min(released_to_date{{ suffix }}) as least_released{{ suffix }},
        max(released_to_date{{ suffix }}) as most_released{{ suffix }},
        {% endfor -%}
        min(closing_credits) as closing_credits,
        max(booked_period) as last_period
    from {{ ref('int_lot_settlements') }}
    group by lot_no
)

select
    lots.lot_id,
    lots.consideration,
    released.*
from {{ ref('int_lot_values') }} as lots
left join released
    on lots.lot_no = released.lot_no
left join {{ ref('int_lot_settlements') }} as last_settlements
    on
        released.lot_no = last_settlements.lot_no
        and released.last_period = last_settlements.booked_period
left join {{ ref('int_ratable_lots') }} as ratable
    on lots.lot_no = ratable.lot_no
where
    released.released is distinct from last_settlements.released_to_date
    or released.released_functional is distinct from last_settlements.released_to_date_functional
    or released.least_released < 0
    or released.least_released_functional < 0
    or released.most_released > lots.consideration
    or released.most_released_functional > lots.functional_consideration
    or (
        case when ratable.lot_no is null then released.closing_credits = 0 else ratable.ends_at <= {{ as_of() }} end
        and (
            released.released <> lots.consideration
            or released.released_functional <> lots.functional_consideration
        )
    )
