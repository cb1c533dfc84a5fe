"""The usage files of a simulated company, as its metering systems would emit them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from duckdb import DuckDBPyConnection

from ingestion.simulation.copying import CSV, JSON_LINES, PARQUET, copy_to
from ingestion.simulation.world import Scale

RESENT_EVENTS = 60
"""Events that the metering system delivers a second time, in another file."""


def write_usage(
    connection: DuckDBPyConnection, scale: Scale, out: Path, on_month: Callable[[], None]
) -> dict[str, int]:
    """Write every usage file; needs the tables of the world.

    Months are Parquet files in order of time. What the metering system learned days late is in a
    file of its own, in order of arrival. The image service's log and the batch sent twice stay
    small at any scale.

    Args:
        connection: Holds the world.
        scale: What to simulate.
        out: Folder to write below.
        on_month: Called after each month.

    Returns:
        File below `out` -> rows in it.
    """
    connection.execute(_EVENTS)
    for folder in ("usage", "usage_resent", "image_service"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    rows: dict[str, int] = {}

    def copy(name: str, query: str, options: str) -> None:
        rows[name] = copy_to(connection, out / name, query, options)

    for number in range(scale.months):
        copy(f"usage/{scale.month(number):%Y-%m}.parquet", _on_time(number), PARQUET)
        on_month()
    copy("usage/late_arrivals.parquet", _LATE, PARQUET)
    copy(f"image_service/{scale.start:%Y-%m}.csv", _IMAGE_LOG, CSV)
    resent_in = min(1, scale.months - 1)
    copy(f"usage_resent/{scale.month(resent_in):%Y-%m}.jsonl", _resent(resent_in), JSON_LINES)
    return rows


# One row per event of a month (null: of every month); event_no follows occurred_at.
#
# The largest part r of the customers has the cube root of r of the usage: the first of 200 a sixth,
# the first hundredth of many a fifth. Ranks are scattered over the customers, so that some of the
# largest join late; until then their share goes to those who are there.
_EVENTS = """
create macro events_of(wanted) as table
with placed as (
    select
        hours.* exclude (first_event),
        hours.first_event + k as event_no,
        hour_start + to_microseconds(
            ((k << 20) + (draw(1, hours.first_event + k) & 1048575)) * 3600000
            // (hours.events << 20) * 1000
        ) as occurred_at
    from (select * from hours where wanted is null or month_no = wanted) as hours,
        range(hours.events) as numbers(k)
),
drawn as (
    select
        *,
        draw(2, event_no) >> 11 as who,
        (draw(3, event_no) >> 12) * usable_slots >> 20 as slot,
        draw(4, event_no) >> 12 as size,
        draw(5, event_no) as whim,
        event_no % 151 = 17 as is_late
    from placed
),
ranked as (
    select *, ((who * who >> 10) * who >> 21) * customer_count() >> 32 as customer_rank
    from drawn
),
scattered as (
    select *, customer_rank * scatter() % customer_count() as candidate
    from ranked
),
present as (
    select *, if(candidate < joined, candidate, candidate % joined) as customer_here
    from scattered
),
assigned as (
    select
        *,
        customer_here - cast(is_idle(customer_here, hour_start) as bigint) as customer_no
    from present
),
seated as (
    select
        *,
        whim % seats(customer_no) as seat,
        whim >> 20 < 205 as is_machine,
        size * size >> 20 as squared
    from assigned
)
select
    event_no,
    month_no,
    is_late,
    usable.unit = 'image' and event_no < image_log_ends() and not is_late as is_in_image_log,
    'ev_' || lpad(cast(event_no + 1 as varchar), 9, '0') as event_id,
    occurred_at,
    'cust_' || code(customer_no) as customer_id,
    usable.meter,
    -- Thousandths: batches of up to 601,000 tokens or 40 images, speech of up to two hours.
    cast(
        cast(
            case usable.unit
                when 'token' then (1000 + (squared * size >> 20) * 600000 // 1048576) * 1000
                when 'image' then (1 + squared * 40 // 1048576) * 1000
                when 'second' then 1000 + squared * 7200000 // 1048576
                else (1 + size * 10 // 1048576) * 1000
            end as decimal(18, 0)
        ) * cast(0.001 as decimal(4, 3)) as decimal(18, 3)
    ) as quantity,
    usable.properties,
    -- One event in twenty comes from a machine: no user, no team.
    case when not is_machine then user_id(customer_no, seat) end as user_id,
    case when not is_machine then team_id(customer_no, team(customer_no, seat, hour_start)) end
        as team_id,
    case
        when is_late then occurred_at + days(1 + whim % 25) + seconds(whim % 36000)
        else occurred_at + seconds(1 + whim % 40)
    end as received_at
from seated
inner join usable
    on seated.offering_no = usable.offering_no and seated.slot = usable.slot
"""

_COLUMNS = """
    event_id,
    occurred_at at time zone 'UTC' as occurred_at,
    customer_id,
    meter,
    quantity,
    properties,
    user_id,
    team_id,
    received_at at time zone 'UTC' as received_at
"""


def _on_time(month: int) -> str:
    return (
        f"select {_COLUMNS} from events_of({month}) where not is_late and not is_in_image_log "
        "order by event_no"
    )


_LATE = f"""
select {_COLUMNS} from events_of(null) where is_late
order by received_at, event_id
"""

# The log also holds requests that failed, under ids of their own: they are not for sale.
_IMAGE_LOG = """
with logged as (
    select * from events_of(null) where event_no < image_log_ends() and is_in_image_log
),
requests as (
    select *, event_id as request_id, 'SUCCEEDED' as status from logged
    union all
    select *, event_id || '_retry' as request_id, 'FAILED' as status from logged
    where event_no % 9 = 4
)
select
    request_id,
    iso_ms(occurred_at) as gmt_create,
    iso_ms(received_at) as gmt_logged,
    customer_id as org,
    user_id as member,
    team_id as team,
    properties ->> 'model' as model_name,
    cast(quantity as bigint) as num_images,
    status
from requests
order by event_no, request_id
"""


def _resent(month: int) -> str:
    return f"""
select
    event_id,
    iso_ms(occurred_at) as occurred_at,
    customer_id,
    meter,
    cast(quantity as varchar) as quantity,
    cast(properties as json) as properties,
    user_id,
    team_id,
    iso_ms(received_at) as received_at
from events_of({month})
where not is_late and not is_in_image_log and event_no % 5 = 0
order by event_no
limit {RESENT_EVENTS}
"""
