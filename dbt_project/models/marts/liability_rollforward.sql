-- One row per entity, liability, wallet, currency and period: what moved the liability, and what the ledger says.
--
-- Movements come from the lots; gl_balance from the journal. They meet here: variance is zero or the books
-- are wrong. closing = opening + additions - revenue columns - escheated - refunded + transferred + fx.
-- Transferred is what moved to another wallet or customer, what moved to another liability because the right to
-- ask it back ended, and what is netted with the asset of its contract.

with

book as (
    select * from {{ source('config', 'book') }}
),

settlements as (
    select * from {{ ref('int_lot_settlements') }}
),

reclassifications as (
    select * from {{ ref('int_reclassifications') }}
),

lots as (
    select * from {{ ref('int_lot_values') }}
),

periods as (
    select * from {{ ref('stg_periods') }}
),

{% set released = ['addition', 'usage_revenue', 'breakage_revenue', 'prior_period_revenue', 'escheat_release', 'refund_release'] %}
{% set columns = released + ['transferred'] %}
moved as (
    select
        settlements.liability,
        lots.wallet,
        lots.currency,
        settlements.booked_period,
        {%- for suffix in ['', '_functional'] %}
        {%- for column in released %}
        settlements.{{ column }}{{ suffix }},
        {%- endfor %}
        settlements.transfer_addition{{ suffix }} - settlements.transfer_release{{ suffix }}
        as transferred{{ suffix }}{{ ',' if not loop.last }}
        {%- endfor %}
    from settlements
    inner join lots
        on settlements.lot_no = lots.lot_no
    {%- for liability, sign in [('from_liability', '-'), ('to_liability', '')] %}
    union all
    select
        {{ liability }} as liability,
        wallet,
        currency,
        booked_period,
        {%- for suffix in ['', '_functional'] %}
        {%- for column in released %}
        {{ zero_money() }} as {{ column }}{{ suffix }},
        {%- endfor %}
        {{ sign }}amount{{ suffix }} as transferred{{ suffix }}{{ ',' if not loop.last }}
        {%- endfor %}
    from reclassifications
    {%- endfor %}
    union all
    select
        'contract_liability' as liability,
        contract_lots.wallet,
        contract_lots.currency,
        nets.booked_period,
        {%- for suffix in ['', '_functional'] %}
        {%- for column in released %}
        {{ zero_money() }} as {{ column }}{{ suffix }},
        {%- endfor %}
        -nets.moved{{ suffix }} as transferred{{ suffix }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_contract_nets') }} as nets
    inner join {{ ref('int_contract_lots') }} as contract_lots
        on nets.lot_no = contract_lots.lot_no
),

movements as (
    select
        liability,
        wallet,
        currency,
        booked_period,
        {%- for suffix in ['', '_functional'] %}
        {%- set last_suffix = loop.last %}
        {%- for column in columns %}
        {{ sum_money(column ~ suffix) }} as {{ column }}{{ suffix }}{{ '' if last_suffix and loop.last else ',' }}
        {%- endfor %}
        {%- endfor %}
    from moved
    group by liability, wallet, currency, booked_period
),

groups as (
    select
        liability,
        wallet,
        currency,
        min(booked_period) as first_period
    from movements
    group by liability, wallet, currency
),

filled as (
    select
        groups.liability,
        groups.wallet,
        groups.currency,
        periods.period as booked_period,
        {% for suffix in ['', '_functional'] -%}
        {% set last_suffix = loop.last -%}
        {% for column in columns -%}
        coalesce(movements.{{ column }}{{ suffix }}, {{ zero_money() }})
        as {{ column }}{{ suffix }}{{ '' if last_suffix and loop.last else ',' }}
        {% endfor -%}
        {% endfor %}
    from groups
    inner join periods
        on groups.first_period <= periods.period
    left join movements
        on
            groups.liability = movements.liability
            and groups.wallet = movements.wallet
            and groups.currency = movements.currency
            and periods.period = movements.booked_period
),

running as (
    select
        *,
        {%- for suffix in ['', '_functional'] %}
        {{ sum_money(
            'addition' ~ suffix ~ ' - usage_revenue' ~ suffix ~ ' - breakage_revenue' ~ suffix
            ~ ' - prior_period_revenue' ~ suffix ~ ' - escheat_release' ~ suffix ~ ' - refund_release' ~ suffix
            ~ ' + transferred' ~ suffix,
            'partition by liability, wallet, currency order by booked_period rows unbounded preceding') }} as closing{{ suffix }}{{ ',' if not loop.last }}
        {%- endfor %}
    from filled
),

posted as (
    select
        account_role as liability,
        wallet,
        currency,
        booked_period,
        {{ sum_money('-amount') }} as amount
    from {{ ref('int_postings') }}
    where wallet is not null
    group by account_role, wallet, currency, booked_period
),

ledger as (
    select
        running.liability,
        running.wallet,
        running.currency,
        running.booked_period,
        {{ sum_money(
            'posted.amount',
            'partition by running.liability, running.wallet, running.currency'
            ~ ' order by running.booked_period rows unbounded preceding') }} as gl_balance
    from running
    left join posted
        on
            running.liability = posted.liability
            and running.wallet = posted.wallet
            and running.currency = posted.currency
            and running.booked_period = posted.booked_period
)

select
    book.entity,
    running.liability,
    running.wallet,
    running.currency,
    running.booked_period,
    {%- for suffix in ['', '_functional'] %}
    cast(
        running.closing{{ suffix }} - running.addition{{ suffix }} + running.usage_revenue{{ suffix }}
        + running.breakage_revenue{{ suffix }} + running.prior_period_revenue{{ suffix }}
        + running.escheat_release{{ suffix }} + running.refund_release{{ suffix }}
        - running.transferred{{ suffix }}
        as {{ t_money() }}
    ) as opening{{ suffix }},
    running.addition{{ suffix }} as additions{{ suffix }},
    running.usage_revenue{{ suffix }},
    running.breakage_revenue{{ suffix }},
    running.prior_period_revenue{{ suffix }},
    running.escheat_release{{ suffix }} as escheated{{ suffix }},
    running.refund_release{{ suffix }} as refunded{{ suffix }},
    running.transferred{{ suffix }},
    {{ zero_money() }} as fx{{ suffix }},
    running.closing{{ suffix }},
    {%- endfor %}
    ledger.gl_balance,
    cast(running.closing - ledger.gl_balance as {{ t_money() }}) as variance
from running
cross join book
inner join ledger
    on
        running.liability = ledger.liability
        and running.wallet = ledger.wallet
        and running.currency = ledger.currency
        and running.booked_period = ledger.booked_period
