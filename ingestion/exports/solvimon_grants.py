"""Solvimon's wallet grants: what was granted, and apart from it what was paid.

Quantities are decimal texts; times are ISO 8601 with a zone. A grant is of money (`grant_amount`)
or of credits of a type (`grant_credits`); `constants` of book.yml name the wallet, or `columns` map
it from the type of credit.
"""

from __future__ import annotations

import pandera.polars as pa

from ingestion.exports.export import ISO_INSTANT, Export, Rule

_QUANTITY = r'^\{.*"quantity":"-?[0-9]+(\.[0-9]+)?".*\}$'


class SolvimonWalletGrant(pa.DataFrameModel):
    """One row per grant. Source: the OpenAPI description of Solvimon's wallet grants."""

    id: str
    """Solvimon's id; the lot."""
    customer_id: str
    """The customer."""
    type: str = pa.Field(isin=("DEFAULT", "PROMOTION"))
    """Whether it was given away."""
    grant_amount: str | None = pa.Field(nullable=True, str_matches=_QUANTITY)
    """JSON object: quantity and currency of money granted."""
    grant_credits: str | None = pa.Field(nullable=True, str_matches=_QUANTITY)
    """JSON object: quantity and type of credits granted."""
    paid_amount: str | None = pa.Field(nullable=True, str_matches=_QUANTITY)
    """JSON object: quantity, in major units, and currency of what was paid for it."""
    start_at: str = pa.Field(str_matches=ISO_INSTANT)
    """Usable from."""
    expire_at: str | None = pa.Field(nullable=True, str_matches=ISO_INSTANT)
    """Usable until; null for ever."""
    description: str | None = pa.Field(nullable=True)
    """In words."""


_PAID = "case type when 'DEFAULT' then paid_amount end"

SOLVIMON_WALLET_GRANTS = Export(
    name="solvimon_wallet_grants",
    title="a list of Solvimon's wallet grants",
    feed="grants",
    container="json",
    schema=SolvimonWalletGrant,
    records=("data",),
    columns={
        "grant_id": "id",
        "customer_id": "customer_id",
        "credits": "coalesce(grant_credits, grant_amount) ->> '$.quantity'",
        "kind": "case type when 'DEFAULT' then 'paid' else 'promo' end",
        "effective_at": "start_at",
        "expires_at": "expire_at",
        "consideration": f"({_PAID}) ->> '$.quantity'",
        "currency": f"({_PAID}) ->> '$.currency'",
        "reason": "description",
    },
    rules=(
        Rule(
            "credits",
            "is told twice, as money and as credits: map the one that counts",
            "grant_amount is null or grant_credits is null",
            "grant_credits",
        ),
    ),
)
