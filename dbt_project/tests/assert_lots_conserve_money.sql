-- Fails for a lot whose consideration is not exactly its revenue, breakage, refunds and remaining liability,
-- in either currency; whose liability is below zero; or that is empty and still carries one (identities 3, 8).

with

released as (
    select
        lot_no,
        {% for suffix in ['', '_functional'] -%}
        sum(
            usage_revenue{{ suffix }} + prior_period_revenue{{ suffix }}
            + breakage_revenue{{ suffix }} + refund_release{{ suffix }}
        ) as released{{ suffix }},
        max(released_to_date{{ suffix }}) as released_to_date{{ suffix }},
        min(
            usage_revenue{{ suffix }} + prior_period_revenue{{ suffix }}
            + breakage_revenue{{ suffix }} + refund_release{{ suffix }}
        ) as smallest_release{{ suffix }},
        {% endfor -%}
        min(closing_credits) as closing_credits
    from {{ ref('int_lot_settlements') }}
    group by lot_no
)

select
    lots.lot_id,
    lots.consideration,
    released.*
from {{ ref('int_lots') }} as lots
left join released
    on lots.lot_no = released.lot_no
where
    released.released is distinct from released.released_to_date
    or released.released_functional is distinct from released.released_to_date_functional
    or released.released > lots.consideration
    or released.smallest_release < 0
    or (released.closing_credits = 0 and released.released <> lots.consideration)
    or (released.closing_credits = 0 and released.released_functional <> lots.functional_consideration)
