"""Which reader reads which case: by family, then by the fields of its input."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

from tests.golden.cases import Case
from tests.golden.clock import Unreadable
from tests.golden.facts import Desk
from tests.golden.readers import (
    autumn_pool,
    flexprice_grants,
    flexprice_invoice,
    flexprice_wallet,
    gaap_prepaid,
    gaap_rights,
    gaap_time,
    killbill_usage,
    lago_credits,
    lago_wallets,
    openmeter_engine,
    openmeter_ledger,
    openmeter_sketches,
    revenue_blocks,
    revenue_invoices,
    revenue_prepaid,
    revenue_sales,
    stripe_credits,
)
from tests.golden.told import Told

Reader = Callable[[Any, Any, Desk], Told]

READERS: tuple[tuple[str, tuple[str, ...], Reader], ...] = (
    ("openmeter/engine", ("grants", "opening"), openmeter_engine.tell_engine),
    ("openmeter/entitlement", ("grants", "opening"), openmeter_engine.tell_entitlement),
    ("openmeter/ordering", ("grants",), openmeter_engine.tell_order),
    ("openmeter/activity", ("grants",), openmeter_engine.tell_activity),
    ("openmeter/ledger", ("sources",), openmeter_ledger.tell_ledger),
    ("openmeter/ledger", ("accrued",), openmeter_ledger.tell_ledger),
    ("flexprice/wallet", ("ops",), flexprice_wallet.tell_operations),
    ("flexprice/wallet", ("topup_credits",), flexprice_wallet.tell_top_up),
    ("flexprice/wallet", ("credits", "debit"), flexprice_wallet.tell_burn),
    ("flexprice/wallet", ("purchase", "bonus"), flexprice_wallet.tell_bonus),
    ("flexprice/wallet", ("slabs", "purchases"), flexprice_wallet.tell_bonus_slabs),
    ("flexprice/wallet", ("usage_lines", "wallets"), flexprice_invoice.tell_invoice),
    ("flexprice/wallet", ("lines", "wallets"), flexprice_invoice.tell_adjustment),
    ("flexprice/wallet", ("wallets",), flexprice_invoice.tell_payment),
    ("flexprice/grant", ("period", "at"), flexprice_grants.tell_proration),
    ("flexprice/grant", ("now", "duration"), flexprice_grants.tell_expiry),
    ("flexprice/grant", ("cadence",), flexprice_grants.tell_cadence),
    ("flexprice/grant", ("scheduled",), flexprice_grants.tell_scheduled),
    ("autumn/pool", ("balances",), autumn_pool.tell_balances),
    ("autumn/pool", ("entities", "deduct"), autumn_pool.tell_entity_refund),
    ("autumn/pool", ("entities",), autumn_pool.tell_entities),
    ("autumn/pool", ("org_pool", "entity_pool"), autumn_pool.tell_own_and_org),
    ("autumn/pool", ("grant",), autumn_pool.tell_rollover),
    ("autumn/pool", ("use",), autumn_pool.tell_seats),
    ("vendor", ("grants", "consume"), lago_credits.tell_consumption),
    ("vendor", ("wallet", "grant_credits", "void_credits"), lago_credits.tell_voids),
    ("vendor", ("wallet", "cases"), lago_credits.tell_worth),
    ("vendor", ("wallets", "events", "price"), lago_wallets.tell_targeted_events),
    ("vendor", ("wallets",), lago_wallets.tell_wallets),
    ("vendor", ("wallet_balance", "fees"), lago_wallets.tell_wallets),
    ("vendor", ("line_metered",), stripe_credits.tell_line),
    ("vendor", ("grant", "invoice"), stripe_credits.tell_line),
    ("vendor", ("use",), openmeter_sketches.tell_sketch),
    ("vendor", ("v1", "usage"), killbill_usage.tell_catalogue),
    ("vendor", ("v1", "usage_v1_window"), killbill_usage.tell_catalogue),
    ("vendor", ("events",), stripe_credits.tell_steps),
    ("gaap/*", ("purchase", "usage"), gaap_prepaid.tell_wallet),
    ("gaap/*", ("credits", "price_per_credit"), gaap_prepaid.tell_cost_basis),
    ("gaap/*", ("opening_credit", "charge"), gaap_prepaid.tell_overage),
    ("gaap/*", ("paid_credits", "bonus_credits"), gaap_prepaid.tell_bonus),
    ("gaap/*", ("prepayment", "units_total"), gaap_prepaid.tell_units),
    ("gaap/*", ("commitment",), gaap_prepaid.tell_minimum),
    ("gaap/*", ("earned", "earned_period", "dispute_period"), gaap_prepaid.tell_given_back),
    ("gaap/*", ("price", "tax_rate"), gaap_prepaid.tell_taxed_sale),
    ("gaap/*", ("units_original", "added_units"), gaap_prepaid.tell_added_units),
    ("gaap/*", ("price", "non_cancellable"), gaap_prepaid.tell_presentation),
    ("gaap/*", ("columns",), gaap_prepaid.tell_rollforward),
    ("gaap/*", ("tiers", "sold", "billed_price"), gaap_prepaid.tell_tiers),
    ("gaap/*", ("cards_sold",), gaap_rights.tell_gift_cards),
    ("gaap/*", ("points_issued",), gaap_rights.tell_points),
    ("gaap/*", ("gross_discount", "likelihood"), gaap_rights.tell_option),
    ("gaap/*", ("transaction_price", "ssp"), gaap_rights.tell_allocation),
    ("gaap/*", ("points", "cost_per_point"), gaap_rights.tell_agent),
    ("gaap/*", ("price", "credit_note", "days"), gaap_time.tell_credit_note),
    ("gaap/*", ("price", "days_exact"), gaap_time.tell_days),
    ("gaap/*", ("fee", "credits", "months"), gaap_time.tell_monthly_credits),
    ("gaap/*", ("annual_fee", "extension_fee"), gaap_time.tell_blend),
    ("gaap/*", ("total_fc", "advance_fc"), gaap_time.tell_advance),
    ("revenue", ("payment", "invoice", "applied"), revenue_invoices.tell_late_application),
    ("revenue", ("plan_from", "plan_to"), revenue_invoices.tell_upgrade),
    ("revenue", ("contract", "months"), revenue_invoices.tell_contract),
    ("revenue", ("months_free", "months_paid"), revenue_invoices.tell_free_months),
    ("revenue", ("rate_at_finalize",), revenue_sales.tell_foreign),
    ("revenue", ("price", "tax_rate"), revenue_sales.tell_taxed),
    ("revenue", ("unit_price", "usage"), revenue_sales.tell_billed_after_use),
    ("revenue", ("ssp", "contract_price"), revenue_sales.tell_bundle),
    ("revenue", ("unit_price", "prepaid"), revenue_prepaid.tell_line),
    ("revenue", ("prepaid", "historical_use", "if_used_credits"), revenue_prepaid.tell_breakage),
    ("revenue", ("prepaid", "month_1"), revenue_prepaid.tell_drawdown),
    ("revenue", ("commit", "monthly_usage"), revenue_prepaid.tell_commitment),
    ("revenue", ("plan_price", "plan_access"), revenue_prepaid.tell_plan_upgrade),
    ("revenue", ("amount", "per_unit_cost_basis"), revenue_prepaid.tell_block),
    ("revenue", ("price", "units", "overage_price"), revenue_prepaid.tell_plan),
    ("revenue", ("monthly_plan", "top_up"), revenue_prepaid.tell_top_up),
    ("revenue", ("prepayment", "monthly_charge"), revenue_prepaid.tell_prepayment),
    ("revenue", ("prepayment", "monthly_billing"), revenue_prepaid.tell_instalments),
    ("revenue", ("commitment", "term_months"), revenue_prepaid.tell_term_commitment),
    ("revenue", ("paid_block", "jan_usage_at_close"), revenue_prepaid.tell_late_usage),
    ("revenue", ("sold_credits", "usage_by_quarter"), revenue_prepaid.tell_two_breakages),
    ("revenue", ("granted", "should_be"), revenue_blocks.tell_correction),
    ("revenue", ("movements",), revenue_blocks.tell_movements),
    ("revenue", ("balance", "charge"), revenue_blocks.tell_settlement),
    ("revenue", ("settled", "open_charge"), revenue_blocks.tell_pending),
    ("revenue", ("collection_run",), revenue_blocks.tell_closed_grant),
    ("revenue", ("purchased", "consumed_january"), revenue_blocks.tell_balance),
    ("revenue", ("sort_key",), revenue_blocks.tell_sort_keys),
    ("revenue", ("amount", "target_expiry_date"), revenue_blocks.tell_extension),
    ("revenue", ("free_block", "paid_block"), revenue_blocks.tell_orders),
    ("revenue", ("token_contracted_usd", "rates", "usage"), revenue_blocks.tell_block_of_focus),
    ("revenue", ("A", "B"), revenue_blocks.tell_expiry_after_use),
    ("revenue", ("invoice",), revenue_invoices.tell_invoice),
    ("revenue", ("line", "service"), revenue_invoices.tell_invoice),
)
"""(family, fields of the input, reader): the first whose fields are all there."""

ASKED: tuple[tuple[str, tuple[str, ...], Reader], ...] = (
    ("revenue", ("rule",), revenue_blocks.tell_close_rule),
)
"""The same for cases without an input, by what they ask."""


def tell(case: Case, desk: Desk) -> Told:
    """Tell the facts of a case at its desk.

    Raises:
        Unreadable: The case holds something that no reader has words for.
    """
    found = [
        reader
        for readers, known in ((READERS, case.given), (ASKED, case.expected))
        for family, fields, reader in readers
        if fnmatchcase(case.family, family) and all(field in known for field in fields)
    ]
    if not found:
        raise Unreadable(f"no reader for {case.family} with {', '.join(case.given) or 'no input'}")
    try:
        return found[0](case.given, case.questions, desk)
    except Unreadable:
        raise
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as gap:
        raise Unreadable(f"the input lacks or misplaces {gap}") from gap
