-- One row per figure that another system states and the books can compare: all that it counts is known.
--
-- A figure that was stated anew is the last one known. A statement about a member of a pool is about the pool's
-- wallet; one about a lot may leave to the lot whose it is. subject_no numbers what statements speak of, one measure
-- of one wallet or lot: it and statement_no are internal keys for joins; no figure depends on them.

with

known as (
    select * from {{ source('feeds', 'statements') }}
    where
        until_at <= {{ as_of() }}
        and (received_at is null or received_at < {{ as_of() }})
),

statements as (
    select * from known
    where
        not exists (
            select 1 from known as later
            where later.corrects = known.statement_id
        )
),

pooled as (
    select
        statements.*,
        coalesce(customers.pool_id, statements.customer_id) as pool_id,
        {{ node_no('customers.pool_no', 'wallets.rank') }} as node_no
    from statements
    left join {{ ref('stg_customers') }} as customers
        on statements.customer_id = customers.customer_id
    left join {{ source('config', 'wallets') }} as wallets
        on statements.wallet = wallets.wallet
)

select
    cast(row_number() over (order by statement_id) as bigint) as statement_no,
    cast(dense_rank() over (order by pool_id nulls first, wallet, lot_id nulls first, measure) as bigint) as subject_no,
    statement_id,
    source,
    customer_id,
    pool_id,
    node_no,
    measure,
    wallet,
    lot_id,
    from_at,
    until_at,
    amount,
    decimals,
    coalesce(received_at, until_at) as received_at
from pooled
