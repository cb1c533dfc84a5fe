-- Fails for a roll-forward row that does not foot, does not chain to the month before, or differs from the
-- balance the journal gives its liability (identity 4).

with

rows as (
    select
        *,
        lag(closing) over (partition by liability, wallet, currency order by booked_period) as previous_closing
    from {{ ref('liability_rollforward') }}
)

select *
from rows
where
    closing is distinct from
    opening + additions - usage_revenue - breakage_revenue - prior_period_revenue
    - escheated - refunded + transferred + fx
    or opening is distinct from coalesce(previous_closing, 0)
    or variance is distinct from 0
