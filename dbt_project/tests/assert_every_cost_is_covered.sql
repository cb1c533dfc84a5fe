-- Fails for an event whose cost at some wallet is not exactly what lots drew plus what went on unpaid.
{% for level in range(var('wallet_levels') | int) %}
(
    select
        event_no,
        position,
        needed as credits
    from {{ ref('int_demand__level_' ~ level) }}
    except all
    select
        event_no,
        position,
        {{ sum_credits('credits') }} as credits
    from {{ ref('int_draws__level_' ~ level) }}
    group by event_no, position
)
{% if not loop.last %}union all{% endif %}
{% endfor %}
