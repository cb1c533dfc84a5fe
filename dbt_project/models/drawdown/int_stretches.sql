-- One row per node and stretch of time in which its set of usable lots does not change.
--
-- Between two boundaries only the total demand matters for balances (ARCHITECTURE, Drawdown).

with

boundaries as (
    select
        node_no,
        usable_from as starts_at
    from {{ ref('int_lot_phases') }}
    union
    select
        node_no,
        ends_at as starts_at
    from {{ ref('int_lot_ends') }}
    union
    select
        node_no,
        removed_at as starts_at
    from {{ ref('int_lot_removals') }}
    where withheld is null
    union
    select
        node_no,
        limited_at as starts_at
    from {{ ref('int_lot_limits') }}
    union
    -- Before its first lot a wallet that carries its overdraft runs up what that lot repays.
    select
        lots.node_no,
        {{ start_of_time() }} as starts_at
    from {{ ref('int_lots') }} as lots
    inner join {{ source('config', 'wallets') }} as wallets
        on lots.wallet = wallets.wallet
    where wallets.overdraft = 'carry'
)

select
    node_no,
    cast(row_number() over (order by node_no, starts_at) as bigint) as stretch_no,
    starts_at,
    coalesce(lead(starts_at) over (partition by node_no order by starts_at), {{ end_of_time() }}) as ends_at
from boundaries
