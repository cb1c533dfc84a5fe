-- One row per cause, period, account role, wallet and currency: what facts and estimates posted there.
--
-- amount is signed: debits positive, credits negative. Functional amounts are at the rates of the facts;
-- int_remeasurements__posted brings what is owed in foreign money to the rate at the end of a period.

with

posted as (
    {% for kind in [
        'receipts', 'plan_billings', 'grants', 'recognition', 'give_backs', 'transfers', 'reclassifications', 'overage', 'supplier_shares',
        'usage_accruals', 'cash_movements', 'recoveries', 'contract_nets'] %}
    select * from {{ ref('int_' ~ kind ~ '__posted') }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select
    cause,
    booked_period,
    account_role,
    wallet,
    currency,
    {{ sum_money('amount') }} as amount,
    {{ sum_money('functional_amount') }} as functional_amount
from posted
group by cause, booked_period, account_role, wallet, currency
having sum(amount) <> 0 or sum(functional_amount) <> 0
