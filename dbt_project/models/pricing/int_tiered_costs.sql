-- One row per event priced by a rate with tiers and place in the chain: what the whole event costs there.
--
-- The running quantity of the rate counts per paying customer and calendar month of service: what was booked
-- earlier first, then by service time (decision 11). An event costs what its end of the running quantity
-- costs less what its start does: an exact fraction, rounded once; inside one step that is what is
-- charged of it at the step's price. Only events of such rates are read.

with

steps as (
    select * from {{ ref('int_rate_steps') }}
),

tiers as (
    select distinct
        rate_no,
        tier_no
    from steps
),

matches as (
    select
        rate_matches.*,
        tiers.tier_no
    from {{ ref('int_rate_matches') }} as rate_matches
    inner join tiers
        on rate_matches.rate_no = tiers.rate_no
),

-- Found first, so that books without tiers do not read their usage for this.
usage as (
    select * from {{ ref('stg_usage') }}
    where property_set_no in (select matches.property_set_no from matches)
),

counted as (
    select
        usage.event_no,
        matches.rate_no,
        usage.quantity,
        {{ sum_credits(
            'usage.quantity',
            'partition by customers.pool_no, matches.tier_no, usage.service_period order by '
            ~ period_of('usage.booked_at')
            ~ ', usage.occurred_at, customers.sort_no, usage.event_no rows unbounded preceding') }} as quantity_to
    from usage
    inner join {{ ref('stg_customers') }} as customers
        on usage.customer_no = customers.customer_no
    inner join matches
        on
            usage.property_set_no = matches.property_set_no
            and customers.class_no = matches.class_no
            and {{ in_card_window('usage.occurred_at', 'usage.booked_at', 'matches') }}
),

spans as (
    select
        event_no,
        rate_no,
        cast(quantity_to - quantity as {{ t_credits() }}) as quantity_from,
        quantity_to
    from counted
),

placed as (
    select
        spans.event_no,
        {{ charged_of('spans.quantity_from', 'first_step.package_size') }} as charged_from,
        {{ charged_of('spans.quantity_to', 'first_step.package_size') }} as charged_to,
        first_step.*,
        last_step.step_no as last_step_no,
        last_step.numerator as last_numerator,
        last_step.charged_to_step as last_charged_to_step,
        last_step.price_to_step as last_price_to_step
    from spans
    inner join steps as first_step
        on
            spans.rate_no = first_step.rate_no
            and spans.quantity_from >= first_step.step_from
            and spans.quantity_from < first_step.step_to
    inner join steps as last_step
        on
            first_step.rate_no = last_step.rate_no
            and first_step.position = last_step.position
            and spans.quantity_to >= last_step.step_from
            and spans.quantity_to < last_step.step_to
)

select
    event_no,
    position,
    case
        when step_no = last_step_no
            then cast({{ cost_in_quanta('(charged_to - charged_from)', '', 'rounding') }} * quantum as {{ t_credits() }})
        else cast(
            cast({{ in_quanta(price_to('charged_to', 'last_') ~ ' - ' ~ price_to('charged_from', ''), 'denominator', 'rounding') }}
                as decimal(29, 0))
            * quantum as {{ t_credits() }}
        )
    end as cost
from placed
