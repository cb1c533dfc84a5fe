-- One row per wallet of a pool, booked period, customer and user: what was asked of the wallet and what it paid.
--
-- user_id is null for usage that names nobody. Asked is what reached the wallet: the cost less what a guardrail
-- kept from it, or what the wallets before it in the chain did not pay. What a wallet owed is asked again, and
-- paid, when a later lot repays it.

with

draws as (
    {% for level in range(var('wallet_levels') | int) %}
    select
        event_no,
        node_no,
        customer_no,
        booked_at,
        repaid_at,
        lot_no is not null and repaid_at is null as is_paid,
        credits
    from {{ ref('int_draws__level_' ~ level) }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

parts as (
    select
        event_no,
        node_no,
        customer_no,
        booked_at,
        is_paid,
        credits
    from draws
    union all
    select
        event_no,
        node_no,
        customer_no,
        repaid_at as booked_at,
        true as is_paid,
        credits
    from draws
    where repaid_at is not null
),

asked as (
    select
        parts.node_no,
        {{ period_of('parts.booked_at') }} as booked_period,
        parts.customer_no,
        usage.user_id,
        {{ sum_credits('parts.credits') }} as asked,
        {{ sum_credits('case when parts.is_paid then parts.credits end') }} as drawn
    from parts
    inner join {{ source('feeds', 'usage') }} as usage
        on parts.event_no = usage.event_no
    group by parts.node_no, {{ period_of('parts.booked_at') }}, parts.customer_no, usage.user_id
)

select
    customers.pool_id,
    wallets.wallet,
    asked.booked_period,
    customers.customer_id,
    asked.user_id,
    asked.asked,
    asked.drawn
from asked
inner join {{ ref('stg_customers') }} as customers
    on asked.customer_no = customers.customer_no
inner join {{ source('config', 'wallets') }} as wallets
    on {{ wallet_rank_of('asked.node_no') }} = wallets.rank
