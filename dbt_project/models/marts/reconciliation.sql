-- One row per figure that another system states: theirs, ours, and what each named bucket makes of the difference.
--
-- Ours is the sum of the credit ledger's movements that occurred before until_at (and, of what was drawn or granted,
-- not before from_at); what a wallet that carries its overdraft owes is a negative balance. difference is theirs less
-- ours, and the sum of the buckets, which are tried in this order (decision 37):
--
--   rounding: what is left is at most half a unit of the decimals the source states
--   timing: facts within one day of the cut, on its other side, close the difference to rounding
--   late: facts that occurred before the cut and were received after the statement; all or none
--   expiry: the rest is what expired on our side of the cut and not on theirs, or the other way round
--   refund: the rest is what was refunded, voided or disputed on our side of the cut and not on theirs, or vice versa
--   missing_here: theirs is more than ours, and nothing says why
--   missing_there: theirs is less than ours, and nothing says why

with

shifts as (
    select
        statement_no,
        max(case when bucket = 'timing' then amount end) as timing,
        max(case when bucket = 'expiry' then amount end) as expiry,
        max(case when bucket = 'refund' then amount end) as refund
    from {{ ref('int_statement_shifts') }}
    group by statement_no
),

explained as (
    select
        statements.*,
        figures.ours,
        figures.difference,
        figures.tolerance,
        coalesce(shifts.timing, {{ zero_credits() }}) as timing,
        case when shifts.timing is null then figures.late else {{ zero_credits() }} end as late,
        case when shifts.timing is null then coalesce(shifts.expiry, {{ zero_credits() }}) else {{ zero_credits() }} end as expiry,
        case
            when shifts.timing is null and shifts.expiry is null then coalesce(shifts.refund, {{ zero_credits() }})
            else {{ zero_credits() }}
        end as refund
    from {{ ref('stg_statements') }} as statements
    inner join {{ ref('int_statement_figures') }} as figures
        on statements.statement_no = figures.statement_no
    left join shifts
        on statements.statement_no = shifts.statement_no
),

final as (
    select
        *,
        cast(difference - timing - late - expiry - refund as {{ t_credits() }}) as rest
    from explained
)

select
    final.statement_id,
    final.source,
    coalesce(final.customer_id, lots.customer_id) as customer_id,
    final.measure,
    final.wallet,
    final.lot_id,
    final.from_at,
    final.until_at,
    final.received_at,
    final.decimals,
    final.amount as theirs,
    final.ours,
    final.difference,
    case when abs(final.rest) <= final.tolerance then final.rest else {{ zero_credits() }} end as rounding,
    final.timing,
    final.late,
    final.expiry,
    final.refund,
    case when final.rest > final.tolerance then final.rest else {{ zero_credits() }} end as missing_here,
    case when final.rest < -final.tolerance then final.rest else {{ zero_credits() }} end as missing_there
from final
left join {{ ref('int_lots') }} as lots
    on
        final.customer_id is null
        and final.lot_id = lots.lot_id
