-- One row per guardrail, subject and window that was exceeded: by how much, and what became of the part above.
--
-- The part above a limit is the top of an event: what some limit keeps unfunded comes first, then what is
-- billed as overage, and what no limit keeps went to the wallets like the rest of the event (decision 8). Where
-- an overage limit meets a rate without an overage price, nobody pays. Credits are those of the first wallet of
-- each event's price; the amounts are there for limits in money (decision 16).
-- excess_credits = allowed_credits + overage_credits + unfunded_credits.

with

limits as (
    select * from {{ ref('stg_limits') }}
),

priced_overage as (
    select rate_no from {{ ref('int_rate_chain') }}
    where position = 1 and overage_numerator is not null
),

windows as (
    select
        limit_no,
        subject_id,
        window_start,
        max(used_to) as used,
        {{ sum_credits('used_credits') }} as used_credits,
        max(case when used_to > allowance and used_to - used <= allowance then day end) as reached_on
    from {{ ref('int_limit_usage') }}
    group by limit_no, subject_id, window_start
),

parts as (
    select
        hits.limit_no,
        hits.subject_id,
        hits.window_start,
        hits.excess,
        hits.excess_credits,
        least(hits.excess_credits, coalesce(over_limit.excess, 0)) as kept,
        case
            when priced_overage.rate_no is null then least(hits.excess_credits, coalesce(over_limit.excess, 0))
            else least(hits.excess_credits, coalesce(over_limit.unfunded_excess, 0))
        end as unfunded
    from {{ ref('int_limit_hits') }} as hits
    left join {{ ref('int_limit_excess') }} as over_limit
        on hits.event_no = over_limit.event_no
    left join priced_overage
        on hits.rate_no = priced_overage.rate_no
),

above as (
    select
        limit_no,
        subject_id,
        window_start,
        {{ sum_credits('excess') }} as excess,
        {{ sum_credits('excess_credits') }} as excess_credits,
        {{ sum_credits('unfunded') }} as unfunded_credits,
        {{ sum_credits('kept - unfunded') }} as overage_credits,
        {{ sum_credits('excess_credits - kept') }} as allowed_credits,
        cast(count(*) as bigint) as events
    from parts
    group by limit_no, subject_id, window_start
)

select
    limits.limit_id,
    limits.customer_id,
    limits.scope,
    above.subject_id,
    limits.wallet,
    limits.window_unit,
    above.window_start,
    windows.reached_on,
    limits.action,
    case when limits.unit = 'credits' then limits.allowance end as limit_credits,
    windows.used_credits,
    above.excess_credits,
    nullif(limits.unit, 'credits') as currency,
    case when limits.unit <> 'credits' then cast(limits.allowance as {{ t_amount() }}) end as limit_amount,
    case when limits.unit <> 'credits' then cast(windows.used as {{ t_amount() }}) end as used_amount,
    case when limits.unit <> 'credits' then cast(above.excess as {{ t_amount() }}) end as excess_amount,
    above.allowed_credits,
    above.overage_credits,
    above.unfunded_credits,
    above.events
from above
inner join limits
    on above.limit_no = limits.limit_no
inner join windows
    on
        above.limit_no = windows.limit_no
        and above.subject_id = windows.subject_id
        and above.window_start is not distinct from windows.window_start
