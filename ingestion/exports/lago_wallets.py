"""Lago's wallets: what was granted, what is left, and what each grant was used for.

Three units meet in one row: `credit_amount` and `credits_…` are credits, `amount` is money in major
units, `…_cents` money in minor ones; a credit is `rate_amount` of money. Times are ISO 8601 with a
zone, in files of the views `exports_…` UTC without one. Lago takes usage off a wallet when it is
invoiced, the books when it happens; `ongoing` balances take off what is not invoiced yet.
"""

from __future__ import annotations

import pandera.polars as pa

from ingestion.exports.export import DECIMAL, INSTANT_OR_UTC, WHOLE, Export, leniently, major_units


def from_instant_or_utc(column: str) -> str:
    """SQL of the instant of a text with a zone, or of one in UTC."""
    return f"case when regexp_matches({column}, '(Z|[+-][0-9:]+)$') and length({column}) > 19 " + (
        f"then {column} else {column} || ' UTC' end"
    )


def credits_of(money: str, rate: str) -> str:
    """SQL of the credits that money comes to: whole billionths of one, divided exactly.

    Args:
        money: SQL of the amount in major units.
        rate: SQL of the money a credit is, in major units, with up to five decimals.
    """
    hundred_thousandths = f"cast(cast({rate} as decimal(18, 5)) * 100000 as hugeint)"
    billionths = (
        f"(cast(cast({money} as decimal(18, 3)) * 1000 as hugeint) * 100000000000 "
        f"+ {hundred_thousandths} // 2) // {hundred_thousandths}"
    )
    return f"cast({billionths} as decimal(28, 0)) * cast(0.000000001 as decimal(9, 9))"


class LagoWalletTransaction(pa.DataFrameModel):
    """One row per movement of a wallet; those that come in and are settled become grants.

    Source: GET /api/v1/wallets/:id/wallet_transactions, or the view exports_wallet_transactions.
    A purchase was sold for its `amount`, net of tax; what was granted, for nothing. Neither names
    the customer, unless the wallet is in the object: until book.yml maps `customer_id`, the wallet
    stands for the customer. The currency is that of the wallet: a constant, where no column has it.
    """

    lago_id: str
    """Lago's id; the lot."""
    lago_wallet_id: str
    """The wallet."""
    status: str = pa.Field(isin=["settled"])
    """Only what is settled is in the wallet."""
    transaction_type: str = pa.Field(isin=["inbound"])
    """Which way it goes: what goes out is no grant."""
    transaction_status: str = pa.Field(isin=("purchased", "granted"))
    """Whether it was bought or given."""
    amount: str = pa.Field(str_matches=DECIMAL)
    """Money, in major units."""
    credit_amount: str = pa.Field(str_matches=DECIMAL)
    """Credits."""
    settled_at: str = pa.Field(str_matches=INSTANT_OR_UTC)
    """When it went into the wallet."""
    priority: str | None = pa.Field(nullable=True, str_matches=WHOLE)
    """Lower burns first."""
    wallet: str | None = pa.Field(nullable=True)
    """JSON object of the wallet, where it was asked for."""
    external_customer_id: str | None = pa.Field(nullable=True)
    """The customer, where the file was joined with it."""
    currency: str | None = pa.Field(nullable=True)
    """Of the amount, where the file was joined with it."""
    name: str | None = pa.Field(nullable=True)
    """In words."""


_TRANSACTION_COLUMNS = {
    "grant_id": "lago_id",
    "customer_id": "coalesce(external_customer_id, wallet ->> '$.external_customer_id', "
    "lago_wallet_id)",
    "credits": "credit_amount",
    "kind": "case transaction_status when 'purchased' then 'paid' else 'promo' end",
    "effective_at": from_instant_or_utc("settled_at"),
    "priority": "priority",
    "consideration": "case transaction_status when 'purchased' then amount end",
    "currency": "coalesce(currency, wallet ->> '$.currency')",
    "reason": "name",
}
_SETTLED_INBOUND = "transaction_type = 'inbound' and status = 'settled'"

LAGO_WALLET_TRANSACTIONS = Export(
    name="lago_wallet_transactions",
    title="a list of Lago's wallet transactions",
    feed="grants",
    container="json",
    schema=LagoWalletTransaction,
    records=("wallet_transactions",),
    columns=_TRANSACTION_COLUMNS,
    only=_SETTLED_INBOUND,
)

LAGO_WALLET_TRANSACTION_TABLE = Export(
    name="lago_wallet_transaction_table",
    title="Lago's exports_wallet_transactions",
    feed="grants",
    container="csv",
    schema=LagoWalletTransaction,
    columns=_TRANSACTION_COLUMNS,
    only=_SETTLED_INBOUND,
)


class LagoWallet(pa.DataFrameModel):
    """One row per active wallet, at the instant of its last synchronisation.

    Source: GET /api/v1/wallets. It is stated in up to three ways, each a source of its own: `lago`,
    its credits; `lago money`, the credits that its money comes to at its rate, which are other ones
    where Lago's two balances diverge; `lago ongoing`, its credits less usage not invoiced yet.
    """

    lago_id: str
    """The wallet."""
    status: str = pa.Field(isin=["active"])
    """A terminated wallet holds nothing."""
    external_customer_id: str
    """The customer."""
    currency: str = pa.Field(str_matches=r"^[A-Z]{3}$")
    """Of its money."""
    rate_amount: str = pa.Field(str_matches=DECIMAL)
    """Money per credit, in major units."""
    credits_balance: str = pa.Field(str_matches=DECIMAL)
    """Credits."""
    balance_cents: str = pa.Field(str_matches=WHOLE)
    """Money, in minor units."""
    last_balance_sync_at: str = pa.Field(str_matches=INSTANT_OR_UTC)
    """When its balances were last worked out."""
    credits_ongoing_balance: str | None = pa.Field(nullable=True, str_matches=DECIMAL)
    """Credits less usage that is not invoiced yet."""


_CREDITS_OF_MONEY = credits_of(major_units("balance_cents", "currency"), "rate_amount")
_MONEY_DECIMALS = (
    "case when cast(rate_amount as decimal(18, 5)) >= 1 then 2 "
    "when cast(rate_amount as decimal(18, 5)) >= 0.1 then 1 else 0 end"
)
_STATED = f"""
select row_number() over (order by _row, _stated) as _row, * exclude (_row)
from (
    select
        *,
        unnest(['', ' money', ' ongoing']) as _stated,
        unnest([
            credits_balance,
            cast({_CREDITS_OF_MONEY} as varchar),
            credits_ongoing_balance
        ]) as _amount
    from {{file}}
)
where _amount is not null
"""

LAGO_WALLETS = Export(
    name="lago_wallets",
    title="a list of Lago's wallets",
    feed="statements",
    container="json",
    schema=LagoWallet,
    records=("wallets",),
    reshape=leniently(_STATED),
    columns={
        "statement_id": "lago_id || '@' || last_balance_sync_at || _stated",
        "source": "'lago' || _stated",
        "customer_id": "external_customer_id",
        "measure": "'balance'",
        "until_at": from_instant_or_utc("last_balance_sync_at"),
        "amount": "_amount",
        "decimals": f"case _stated when ' money' then {_MONEY_DECIMALS} else 5 end",
    },
    only="status = 'active'",
)


class LagoWalletConsumption(pa.DataFrameModel):
    """One row per part of a grant that an invoice was paid with.

    Source: the view exports_wallet_transaction_consumptions, from the first row of a grant on: what
    was drawn from it is a running total. It is money; a wallet whose credit is not one unit of it
    needs its `rate_amount` joined to the file. Whose it is the lot says.
    """

    lago_id: str
    """Lago's id."""
    lago_inbound_wallet_transaction_id: str
    """The grant; the lot (lago_wallet_transaction_table)."""
    lago_outbound_wallet_transaction_id: str
    """The use of the wallet."""
    consumed_amount_cents: str = pa.Field(str_matches=WHOLE)
    """Money, in minor units."""
    created_at: str = pa.Field(str_matches=INSTANT_OR_UTC)
    """When it was invoiced."""
    currency: str | None = pa.Field(nullable=True, str_matches=r"^[A-Z]{3}$")
    """Of the amount; two decimals where it is not given."""
    rate_amount: str | None = pa.Field(nullable=True, str_matches=DECIMAL)
    """Money per credit, in major units; one where it is not given."""


_CREATED = f"cast({from_instant_or_utc('created_at')} as timestamptz)"
_CONSUMED_TO_DATE = f"""
select * exclude (_place)
from (
    select
        *,
        sum({major_units("consumed_amount_cents", "currency")}) over (
            partition by lago_inbound_wallet_transaction_id order by {_CREATED}
            range unbounded preceding
        ) as _consumed,
        row_number() over (
            partition by lago_inbound_wallet_transaction_id, {_CREATED} order by _row desc
        ) as _place
    from {{file}}
)
where _place = 1
"""

LAGO_WALLET_CONSUMPTION_TABLE = Export(
    name="lago_wallet_consumption_table",
    title="Lago's exports_wallet_transaction_consumptions",
    feed="statements",
    container="csv",
    schema=LagoWalletConsumption,
    reshape=leniently(_CONSUMED_TO_DATE),
    columns={
        "statement_id": "lago_inbound_wallet_transaction_id || '@' || created_at",
        "source": "'lago'",
        "customer_id": "cast(null as varchar)",
        "measure": "'drawn'",
        "lot_id": "lago_inbound_wallet_transaction_id",
        "from_at": "'1980-01-01T00:00:00Z'",
        "until_at": f"{_CREATED} + interval 1 microsecond",
        "amount": credits_of("_consumed", "coalesce(rate_amount, '1')"),
        "decimals": "2",
    },
)
