-- One row per posting of money that cannot be asked back any more: Dr what it was owed as, Cr contract liability.

with

reclassified as (
    select
        booked_period,
        wallet,
        currency,
        from_liability,
        to_liability,
        {{ sum_money('amount') }} as moved,
        {{ sum_money('amount_functional') }} as moved_functional
    from {{ ref('int_reclassifications') }}
    group by booked_period, wallet, currency, from_liability, to_liability
)

{% for role, sign in [('from_liability', ''), ('to_liability', '-')] -%}
select
    'reclassifications' as cause,
    booked_period,
    {{ role }} as account_role,
    wallet,
    currency,
    {{ sign }}moved as amount,
    {{ sign }}moved_functional as functional_amount
from reclassified
{% if not loop.last %}union all{% endif %}
{% endfor %}
