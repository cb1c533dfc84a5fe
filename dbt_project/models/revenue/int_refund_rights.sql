-- One row per lot whose money can be asked back for a time only, once that time has ended: from when on it cannot.
--
-- The decision in force when the lot is booked is its term for life (policy refundable_for), counted from the
-- purchase, also of credits that were transferred since. Until then its money is what its wallet says, a refund
-- liability or a customer deposit; what is left when the right ends becomes a contract liability, in the
-- period in which it ends or, of a lot booked later, in which it is booked (ACCOUNTING 6, decision 39).

with

lots as (
    select * from {{ ref('int_lots') }}
    where liability <> 'contract_liability'
),

terms as (
    select
        lots.lot_no,
        lots.liability,
        lots.bought_at,
        lots.booked_period,
        {{ policy_setting('refundable_for', 'span_count') }} as span_count,
        {{ policy_setting('refundable_for', 'span_unit') }} as span_unit
    from lots
    {{ join_policies('refundable_for', 'lots', 'lots.booked_period', 'lots.usable_from') | indent(4) }}
),

ends as (
    select
        lot_no,
        liability,
        booked_period,
        {{ add_calendar('bought_at', 'span_count', 'span_unit') }} as ends_at
    from terms
    where span_count is not null
)

select
    lot_no,
    liability,
    ends_at,
    greatest({{ period_of('ends_at') }}, booked_period) as ended_period
from ends
where ends_at < {{ as_of() }}
