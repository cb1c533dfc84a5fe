-- One row per posting of money that moves without a sale: payouts to the bank, processor fees, write-offs.
--
-- payout: Dr cash, Cr cash in transit. fee: Dr payment fees, Cr cash in transit. write_off: Dr bad debt,
-- Cr accounts receivable.

with

payments as (
    select * from {{ ref('stg_payments') }}
    where kind in ('payout', 'fee', 'write_off')
)

{% for side in ['debit', 'credit'] %}
select
    case kind when 'payout' then 'payouts' when 'fee' then 'processor fees' else 'write-offs' end as cause,
    booked_period,
    {% if side == 'debit' -%}
        case kind when 'payout' then 'cash' when 'fee' then 'payment_fees' else 'bad_debt' end as account_role,
    {%- else -%}
        case kind when 'write_off' then 'accounts_receivable' else 'cash_in_transit' end as account_role,
    {%- endif %}
    cast(null as string) as wallet,
    currency,
    {{ '' if side == 'debit' else '-' }}gross_amount as amount,
    cast({{ '' if side == 'debit' else '-' }}(net_functional + tax_functional) as {{ t_money() }}) as functional_amount
from payments
{% if not loop.last %}union all{% endif %}
{% endfor %}
