"""What Stripe says of its credit grants: what each was drawn for, and what it holds.

Money is a whole number of minor units and a currency in small letters; times are epoch seconds.
Stripe applies credits when an invoice is finalised, the books when usage happens.
"""

from __future__ import annotations

import pandera.polars as pa

from ingestion.exports.export import EPOCH_SECONDS, Export, from_epoch, leniently
from ingestion.exports.stripe_units import stripe_amount

_MONETARY = r'^\{.*"type".*"monetary".*\}$'


class StripeCreditBalanceTransaction(pa.DataFrameModel):
    """One row per movement of a credit grant. Source: GET /v1/billing/credit_balance_transactions.

    It names the grant and not the customer, who is that of the lot. The list is that of a customer
    from the first movement on: figures of a grant are running totals of its movements.
    """

    id: str
    """Stripe's id of the movement."""
    credit_grant: str
    """The grant, by id or expanded; the lot (stripe_credit_grants)."""
    type: str = pa.Field(isin=("credit", "debit"))
    """Whether the grant gains or loses."""
    effective_at: str = pa.Field(str_matches=EPOCH_SECONDS)
    """When it does."""
    credit: str | None = pa.Field(nullable=True, str_matches=_MONETARY)
    """JSON object of a credit: credits_granted, or credits_application_invoice_voided."""
    debit: str | None = pa.Field(nullable=True, str_matches=_MONETARY)
    """JSON object of a debit: credits_applied, credits_expired or credits_voided."""


_MOVEMENT = "coalesce(credit, debit)"
_GRANT = "case when credit_grant like '{%' then credit_grant ->> '$.id' else credit_grant end"
_CURRENCY = f"upper({_MOVEMENT} ->> '$.amount.monetary.currency')"
_AMOUNT = stripe_amount(f"({_MOVEMENT} ->> '$.amount.monetary.value')", _CURRENCY)
_SIGN = "case type when 'credit' then 1 else -1 end"
_IS_USE = f"({_MOVEMENT} ->> '$.type') in ('credits_applied', 'credits_application_invoice_voided')"

# A running total once per grant and instant: of movements of one instant, none is first.
_TOTALS = f"""
select row_number() over (order by _row, _measure) as _row, * exclude (_row)
from (
    select
        *,
        unnest(['balance', 'drawn']) as _measure,
        unnest([_balance, _drawn]) as _amount
    from (
        select
            *,
            {_GRANT} as _grant,
            sum({_SIGN} * {_AMOUNT}) over grant_to_date as _balance,
            sum(case when {_IS_USE} then -{_SIGN} * {_AMOUNT} else 0 end) over grant_to_date
                as _drawn,
            row_number() over (
                partition by {_GRANT}, cast(effective_at as bigint) order by _row desc
            ) as _place
        from {{file}}
        window grant_to_date as (
            partition by {_GRANT} order by cast(effective_at as bigint) range unbounded preceding
        )
    )
    where _place = 1
)
"""

STRIPE_CREDIT_BALANCE_TRANSACTIONS = Export(
    name="stripe_credit_balance_transactions",
    title="a list of Stripe's credit balance transactions",
    feed="statements",
    container="json",
    schema=StripeCreditBalanceTransaction,
    records=("data",),
    reshape=leniently(_TOTALS),
    columns={
        "statement_id": "_grant || '@' || effective_at || ':' || _measure",
        "source": "'stripe'",
        "customer_id": "cast(null as varchar)",
        "measure": "_measure",
        "lot_id": "_grant",
        "from_at": "case _measure when 'drawn' then '1980-01-01T00:00:00Z' end",
        # The movements of its last second count.
        "until_at": f"{from_epoch('effective_at')} + interval 1 second",
        "amount": "_amount",
        "decimals": "2",
    },
)
