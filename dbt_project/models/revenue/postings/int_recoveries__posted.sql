-- One row per posting of what had been given up and comes back.
--
-- Cr what it had been charged to (bad debt, disputes), Cr recoveries for credits that were taken back and stay so. What a
-- payment brings is debited with the payment (int_receipts__posted). A dispute won: Dr cash in transit, Cr tax payable,
-- and what is more than had been given back is the customer's, in unapplied payments. A payment that was such a
-- recovery and is disputed or refunded is taken out of recoveries first, as if out of a liability.

with

recoveries as (
    select * from {{ ref('int_recoveries') }}
),

amounts as (
    select
        *,
        {%- for column in ['tax_amount', 'beyond_amount', 'recovered_amount', 'earned_amount'] %}
        {{ functional(column, 'fx_rate', 'functional_minor_units') }} as {{ column }}_functional{{ ',' if not loop.last }}
        {%- endfor %}
    from recoveries
),

-- What disputes and refunds take of a payment that was a recovery, in the order booked.
taken as (
    select
        give_backs.cause,
        give_backs.booked_period,
        give_backs.currency,
        give_backs.earned_role,
        recoveries.rest_amount,
        recoveries.functional_minor_units,
        give_backs.sale_fx_rate,
        give_backs.share_amount,
        {{ sum_money(
            'give_backs.share_amount',
            'partition by give_backs.original_id order by give_backs.booked_at, give_backs.payment_id rows unbounded preceding') }} as share_to
    from {{ ref('int_give_backs') }} as give_backs
    inner join recoveries
        on give_backs.original_id = recoveries.payment_id
),

taken_back as (
    select
        *,
        cast(
            least(rest_amount, share_to) - least(rest_amount, share_to - share_amount) as {{ t_money() }}
        ) as taken_amount
    from taken
),

lines as (
    {% for condition, role, amount, functional_amount, sign in [
        ("true", 'earned_role', 'earned_amount', 'earned_amount_functional', '-'),
        ("true", "'recoveries'", 'rest_amount', '(recovered_amount_functional - earned_amount_functional)', '-'),
        ("kind = 'dispute_won'", "'cash_in_transit'", '(beyond_amount + tax_amount)', '(beyond_amount_functional + tax_amount_functional)', ''),
        ("kind = 'dispute_won'", "'tax_payable'", 'tax_amount', 'tax_amount_functional', '-'),
        ("kind = 'dispute_won'", "'unapplied_payments'", '(beyond_amount - recovered_amount)',
         '(beyond_amount_functional - recovered_amount_functional)', '-'),
    ] -%}
    select
        case when kind = 'dispute_won' then 'disputes' when is_of_plan then 'plan payments' else 'usage payments' end as cause,
        booked_period,
        {{ role }} as account_role,
        currency,
        {{ sign }}{{ amount }} as amount,
        {{ sign }}{{ functional_amount }} as functional_amount
    from amounts
    where {{ condition }}
    union all
    {% endfor -%}
    {% for role, sign in [("'recoveries'", ''), ('earned_role', '-')] -%}
    select
        cause,
        booked_period,
        {{ role }} as account_role,
        currency,
        {{ sign }}taken_amount as amount,
        {{ sign }}{{ functional('taken_amount', 'sale_fx_rate', 'functional_minor_units') }} as functional_amount
    from taken_back
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    cause,
    booked_period,
    account_role,
    cast(null as string) as wallet,
    currency,
    cast(amount as {{ t_money() }}) as amount,
    cast(functional_amount as {{ t_money() }}) as functional_amount
from lines
where amount <> 0 or functional_amount <> 0
