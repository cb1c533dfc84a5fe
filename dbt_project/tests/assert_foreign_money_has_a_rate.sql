-- Fails for money in a currency that has no exchange rate on or before its day.

select
    payment_id as fact_id,
    currency,
    occurred_at
from {{ ref('stg_payments') }}
where fx_rate is null
union all
select
    settlement_id as fact_id,
    currency,
    occurred_at
from {{ ref('stg_settlements') }}
where functional_amount is null
union all
select
    lot_id as fact_id,
    currency,
    granted_at as occurred_at
from {{ ref('int_lots') }}
where functional_consideration is null
union all
select
    'supplier ' || supplier_costs.supplier as fact_id,
    supplier_costs.currency,
    cast(supplier_costs.booked_period as timestamp) as occurred_at
from {{ ref('int_supplier_costs') }} as supplier_costs
{{ join_fx_rate('supplier_costs.currency', 'cast(supplier_costs.booked_period as timestamp)') }}
where
    supplier_costs.is_agent
    and fx.rate is null
