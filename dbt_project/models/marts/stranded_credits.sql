-- One row per pool, wallet, period and member where credits would have been stuck had the pool been split per user.
--
-- What a wallet could pay in a period (what it drew, let expire or still holds) is split into equal islands, one
-- per member: everybody who used anything of the pool in the period or had a place in a team, and one for usage
-- that names nobody. A member who asked for more than its island lacks the rest, one who asked for less leaves
-- credits; stranded is what would have been left while others lacked, in the fullest islands first. The period is
-- looked at as a whole: when in it a lot came or went is not (decision 19). Listed too are pools whose members
-- hit a guardrail while the wallet held credits. Sums over members are the pool's.

with

usage as (
    select * from {{ ref('int_member_usage') }}
),

customers as (
    select * from {{ ref('stg_customers') }}
),

periods as (
    select * from {{ ref('stg_periods') }}
),

available as (
    select
        customer_id as pool_id,
        wallet,
        booked_period,
        cast(closing - drawn - expired as {{ t_credits() }}) as credits
    from {{ ref('wallet_balances') }}
    where closing - drawn - expired > 0
),

hits as (
    select
        customers.pool_id,
        wallets.wallet,
        kept.booked_period,
        customers.customer_id,
        raw_usage.user_id,
        cast(count(*) as bigint) as events,
        {{ sum_credits('kept.kept') }} as kept
    from {{ ref('int_kept_from_full_wallets') }} as kept
    inner join customers
        on kept.customer_no = customers.customer_no
    inner join {{ source('config', 'wallets') }} as wallets
        on {{ wallet_rank_of('kept.node_no') }} = wallets.rank
    inner join {{ source('feeds', 'usage') }} as raw_usage
        on kept.event_no = raw_usage.event_no
    group by customers.pool_id, wallets.wallet, kept.booked_period, customers.customer_id, raw_usage.user_id
),

used_in as (
    select
        pool_id,
        booked_period
    from usage
    group by pool_id, booked_period
    union
    select
        pool_id,
        booked_period
    from hits
),

members as (
    select
        customers.pool_id,
        used_in.booked_period,
        members.customer_id,
        members.user_id
    from {{ ref('stg_members') }} as members
    inner join customers
        on members.customer_id = customers.customer_id
    inner join used_in
        on customers.pool_id = used_in.pool_id
    inner join periods
        on
            used_in.booked_period = periods.period
            and members.valid_from < periods.ends_at
            and coalesce(members.valid_to, {{ end_of_time() }}) > periods.starts_at
    union
    select
        pool_id,
        booked_period,
        customer_id,
        user_id
    from usage
    union
    select
        pool_id,
        booked_period,
        customer_id,
        user_id
    from hits
),

pools as (
    select
        pool_id,
        booked_period,
        cast(count(*) as bigint) as members
    from members
    group by pool_id, booked_period
),

-- Only where somebody asked for more than an equal share, or hit a guardrail, is a pool split at all.
concerned as (
    select
        usage.pool_id,
        usage.wallet,
        usage.booked_period
    from usage
    inner join pools
        on
            usage.pool_id = pools.pool_id
            and usage.booked_period = pools.booked_period
    inner join available
        on
            usage.pool_id = available.pool_id
            and usage.wallet = available.wallet
            and usage.booked_period = available.booked_period
    where usage.asked * pools.members > available.credits
    union
    select
        pool_id,
        wallet,
        booked_period
    from hits
),

split as (
    select
        concerned.pool_id,
        concerned.wallet,
        concerned.booked_period,
        members.customer_id,
        members.user_id,
        pools.members,
        available.credits,
        row_number() over (
            partition by concerned.pool_id, concerned.wallet, concerned.booked_period
            order by members.customer_id, members.user_id nulls first
        ) as place
    from concerned
    inner join members
        on
            concerned.pool_id = members.pool_id
            and concerned.booked_period = members.booked_period
    inner join pools
        on
            concerned.pool_id = pools.pool_id
            and concerned.booked_period = pools.booked_period
    inner join available
        on
            concerned.pool_id = available.pool_id
            and concerned.wallet = available.wallet
            and concerned.booked_period = available.booked_period
),

islands as (
    select
        split.pool_id,
        split.wallet,
        split.booked_period,
        split.customer_id,
        split.user_id,
        split.members,
        cast(
            {{ from_billionths(muldiv_round(billionths('split.credits'), 'split.place', 'split.members')) }}
            - {{ from_billionths(muldiv_round(billionths('split.credits'), '(split.place - 1)', 'split.members')) }}
            as {{ t_credits() }}
        ) as island,
        coalesce(usage.asked, {{ zero_credits() }}) as asked,
        coalesce(usage.drawn, {{ zero_credits() }}) as drawn,
        coalesce(hits.events, 0) as hits,
        coalesce(hits.kept, {{ zero_credits() }}) as kept
    from split
    left join usage
        on
            split.pool_id = usage.pool_id
            and split.wallet = usage.wallet
            and split.booked_period = usage.booked_period
            and split.customer_id = usage.customer_id
            and split.user_id is not distinct from usage.user_id
    left join hits
        on
            split.pool_id = hits.pool_id
            and split.wallet = hits.wallet
            and split.booked_period = hits.booked_period
            and split.customer_id = hits.customer_id
            and split.user_id is not distinct from hits.user_id
),

compared as (
    select
        *,
        cast(greatest(asked - island, 0) as {{ t_credits() }}) as lacking,
        cast(greatest(island - asked, 0) as {{ t_credits() }}) as remaining
    from islands
),

totals as (
    select
        *,
        {{ sum_credits('remaining', 'partition by pool_id, wallet, booked_period') }} as pool_remaining,
        {{ sum_credits('lacking', 'partition by pool_id, wallet, booked_period') }} as pool_lacking,
        sum(hits) over (partition by pool_id, wallet, booked_period) as pool_hits,
        {{ sum_credits(
            'remaining',
            'partition by pool_id, wallet, booked_period'
            ~ ' order by remaining desc, customer_id, user_id nulls first rows unbounded preceding') }} as remaining_to
    from compared
)

select
    pool_id,
    wallet,
    booked_period,
    customer_id,
    user_id,
    members,
    island as island_credits,
    asked as asked_credits,
    drawn as drawn_credits,
    cast(asked - drawn as {{ t_credits() }}) as unpaid_credits,
    lacking as lacking_credits,
    remaining as remaining_credits,
    cast(
        least(remaining_to, pool_lacking) - least(remaining_to - remaining, pool_lacking) as {{ t_credits() }}
    ) as stranded_credits,
    cast(hits as bigint) as hits_while_full,
    kept as kept_while_full_credits
from totals
where least(pool_lacking, pool_remaining) > 0 or pool_hits > 0
