-- Fails for a grant of a contract that it cannot bill, a fact that names a contract and bills no part of it, a contract
-- that is billed for more than it sold, and what gives back what a contract billed: nothing says how much of the
-- rest of the contract goes with it.

with

billings as (
    select * from {{ ref('int_contract_billings') }}
)

select
    grants.contract_id,
    grants.grant_id as id,
    'has no consideration, is that of a payment, or its money can be asked back' as reason
from {{ ref('stg_contract_grants') }} as grants
left join {{ ref('int_contract_lots') }} as lots
    on grants.grant_id = lots.lot_id
where lots.lot_id is null
union all
select
    payments.contract_id,
    payments.payment_id as id,
    'bills no grant of this contract: another customer, currency or kind' as reason
from {{ ref('stg_payments') }} as payments
left join billings
    on payments.payment_id = billings.payment_id
where
    payments.contract_id is not null
    and billings.payment_id is null
union all
select
    contract_id,
    max(customer_id) as id,
    'is billed for more than it has sold by then' as reason
from {{ ref('int_contract_periods') }}
where unbilled < 0
group by contract_id
union all
select
    billings.contract_id,
    give_backs.payment_id as id,
    'gives back what a contract billed' as reason
from {{ ref('int_give_backs') }} as give_backs
inner join billings
    on give_backs.original_id = billings.payment_id
where give_backs.kind <> 'write_off'
