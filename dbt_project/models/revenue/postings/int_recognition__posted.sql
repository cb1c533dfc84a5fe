-- One row per posting that releases a liability: usage, usage of earlier periods, breakage, what a state is owed.
--
-- Dr the lot's liability, Cr revenue; breakage apart, so that it can be reported apart (ACCOUNTING 7); what is
-- owed to a state, Cr unclaimed property. Breakage that an estimate takes back is the same entry, turned around.

with

settlements as (
    select * from {{ ref('int_lot_settlements') }}
),

lots as (
    select * from {{ ref('int_lots') }}
),

released as (
    select
        lots.wallet,
        settlements.liability,
        lots.currency,
        settlements.booked_period,
        {% for suffix in ['', '_functional'] -%}
        {% for column in ['usage_revenue', 'prior_period_revenue', 'breakage_revenue', 'escheat_release'] -%}
        {{ sum_money('settlements.' ~ column ~ suffix) }} as {{ column }}{{ suffix }}{{ ',' if not loop.last }}
        {% endfor %}{{ ',' if not loop.last }}
        {%- endfor %}
    from settlements
    inner join lots
        on settlements.lot_no = lots.lot_no
    group by lots.wallet, settlements.liability, lots.currency, settlements.booked_period
)

{% for column, cause, role in [
    ('usage_revenue', 'usage', 'usage_revenue'),
    ('prior_period_revenue', 'usage of earlier periods', 'usage_revenue'),
    ('breakage_revenue', 'breakage', 'breakage_revenue'),
    ('escheat_release', 'escheat', 'unclaimed_property'),
] %}
select
    '{{ cause }}' as cause,
    booked_period,
    liability as account_role,
    wallet,
    currency,
    {{ column }} as amount,
    {{ column }}_functional as functional_amount
from released
union all
select
    '{{ cause }}' as cause,
    booked_period,
    '{{ role }}' as account_role,
    wallet,
    currency,
    -{{ column }} as amount,
    -{{ column }}_functional as functional_amount
from released
{% if not loop.last %}union all{% endif %}
{% endfor %}
