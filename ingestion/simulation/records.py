"""The small files of a simulated company: its customers, its gifts and when it closed."""

from __future__ import annotations

from pathlib import Path

from duckdb import DuckDBPyConnection

from ingestion.simulation.copying import CSV, copy_to


def write_records(connection: DuckDBPyConnection, out: Path) -> dict[str, int]:
    """Write every CSV file that is not usage; needs the tables of the world and of the sales.

    Args:
        connection: Holds the world and `payments` and `subscriptions`.
        out: Folder to write to.

    Returns:
        File -> rows in it.
    """
    connection.execute(_GRANTS)
    return {name: copy_to(connection, out / name, query, CSV) for name, query in _FILES.items()}


# A welcome for every fourth customer; an apology to every 23rd after a bad day.
_GRANTS = """
create table grants as
select
    'grant_welcome_' || code(customer_no) as grant_id,
    customer_no,
    customer_id,
    50 as credits,
    'promo' as kind,
    joined_at as effective_at,
    joined_at + days(60) as expires_at,
    'Welcome credits' as reason,
    'growth' as approved_by
from customers
where customer_no % 4 = 0
union all
select
    'grant_incident_' || code(customer_no),
    customer_no,
    customer_id,
    25,
    'goodwill',
    starts_at() + days(50),
    starts_at() + days(140),
    'Incident INC-204: image queue stalled',
    'support-lead'
from customers
where customer_no % 23 = 7 and joined_at < starts_at() + days(50)
"""

_PAYMENTS = """
select
    payment_id,
    iso(occurred_at) as occurred_at,
    customer_id,
    kind,
    money(gross_cents) as amount,
    currency,
    money(tax_cents) as tax,
    money(fee_cents) as fee,
    offer,
    quantity,
    relates_to,
    subscription_id,
    iso(period_start) as period_start,
    iso(period_end) as period_end,
    iso(received_at) as received_at
from payments
order by payments.occurred_at, payment_id
"""

_SUBSCRIPTIONS = """
select
    subscription_id,
    customer_id,
    offer,
    iso(started_at) as started_at,
    iso(ended_at) as ended_at,
    quantity
from subscriptions
order by subscription_id
"""

_CUSTOMERS = """
select
    customer_id,
    ['Alder', 'Birch', 'Cedar', 'Delta', 'Ember', 'Fjord', 'Granite', 'Harbor', 'Indigo', 'Juniper',
     'Kestrel', 'Lumen', 'Meridian', 'Nimbus', 'Orchard', 'Pioneer', 'Quarry', 'Ridge', 'Saffron',
     'Tundra'][1 + customer_no % 20]
    || ' '
    || ['Analytics', 'Robotics', 'Studio', 'Health', 'Logistics', 'Media', 'Games', 'Learning',
        'Retail', 'Energy', 'Legal'][1 + customer_no * 3 % 11]
    || case when customer_no < 220 then '' else ' ' || (customer_no // 220 + 1) end as name,
    case when is_enterprise(customer_no) then 'enterprise' when customer_no % 3 = 0 then 'business'
        else 'self_serve' end as segment,
    iso(joined_at) as joined_at,
    country
from customers
order by customer_no
"""

_MEMBERS = """
with stays as (
    select
        customer_no,
        customer_id,
        joined_at,
        seat,
        moves(customer_no, seat) and joined_at < middle_at() as moves_half_way
    from customers, range(seats(customer_no)) as numbers(seat)
),
dated as (
    select *, joined_at as valid_from, case when moves_half_way then middle_at() end as valid_to
    from stays
    union all
    select *, middle_at() as valid_from, null as valid_to
    from stays
    where moves_half_way
)
select
    customer_id,
    user_id(customer_no, seat) as user_id,
    team_id(customer_no, team(customer_no, seat, valid_from)) as team_id,
    iso(valid_from) as "from",
    iso(valid_to) as "to"
from dated
order by customer_no, seat, valid_from
"""

_GRANTS_FILE = """
select
    grant_id,
    customer_id,
    welcome_wallet() as wallet,
    credits,
    kind,
    iso(effective_at) as effective_at,
    iso(expires_at) as expires_at,
    '0.00' as consideration,
    home_currency() as currency,
    reason,
    approved_by
from grants
where effective_at < ends_at() and welcome_wallet() is not null
order by grants.effective_at, grant_id
"""

# Some companies signed up twice to be welcomed twice.
_LOT_EVENTS = """
select
    'void_' || grant_id as lot_event_id,
    iso(effective_at + days(20)) as occurred_at,
    grant_id as lot_id,
    'void' as kind,
    'Second welcome of one company' as reason
from grants
where
    kind = 'promo'
    and customer_no % 40 = 20
    and effective_at + days(20) < ends_at()
    and welcome_wallet() is not null
order by grant_id
"""

# Closed on the fifth of the next month; the last month is still open.
_PERIOD_CLOSES = """
select
    'close_' || strftime(month_start, '%Y-%m') as close_id,
    strftime(month_start, '%Y-%m') as period,
    iso(month_start + interval 1 month + interval 4 day) as closed_at,
    'close' as action,
    '' as reason,
    'controller' as closed_by
from range(starts_at(), ends_at() - interval 1 month, interval 1 month) as months(month_start)
order by month_start
"""

_FILES = {
    "customers.csv": _CUSTOMERS,
    "members.csv": _MEMBERS,
    "subscriptions.csv": _SUBSCRIPTIONS,
    "payments.csv": _PAYMENTS,
    "grants.csv": _GRANTS_FILE,
    "lot_events.csv": _LOT_EVENTS,
    "period_closes.csv": _PERIOD_CLOSES,
}
