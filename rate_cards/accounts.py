"""The roles the ledger posts to, what kind of account each is, and the chart used by default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

AccountType = Literal["asset", "liability", "equity", "revenue", "contra_revenue", "expense"]

Role = Literal[
    "cash",
    "cash_in_transit",
    "disputed_funds",
    "accounts_receivable",
    "unbilled_receivable",
    "contract_asset",
    "contract_liability",
    "accrued_usage",
    "refund_liability",
    "customer_deposit",
    "unapplied_payments",
    "unclaimed_property",
    "tax_payable",
    "supplier_payable",
    "migration_clearing",
    "usage_revenue",
    "accrued_usage_revenue",
    "overage_revenue",
    "breakage_revenue",
    "refunds_contra_revenue",
    "credit_notes_contra_revenue",
    "voids_contra_revenue",
    "disputes_contra_revenue",
    "supplier_share",
    "payment_fees",
    "bad_debt",
    "recoveries",
    "other_loss",
    "fx_gain_loss",
]


@dataclass(frozen=True)
class DefaultAccount:
    """The account of a role in a book that does not name its own."""

    account_type: AccountType
    number: str
    name: str


DEFAULT_CHART: Mapping[Role, DefaultAccount] = {
    "cash": DefaultAccount("asset", "1000", "Cash"),
    "cash_in_transit": DefaultAccount("asset", "1050", "Cash in transit"),
    "disputed_funds": DefaultAccount("asset", "1060", "Disputed payments, with the processor"),
    "accounts_receivable": DefaultAccount("asset", "1200", "Accounts receivable"),
    "unbilled_receivable": DefaultAccount("asset", "1250", "Unbilled receivable"),
    "contract_asset": DefaultAccount("asset", "1260", "Contract assets"),
    "tax_payable": DefaultAccount("liability", "2200", "Sales tax payable"),
    "supplier_payable": DefaultAccount("liability", "2250", "Payable to suppliers, as agent"),
    "contract_liability": DefaultAccount("liability", "2400", "Contract liability"),
    "accrued_usage": DefaultAccount(
        "liability", "2405", "Accrued usage, against contract liability"
    ),
    "refund_liability": DefaultAccount("liability", "2410", "Refund liability"),
    "customer_deposit": DefaultAccount("liability", "2420", "Customer deposits"),
    "unapplied_payments": DefaultAccount("liability", "2430", "Unapplied payments"),
    "unclaimed_property": DefaultAccount("liability", "2440", "Unclaimed property"),
    "migration_clearing": DefaultAccount("equity", "3900", "Migration clearing"),
    "usage_revenue": DefaultAccount("revenue", "4000", "Usage revenue"),
    "accrued_usage_revenue": DefaultAccount("revenue", "4005", "Accrued usage revenue"),
    "overage_revenue": DefaultAccount("revenue", "4010", "Overage revenue"),
    "breakage_revenue": DefaultAccount("revenue", "4020", "Breakage revenue"),
    "refunds_contra_revenue": DefaultAccount("contra_revenue", "4900", "Refunds"),
    "credit_notes_contra_revenue": DefaultAccount("contra_revenue", "4910", "Credit notes"),
    "voids_contra_revenue": DefaultAccount("contra_revenue", "4920", "Voided invoices"),
    "disputes_contra_revenue": DefaultAccount("contra_revenue", "4930", "Disputes"),
    "supplier_share": DefaultAccount(
        "contra_revenue", "4940", "Suppliers' share of usage sold as agent"
    ),
    "payment_fees": DefaultAccount("expense", "6100", "Payment processing fees"),
    "bad_debt": DefaultAccount("expense", "6200", "Bad debt"),
    "recoveries": DefaultAccount("expense", "6250", "Recoveries of what was given up"),
    "other_loss": DefaultAccount("expense", "6300", "Other losses on payments"),
    "fx_gain_loss": DefaultAccount("expense", "7000", "Foreign exchange gain or loss"),
}
"""Role -> type, number and name. The type follows from the role and cannot be authored."""

ROLES: tuple[Role, ...] = get_args(Role)
