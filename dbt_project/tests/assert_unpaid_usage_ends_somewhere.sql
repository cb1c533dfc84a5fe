-- Fails for a part of an event that leaves the last wallet of its chain and is neither overage nor unfunded.

with

left_over as (
    {% for level in range(var('wallet_levels') | int) %}
    select
        event_no,
        position,
        unpaid as credits
    from {{ ref('int_unpaid__level_' ~ level) }}
    where next_position is null
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
