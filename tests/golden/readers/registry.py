"""Which reader reads which case: by family, then by the fields of its input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.golden.cases import Case
from tests.golden.clock import Unreadable
from tests.golden.facts import Desk
from tests.golden.readers import (
    autumn_pool,
    flexprice_grants,
    flexprice_invoice,
    flexprice_wallet,
    killbill_usage,
    lago_credits,
    lago_wallets,
    openmeter_engine,
    openmeter_ledger,
    openmeter_sketches,
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
)
"""(family, fields of the input, reader): the first whose fields are all there."""


def tell(case: Case, desk: Desk) -> Told:
    """Tell the facts of a case at its desk.

    Raises:
        Unreadable: The case holds something that no reader has words for.
    """
    found = [
        reader
        for family, fields, reader in READERS
        if case.family == family and all(field in case.given for field in fields)
    ]
    if not found:
        raise Unreadable(f"no reader for {case.family} with {', '.join(case.given) or 'no input'}")
    try:
        return found[0](case.given, case.questions, desk)
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as gap:
        raise Unreadable(f"the input lacks or misplaces {gap}") from gap
