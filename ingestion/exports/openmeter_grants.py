"""OpenMeter's entitlement grants: what a metered entitlement may use, and what was taken back.

Amounts are numbers of what the feature's meter counts; times are RFC 3339. Lower priority burns
first. A grant may be given anew every period (`recurrence`), and what is left at a reset of its
entitlement is kept between `minRolloverAmount` and `maxRolloverAmount`. A grant that is voided
counts until that instant and not after; what was used of it stays used.
"""

from __future__ import annotations

import pandera.polars as pa

from ingestion.exports.export import DECIMAL, ISO_INSTANT, WHOLE, Export, Rule

INTERVALS = {"DAY": "days", "WEEK": "weeks", "MONTH": "months", "YEAR": "years"}
"""Interval of a recurrence -> field of an interval in SQL."""


class OpenMeterGrant(pa.DataFrameModel):
    """One row per grant. Source: GET /api/v1/grants, or those of an entitlement (v1 and v2).

    Neither object names the wallet, nor v1 the customer: `constants` and `columns` of book.yml do.
    """

    id: str
    """OpenMeter's id; the lot, or with a recurrence the first part of each lot's."""
    amount: str = pa.Field(str_matches=DECIMAL)
    """How much may be used."""
    effectiveAt: str = pa.Field(str_matches=ISO_INSTANT)
    """Usable from."""
    expiresAt: str | None = pa.Field(nullable=True, str_matches=ISO_INSTANT)
    """Usable until, worked out by OpenMeter from `expiration`; null for ever."""
    expiration: str | None = pa.Field(nullable=True)
    """JSON object: duration and count, of which `expiresAt` is the result."""
    priority: str | None = pa.Field(nullable=True, str_matches=WHOLE)
    """Lower burns first; OpenMeter takes 1 where it is not given."""
    recurrence: str | None = pa.Field(nullable=True)
    """JSON object: interval (DAY, WEEK, MONTH, YEAR) and anchor."""
    minRolloverAmount: str | None = pa.Field(nullable=True, str_matches=DECIMAL)
    """What a reset fills it up to."""
    maxRolloverAmount: str | None = pa.Field(nullable=True, str_matches=DECIMAL)
    """What a reset leaves of it."""
    voidedAt: str | None = pa.Field(nullable=True, str_matches=ISO_INSTANT)
    """When it was voided."""
    entitlementId: str | None = pa.Field(nullable=True)
    """The entitlement it is for, which stands for the customer until book.yml maps it."""
    customerId: str | None = pa.Field(nullable=True)
    """The customer, where the file was joined with it."""


_UNIT = "trim(upper(recurrence ->> '$.interval'))"
_EVERY = (
    f"case {_UNIT} "
    + " ".join(f"when '{unit}' then interval 1 {name}" for unit, name in INTERVALS.items())
    + " end"
)
_ANCHOR = "try_cast(recurrence ->> '$.anchor' as timestamp)"
_FROM, _TO = "try_cast(effectiveAt as timestamp)", "try_cast(expiresAt as timestamp)"
_SHORTEST, _LONGEST = (
    f"case {_UNIT} when 'DAY' then 1 when 'WEEK' then 7 when 'MONTH' then {month} else {year} end"
    for month, year in ((28, 365), (31, 366))
)
_RECURS = f"coalesce({_ANCHOR} + {_EVERY} is not null and {_FROM} < {_TO}, false)"


def _steps_to(instant: str, bound: str) -> str:
    """SQL of the steps from the anchor to an instant, at least or at most, by a step's lengths."""
    days = f"date_diff('day', {_ANCHOR}, {instant})"
    return f"{bound}({days} // ({_SHORTEST}), {days} // ({_LONGEST}))"


# Every step is counted from the anchor, so that the 31st comes back after a short month. The first
# lot begins with the grant, inside a step; each ends with the next step or the grant. What cannot
# be cut up stays one row, for the rules to say why.
_LOTS = f"""
select row_number() over (order by _row, _nth) as _row, * exclude (_row, _step, _begins, _ends)
from (
    select
        *,
        row_number() over (partition by _row order by _begins) as _nth,
        case when _step is null then id
            else id || '/' || row_number() over (partition by _row order by _begins) end as _lot,
        case when _step is null then effectiveAt
            else strftime(greatest(_begins, {_FROM}), '%Y-%m-%dT%H:%M:%S.%fZ') end as _from,
        case when _step is null then expiresAt
            else strftime(least(_ends, {_TO}), '%Y-%m-%dT%H:%M:%S.%fZ') end as _to
    from (
        select
            *,
            {_ANCHOR} + _step * ({_EVERY}) as _begins,
            {_ANCHOR} + (_step + 1) * ({_EVERY}) as _ends
        from (
            select *, unnest(
                case when {_RECURS}
                    then range({_steps_to(_FROM, "least")} - 2, {_steps_to(_TO, "greatest")} + 3)
                    else [null] end
            ) as _step
            from {{file}}
        )
    )
    where _step is null or (_ends > {_FROM} and _begins < {_TO})
)
"""

_RULES = (
    Rule(
        "effective_at",
        "cannot be told for a grant that recurs without an interval of "
        "DAY, WEEK, MONTH or YEAR and an anchor",
        f"recurrence is null or {_ANCHOR} + {_EVERY} is not null",
        "recurrence",
    ),
    Rule(
        "expires_at",
        "is missing for a grant that recurs, or is not after effectiveAt",
        f"recurrence is null or coalesce({_FROM} < {_TO}, false)",
        "expiresAt",
    ),
)

OPENMETER_GRANTS = Export(
    name="openmeter_grants",
    title="a list of OpenMeter's grants",
    feed="grants",
    container="json",
    schema=OpenMeterGrant,
    records=("items",),
    reshape=_LOTS,
    rules=_RULES,
    columns={
        "grant_id": "_lot",
        "customer_id": "coalesce(customerId, entitlementId)",
        "credits": "amount",
        "kind": "'included'",
        "effective_at": "_from",
        "expires_at": "_to",
        "priority": "coalesce(priority, '1')",
    },
)

OPENMETER_VOIDED_GRANTS = Export(
    name="openmeter_voided_grants",
    title="a list of OpenMeter's grants",
    feed="lot_events",
    container="json",
    schema=OpenMeterGrant,
    records=("items",),
    reshape=_LOTS,
    rules=_RULES,
    # Of what had ended by then nothing is left to take.
    only="voidedAt is not null and coalesce(try_cast(voidedAt as timestamp) < "
    "try_cast(_to as timestamp), true)",
    columns={
        "lot_event_id": "_lot || '/void'",
        # A lot that begins later is taken back as it arrives.
        "occurred_at": "case when try_cast(voidedAt as timestamp) < try_cast(_from as timestamp) "
        "then _from else voidedAt end",
        "lot_id": "_lot",
        "kind": "'void'",
        "reason": "'voided in OpenMeter'",
    },
)
