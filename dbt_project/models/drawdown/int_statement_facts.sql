-- One row per fact of ours and subject of statements it counts in: movements of credits, as the credit ledger has them.
--
-- amount is signed as its measure is: what adds to a balance is positive there, what is drawn is positive where draws
-- are stated. Facts count when they occurred, whatever month they are booked in. What an overdraft owes was drawn when
-- it was served; a lot that repays it draws when it does. What moves between lots, wallets or customers (kind transfer)
-- counts in balances only; what rolls over stays in its lot, and is no fact. Usage that no wallet paid is none either.
--
-- Only wallets somebody states something of are read.

with

subjects as (
    select
        subject_no,
        pool_id,
        node_no,
        wallet,
        lot_id,
        measure
    from {{ ref('stg_statements') }}
    group by subject_no, pool_id, node_no, wallet, lot_id, measure
),

lots as (
    select * from {{ ref('int_lots') }}
),

subject_lots as (
    select
        subjects.subject_no,
        subjects.measure,
        lots.lot_no
    from subjects
    inner join lots
        on subjects.node_no = lots.node_no
    where subjects.lot_id is null
    union all
    select
        subjects.subject_no,
        subjects.measure,
        lots.lot_no
    from subjects
    inner join lots
        on
            subjects.lot_id = lots.lot_id
            and subjects.wallet = lots.wallet
            and coalesce(subjects.pool_id, lots.pool_id) = lots.pool_id
),

happened as (
    select
        event_no,
        occurred_at,
        coalesce(received_at, occurred_at) as received_at
    from {{ source('feeds', 'usage') }}
),

overdrafts as (
    select
        overdrafts.*,
        {{ node_no('customers.pool_no', 'wallets.rank') }} as node_no
    from {{ ref('int_overdrafts') }} as overdrafts
    inner join {{ ref('stg_customers') }} as customers
        on overdrafts.customer_no = customers.customer_no
    inner join {{ source('config', 'wallets') }} as wallets
        on overdrafts.wallet = wallets.wallet
),

owed as (
    select
        subjects.subject_no,
        subjects.measure,
        overdrafts.event_no,
        overdrafts.repaid_at,
        overdrafts.credits
    from overdrafts
    inner join subjects
        on overdrafts.node_no = subjects.node_no
    where
        subjects.lot_id is null
        and subjects.measure <> 'granted'
),

facts as (
    select
        subject_lots.subject_no,
        subject_lots.measure,
        'draw' as kind,
        case when draws.is_repayment then draws.booked_at else happened.occurred_at end as occurred_at,
        happened.received_at,
        cast(-draws.credits as {{ t_credits() }}) as credits
    from {{ ref('int_draws') }} as draws
    inner join subject_lots
        on draws.lot_no = subject_lots.lot_no
    inner join happened
        on draws.event_no = happened.event_no
    where subject_lots.measure <> 'granted'
    union all
    select
        owed.subject_no,
        owed.measure,
        'draw' as kind,
        happened.occurred_at,
        happened.received_at,
        cast(-owed.credits as {{ t_credits() }}) as credits
    from owed
    inner join happened
        on owed.event_no = happened.event_no
    union all
    select
        owed.subject_no,
        owed.measure,
        'draw' as kind,
        owed.repaid_at as occurred_at,
        happened.received_at,
        owed.credits
    from owed
    inner join happened
        on owed.event_no = happened.event_no
    where owed.repaid_at is not null
    union all
    select
        subject_lots.subject_no,
        subject_lots.measure,
        case when lots.transferred_from is null then 'grant' else 'transfer' end as kind,
        lots.granted_at as occurred_at,
        lots.received_at,
        grants.credits
    from {{ ref('int_lot_grants') }} as grants
    inner join subject_lots
        on grants.lot_no = subject_lots.lot_no
    inner join lots
        on grants.lot_no = lots.lot_no
    where
        subject_lots.measure <> 'drawn'
        and (lots.transferred_from is null or subject_lots.measure = 'balance')
    union all
    select
        subject_lots.subject_no,
        subject_lots.measure,
        case losses.cause when 'expire' then 'expiry' when 'transfer' then 'transfer' else 'refund' end as kind,
        losses.happened_at as occurred_at,
        coalesce(lot_events.received_at, payments.received_at, losses.happened_at) as received_at,
        cast(-losses.credits as {{ t_credits() }}) as credits
    from {{ ref('int_lot_losses') }} as losses
    inner join subject_lots
        on losses.lot_no = subject_lots.lot_no
    left join {{ ref('stg_lot_events') }} as lot_events
        on losses.removal_id = lot_events.lot_event_id
    left join {{ ref('stg_payments') }} as payments
        on losses.payment_id = payments.payment_id
    where subject_lots.measure = 'balance'
)

select
    subject_no,
    kind,
    occurred_at,
    received_at,
    case measure when 'drawn' then cast(-credits as {{ t_credits() }}) else credits end as amount
from facts
