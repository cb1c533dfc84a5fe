"""Pandera schemas of the marts, one class each: the books checked again on their way out."""

from __future__ import annotations

from dataclasses import dataclass

from reports.schemas.base import Mart
from reports.schemas.evidence import LoadAudit, PeriodCloses
from reports.schemas.ledger import (
    CreditLedger,
    CreditLots,
    LimitBreaches,
    LotBalances,
    RatedUsage,
    StrandedCredits,
    WalletBalances,
)
from reports.schemas.pricing import RateCardChanges, ShadowPrices, UsageMargin
from reports.schemas.reconciliation import CashReconciliation, Reconciliation
from reports.schemas.revenue import (
    ContractBalances,
    Corrections,
    DeferredRevenueSchedule,
    DeferredRevenueWaterfall,
    JournalLines,
    LiabilityRollforward,
    RemainingObligations,
    RevenueByMeter,
    TrialBalance,
    UsageAccruals,
)


@dataclass(frozen=True)
class Output:
    """A mart and the schema it leaves by.

    Attributes:
        table: Name in schema `marts`.
        schema: What it must look like.
        chunked_by: Period column a large mart is validated by, one chunk per value.
        is_event_level: Whether it has a row for every event, tens of millions of them: such a mart
            is validated for some customers.
    """

    table: str
    schema: type[Mart]
    chunked_by: str | None = "booked_period"
    is_event_level: bool = False


OUTPUTS = (
    Output("rated_usage", RatedUsage, is_event_level=True),
    Output("credit_lots", CreditLots),
    Output("credit_ledger", CreditLedger, is_event_level=True),
    Output("lot_balances", LotBalances),
    Output("wallet_balances", WalletBalances),
    Output("deferred_revenue_schedule", DeferredRevenueSchedule),
    Output("liability_rollforward", LiabilityRollforward),
    Output("deferred_revenue_waterfall", DeferredRevenueWaterfall, "recognized_period"),
    Output("remaining_obligations", RemainingObligations),
    Output("contract_balances", ContractBalances),
    Output("journal_lines", JournalLines),
    Output("trial_balance", TrialBalance),
    Output("revenue_by_meter", RevenueByMeter),
    Output("usage_accruals", UsageAccruals),
    Output("usage_margin", UsageMargin),
    Output("shadow_prices", ShadowPrices),
    Output("rate_card_changes", RateCardChanges, None),
    Output("corrections", Corrections),
    Output("limit_breaches", LimitBreaches, None),
    Output("stranded_credits", StrandedCredits),
    Output("reconciliation", Reconciliation, None),
    Output("cash_reconciliation", CashReconciliation),
    Output("load_audit", LoadAudit, None),
    Output("period_closes", PeriodCloses, None),
)
"""Every mart with a schema, in the order people read them."""
