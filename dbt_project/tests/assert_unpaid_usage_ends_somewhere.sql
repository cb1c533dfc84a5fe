-- Fails for a part of an event that leaves the last wallet of its chain and is neither overage nor unfunded.

with

left_over as (
    {% for level in range(var('wallet_levels') | int) %}
    select
        unpaid.event_no,
        unpaid.position,
        unpaid.unpaid as credits
    from {{ ref('int_unpaid__level_' ~ level) }} as unpaid
    left join {{ ref('int_rate_chain') }} as next_place
        on
            unpaid.rate_no = next_place.rate_no
            and unpaid.position + 1 = next_place.position
    where next_place.rate_no is null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

ended as (
    select
        event_no,
        position,
        credits
    from {{ ref('int_uncovered') }}
    where cause = 'chain'
)

(
    select * from left_over
    except all
    select * from ended
)
union all
(
    select * from ended
    except all
    select * from left_over
)
