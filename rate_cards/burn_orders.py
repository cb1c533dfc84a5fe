"""Burn orders: which lot of a wallet pays first, by our own order or by another engine's rules.

A burn order is a list of sort keys, compared one after the other, smallest first, and a rank for
each kind of lot where `kind` is a key:

- priority: smaller first, as in every engine below;
- expires_at: soonest first, lots that never expire last;
- kind: by rank, free kinds before paid ones unless the book says otherwise;
- effective_at: earliest start first; received_at: first known first (an engine's creation time),
  as the fact behind the lot says it; where it says nothing, the lot was known when it started;
- credits: smallest original amount first; unit_value: cheapest credit first;
- lot_id: by name. It always comes last, so that no order is left to chance.

`credits desc` and the like turn a key around.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, cast, get_args

from pydantic import PlainValidator, WithJsonSchema

from rate_cards.problems import nearest
from rate_cards.values import refuse, text_of

LotKind = Literal["paid", "bonus", "promo", "included", "goodwill", "migration"]

SortKey = Literal[
    "priority",
    "expires_at",
    "kind",
    "effective_at",
    "received_at",
    "credits",
    "unit_value",
    "lot_id",
]

KINDS: tuple[LotKind, ...] = ("included", "promo", "goodwill", "bonus", "migration", "paid")
"""Every kind of lot, free before paid: their order unless a preset or the book gives another."""

FREE_BEFORE_PAID: Mapping[LotKind, int] = {kind: n for n, kind in enumerate(KINDS, start=1)}

_TWO_CATEGORIES: Mapping[LotKind, int] = {kind: 2 if kind == "paid" else 1 for kind in KINDS}
"""Engines that only tell free (promotional, granted) from paid (purchased)."""

_INCLUDED_FIRST: Mapping[LotKind, int] = {**dict.fromkeys(KINDS, 2), "included": 1, "paid": 3}


@dataclass(frozen=True)
class BurnKey:
    """One sort key."""

    key: SortKey
    is_descending: bool = False


@dataclass(frozen=True)
class BurnOrder:
    """How the lots of a wallet are sorted: keys, most important first, and a rank per kind."""

    keys: tuple[BurnKey, ...]
    kind_ranks: Mapping[LotKind, int]


def burn_order(
    keys: Sequence[str], kind_ranks: Mapping[LotKind, int] = FREE_BEFORE_PAID
) -> BurnOrder:
    """A burn order from its keys as authored, `lot_id` added at the end where it is absent.

    Raises:
        KeyError: a key that is no sort key; the text of it is the argument.
        ValueError: a key named twice.
    """
    parsed = []
    for text in keys:
        name, is_descending = text.removesuffix(" desc"), text.endswith(" desc")
        if name not in get_args(SortKey):
            raise KeyError(text)
        parsed.append(BurnKey(cast(SortKey, name), is_descending))
    names = [key.key for key in parsed]
    if len(set(names)) < len(names):
        raise ValueError(names)
    ends_with_lot_id = "lot_id" in names
    return BurnOrder(
        tuple(parsed if ends_with_lot_id else [*parsed, BurnKey("lot_id")]), kind_ranks
    )


PRESETS: Mapping[str, BurnOrder] = {
    "default": burn_order(["priority", "expires_at", "kind", "effective_at"]),
    "openmeter": burn_order(["priority", "expires_at", "received_at"]),
    "stripe": burn_order(
        ["priority", "expires_at", "kind", "effective_at", "received_at"], _TWO_CATEGORIES
    ),
    "lago": burn_order(["priority", "kind", "received_at", "effective_at"], _TWO_CATEGORIES),
    "orb": burn_order(["expires_at", "unit_value", "effective_at"]),
    "metronome": burn_order(["priority", "expires_at", "effective_at"]),
    "lovable": burn_order(["kind", "expires_at", "effective_at"], _INCLUDED_FIRST),
    "flexprice": burn_order(["priority", "expires_at", "credits desc"]),
}
"""Burn orders of engines a book may come from, as their documentation or tests state them.

default: priority, soonest expiry, free before paid, oldest.
openmeter: priority, soonest expiry, creation. Expiry is compared there in whole seconds, here in
    microseconds, which differs only for lots that expire within one second of each other.
stripe: priority, soonest expiry even if paid, promotional before paid, effective time, creation.
lago: priority, granted before purchased, oldest transaction; what one subscription promised at
    once goes by its start. A wallet's expiry is not a key.
orb: soonest expiry, then blocks of zero cost basis, then oldest. Cost basis is `unit_value`, so of
    two priced blocks that expire together the cheaper is drawn first.
metronome: priority, soonest expiry, start of access.
lovable: credits included with the plan (daily ones) before other gifts, those before paid ones;
    within each, soonest expiry.
flexprice: priority, soonest expiry, largest original amount. Lots without a priority come last
    there; here they take priority 100.
"""


def _authored(value: object) -> BurnOrder:
    if isinstance(value, str):
        if value in PRESETS:
            return PRESETS[value]
        refuse(
            f'"{value}" is not a burn order',
            f"{nearest(value, PRESETS)} A list of sort keys serves as well.",
        )
    if not isinstance(value, list) or not value:
        refuse(
            "a burn order belongs here", f"Write one of {', '.join(PRESETS)}, or a list of keys."
        )
    try:
        return burn_order([text_of(key) for key in value])
    except KeyError as unknown:
        refuse(
            f'"{unknown.args[0]}" is not a sort key',
            f"Sort keys are {', '.join(get_args(SortKey))}; add desc to turn one around.",
        )
    except ValueError:
        refuse("a sort key is named twice", "Keep its first place.")


AuthoredBurnOrder = Annotated[
    BurnOrder,
    PlainValidator(_authored),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": list(PRESETS)},
                {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "enum": [
                            f"{key}{end}" for key in get_args(SortKey) for end in ("", " desc")
                        ]
                    },
                },
            ]
        }
    ),
]
"""The name of a preset, or sort keys."""
