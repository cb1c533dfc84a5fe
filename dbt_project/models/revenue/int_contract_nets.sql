-- One row per lot of a contract and period in which some of it is neither billed nor earned: what is netted.
--
-- A contract is one asset or one liability (ASC 606-10-45-1, IFRS 15.105): as a period ends, what is not billed and
-- what is not earned stand against each other. What was billed is billed for the lots booked first, so what is
-- netted is taken from those booked last. moved is the change since the period before; functional amounts are at
-- the rate of the lot, which is that of its liability (decision 40).

with

lots as (
    select * from {{ ref('int_contract_lots') }}
),

balances as (
    select
        lots.contract_id,
        lots.customer_id,
        lots.currency,
        lots.functional_minor_units,
        balances.lot_no,
        balances.booked_period,
        balances.closing,
        balances.closing_functional,
        {{ sum_money(
            'balances.closing',
            'partition by lots.contract_id, lots.customer_id, lots.currency, balances.booked_period'
            ~ ' order by lots.booked_period desc, lots.lot_id desc rows unbounded preceding') }} as closing_to
    from {{ ref('int_lot_periods') }} as balances
    inner join lots
        on balances.lot_no = lots.lot_no
),

netted as (
    select
        balances.lot_no,
        balances.booked_period,
        balances.closing,
        balances.closing_functional,
        balances.functional_minor_units,
        cast(
            greatest(0, least(balances.closing, contracts.unbilled - (balances.closing_to - balances.closing)))
            as {{ t_money() }}
        ) as net
    from balances
    inner join {{ ref('int_contract_periods') }} as contracts
        on
            balances.contract_id = contracts.contract_id
            and balances.customer_id = contracts.customer_id
            and balances.currency = contracts.currency
            and balances.booked_period = contracts.booked_period
),

converted as (
    select
        lot_no,
        booked_period,
        net,
        case
            when net = 0 then {{ zero_money() }}
            when net = closing then closing_functional
            else {{ settled_to_date(
                'closing_functional',
                'cast(net as ' ~ t_credits() ~ ')',
                'cast(closing as ' ~ t_credits() ~ ')',
                'functional_minor_units') }}
        end as net_functional
    from netted
),

stepped as (
    select
        lot_no,
        booked_period,
        {%- for suffix in ['', '_functional'] %}
        net{{ suffix }},
        cast(
            net{{ suffix }} - coalesce(lag(net{{ suffix }}) over (partition by lot_no order by booked_period), 0)
            as {{ t_money() }}
        ) as moved{{ suffix }}{{ ',' if not loop.last }}
        {%- endfor %}
    from converted
)

select * from stepped
where net <> 0 or moved <> 0 or net_functional <> 0 or moved_functional <> 0
