-- One row per period, topic, subject and stretch of time in the period: the decision in force.
--
-- A subject (a wallet, an offer, a meter, or default for the rest) follows the latest decision that names it. A
-- decision that was not yet approved when a period was closed, or by as_of, does not exist for it: what it changes
-- to date is booked in the first period that was still open (decision 22). What lies before the books belongs
-- to their first period.

with

settings as (
    select * from {{ source('config', 'policies') }}
),

periods as (
    select * from {{ ref('stg_periods') }}
),

decisions as (
    select
        policy_no,
        topic,
        subject,
        {{ instant_of('effective_from') }} as effective_at,
        {{ instant_of('approved_on') }} as approved_at,
        max(case when setting in ('method', 'value', 'recognise_at') then value end) as method,
        {%- for setting in ['expected_unused', 'constrained_to', 'escheat_share', 'amount', 'expected_use', 'share'] %}
        cast(max(case when setting = '{{ setting }}' then value end) as {{ t_credits() }}) as {{ setting }},
        {%- endfor %}
        cast(max(case when setting = 'months_inactive' then value end) as int) as months_inactive,
        max(case when setting = 'convention' then value end) as convention,
        cast(max(case when setting = 'span_count' then value end) as int) as span_count,
        max(case when setting = 'span_unit' then value end) as span_unit
    from settings
    where {{ instant_of('approved_on') }} < {{ as_of() }}
    group by policy_no, topic, subject, effective_from, approved_on
),

known as (
    select
        periods.period,
        periods.ends_at,
        decisions.*,
        greatest(
            decisions.effective_at,
            case when periods.period_no = 1 then {{ start_of_time() }} else periods.starts_at end
        ) as in_force_from
    from periods
    inner join decisions
        on
            periods.ends_at > decisions.effective_at
            and periods.closes_at > decisions.approved_at
),

-- Of several decisions made before the period the latest counts.
ranked as (
    select
        *,
        row_number() over (
            partition by period, topic, subject, in_force_from
            order by effective_at desc
        ) as recency
    from known
)

select
    period,
    topic,
    subject,
    in_force_from,
    coalesce(
        lead(in_force_from) over (partition by period, topic, subject order by in_force_from),
        ends_at
    ) as in_force_to,
    policy_no,
    method,
    expected_unused,
    constrained_to,
    escheat_share,
    months_inactive,
    convention,
    span_count,
    span_unit,
    amount,
    expected_use,
    share
from ranked
where recency = 1
