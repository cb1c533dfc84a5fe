"""Exports of other systems: one module each, its schema, units, clock and columns side by side."""

from __future__ import annotations

from ingestion.exports.anthropic_usage import ANTHROPIC_USAGE
from ingestion.exports.cloudevents import CLOUDEVENTS
from ingestion.exports.export import Export
from ingestion.exports.lago_events import LAGO_EVENTS
from ingestion.exports.lago_wallets import (
    LAGO_WALLET_CONSUMPTION_TABLE,
    LAGO_WALLET_TRANSACTION_TABLE,
    LAGO_WALLET_TRANSACTIONS,
    LAGO_WALLETS,
)
from ingestion.exports.llm_responses import LLM_RESPONSES
from ingestion.exports.model_costs import ANTHROPIC_COSTS, OPENAI_COSTS
from ingestion.exports.openai_usage import OPENAI_USAGE
from ingestion.exports.openmeter_grants import OPENMETER_GRANTS, OPENMETER_VOIDED_GRANTS
from ingestion.exports.snowflake_contracts import SNOWFLAKE_CONTRACT_ITEMS
from ingestion.exports.snowflake_metering import (
    SNOWFLAKE_METERING_DAILY,
    SNOWFLAKE_METERING_HISTORY,
)
from ingestion.exports.snowflake_statements import (
    SNOWFLAKE_REMAINING_BALANCE_DAILY,
    SNOWFLAKE_USAGE_IN_CURRENCY_DAILY,
)
from ingestion.exports.solvimon_grants import SOLVIMON_WALLET_GRANTS
from ingestion.exports.stripe_balance_report import STRIPE_BALANCE_REPORT
from ingestion.exports.stripe_balance_transactions import (
    STRIPE_BALANCE_MOVEMENTS,
    STRIPE_BALANCE_TRANSACTION_TABLE,
    STRIPE_BALANCE_TRANSACTIONS,
)
from ingestion.exports.stripe_credit_balances import STRIPE_CREDIT_BALANCE_TRANSACTIONS
from ingestion.exports.stripe_dashboard import STRIPE_DASHBOARD
from ingestion.exports.stripe_objects import (
    STRIPE_CHARGES,
    STRIPE_CREDIT_GRANTS,
    STRIPE_DISPUTES,
    STRIPE_METER_EVENTS,
    STRIPE_PAYOUTS,
    STRIPE_REFUNDS,
    STRIPE_VOIDED_CREDIT_GRANTS,
)
from ingestion.exports.stripe_tables import (
    STRIPE_CHARGE_TABLE,
    STRIPE_DISPUTE_TABLE,
    STRIPE_PAYOUT_TABLE,
    STRIPE_REFUND_TABLE,
)

EXPORTS: dict[str, Export] = {
    export.name: export
    for export in (
        CLOUDEVENTS,
        STRIPE_BALANCE_REPORT,
        STRIPE_DASHBOARD,
        STRIPE_CHARGES,
        STRIPE_REFUNDS,
        STRIPE_DISPUTES,
        STRIPE_PAYOUTS,
        STRIPE_CHARGE_TABLE,
        STRIPE_REFUND_TABLE,
        STRIPE_DISPUTE_TABLE,
        STRIPE_PAYOUT_TABLE,
        STRIPE_BALANCE_TRANSACTIONS,
        STRIPE_BALANCE_TRANSACTION_TABLE,
        STRIPE_BALANCE_MOVEMENTS,
        STRIPE_CREDIT_GRANTS,
        STRIPE_VOIDED_CREDIT_GRANTS,
        STRIPE_CREDIT_BALANCE_TRANSACTIONS,
        STRIPE_METER_EVENTS,
        LAGO_EVENTS,
        OPENMETER_GRANTS,
        OPENMETER_VOIDED_GRANTS,
        SOLVIMON_WALLET_GRANTS,
        LAGO_WALLET_TRANSACTIONS,
        LAGO_WALLET_TRANSACTION_TABLE,
        LAGO_WALLETS,
        LAGO_WALLET_CONSUMPTION_TABLE,
        OPENAI_USAGE,
        ANTHROPIC_USAGE,
        LLM_RESPONSES,
        SNOWFLAKE_METERING_HISTORY,
        SNOWFLAKE_METERING_DAILY,
        SNOWFLAKE_CONTRACT_ITEMS,
        SNOWFLAKE_REMAINING_BALANCE_DAILY,
        SNOWFLAKE_USAGE_IN_CURRENCY_DAILY,
        OPENAI_COSTS,
        ANTHROPIC_COSTS,
    )
}
"""Format in book.yml -> export."""


def container(file_format: str) -> str:
    """How a file of a format is written: a format of ours, or what an export comes in."""
    export = EXPORTS.get(file_format)
    return export.container if export else file_format


def wanted(file_format: str, where: str | None) -> str | None:
    """SQL predicate of the rows of a file that are loaded; None for all."""
    export = EXPORTS.get(file_format)
    return export.wanted(where) if export else where
