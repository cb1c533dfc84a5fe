-- One row per posting of money that moves without a sale: payouts, processor fees, write-offs of no sale, and
-- what a processor keeps while a dispute is open; and of invoices of usage, and those that a balance pays.
--
-- payout: Dr cash, Cr cash in transit. fee: Dr payment fees, Cr cash in transit. write_off: Dr bad debt, Cr
-- accounts receivable. An invoice of usage that was sold in arrears: Dr accounts receivable, Cr unbilled
-- receivable, net as it was sold; its tax is payable when it is paid. One of a contract: Cr contract asset.
-- balance_applied: Dr unapplied payments, Cr accounts receivable. A dispute that counts when it is lost: opened,
-- Dr disputed funds, Cr cash in transit; won, the other way round.

with

payments as (
    select
        payments.*,
        case when billings.payment_id is null then payments.kind else 'contract_invoice' end as fact
    from {{ ref('stg_payments') }} as payments
    left join {{ ref('int_contract_billings') }} as billings
        on
            payments.payment_id = billings.payment_id
            and billings.kind = 'invoice'
    left join {{ ref('int_give_backs') }} as give_backs
        on payments.payment_id = give_backs.payment_id
    left join {{ ref('int_recoveries') }} as recoveries
        on payments.payment_id = recoveries.payment_id
    left join {{ ref('int_payments__unposted') }} as unposted
        on payments.payment_id = unposted.payment_id
    where
        (
            payments.kind in ('payout', 'fee', 'write_off', 'balance_applied', 'dispute_opened', 'dispute_won')
            or (payments.kind = 'invoice' and payments.subscription_id is null and payments.offer is null)
        )
        and give_backs.payment_id is null
        and recoveries.payment_id is null
        and unposted.payment_id is null
)

{% set gross = ('gross_amount', '(net_functional + tax_functional)') -%}
{% set kinds = [
    ('payout', 'payouts', 'cash', 'cash_in_transit', gross),
    ('fee', 'processor fees', 'payment_fees', 'cash_in_transit', gross),
    ('write_off', 'write-offs', 'bad_debt', 'accounts_receivable', gross),
    ('invoice', 'usage invoices', 'accounts_receivable', 'unbilled_receivable', ('net_amount', 'net_functional')),
    ('contract_invoice', 'contract invoices', 'accounts_receivable', 'contract_asset', ('net_amount', 'net_functional')),
    ('balance_applied', 'balances applied', 'unapplied_payments', 'accounts_receivable', gross),
    ('dispute_opened', 'disputes', 'disputed_funds', 'cash_in_transit', gross),
    ('dispute_opened', 'processor fees', 'payment_fees', 'cash_in_transit', ('fee_amount', 'fee_functional')),
    ('dispute_won', 'disputes', 'cash_in_transit', 'disputed_funds', gross),
] -%}
{% for kind, cause, debit, credit, amounts in kinds %}
{% for role, sign in [(debit, ''), (credit, '-')] %}
select
    '{{ cause }}' as cause,
    booked_period,
    '{{ role }}' as account_role,
    cast(null as string) as wallet,
    currency,
    {{ sign }}{{ amounts[0] }} as amount,
    cast({{ sign }}{{ amounts[1] }} as {{ t_money() }}) as functional_amount
from payments
where fact = '{{ kind }}'
{{ 'union all' if not loop.last }}
{% endfor %}
{{ 'union all' if not loop.last }}
{% endfor %}
