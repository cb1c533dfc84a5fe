"""The simulated company before it sells anything: its customers, and how busy each hour is.

Everything is drawn with integer arithmetic from the seed and the number of the thing drawn for, so
one seed gives one company, on every machine and in every order of work. Times are naive UTC here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from duckdb import DuckDBPyConnection

from ingestion.simulation.offering import Offering, Sold

EVENTS_IN_IMAGE_LOG = 4_000
"""Images among the first so many events come from the image service's own log."""

SCATTERING = (7919, 7907)
"""Primes; multiplying by one that does not divide the customers scatters ranks over all of them."""


@dataclass(frozen=True)
class Scale:
    """How large a company, for how long.

    Attributes:
        customers: Customers that join within the span.
        events: Distinct usage events.
        months: Calendar months from `start`.
        seed: Picks one company out of all of this scale.
        start: First day of the first month, 00:00 UTC.
        lots_per_customer: Purchases over the span of a customer of average size.
        subscriptions: Most subscriptions; each gives a lot a day where its plan grants daily.
        wallet: Credit wallet of welcome and goodwill credits; None gives none.
        currency: Functional currency of the book.
    """

    customers: int
    events: int
    months: int
    seed: int
    start: datetime
    lots_per_customer: int
    subscriptions: int
    wallet: str | None
    currency: str

    def month(self, number: int) -> datetime:
        """First instant of a month, 0 being the first; `months` gives the end of the span."""
        months = self.start.year * 12 + self.start.month - 1 + number
        return self.start.replace(year=months // 12, month=months % 12 + 1)

    @property
    def end(self) -> datetime:
        """First instant after the span."""
        return self.month(self.months)


def build_world(
    connection: DuckDBPyConnection, scale: Scale, offerings: Sequence[Offering]
) -> None:
    """Create the macros, what is sold, the customers and the hours, as tables of those names.

    Args:
        connection: A database of its own; gone after the simulation.
        scale: What to simulate.
        offerings: What is sold at each time; the first begins no later than the span.
    """
    connection.execute(_macros(scale))
    _insert_offerings(connection, offerings)
    connection.execute(_CUSTOMERS)
    connection.execute(_HOURS)


def _macros(scale: Scale) -> str:
    middle = scale.start + (scale.end - scale.start) / 2
    constants = {
        "starts_at": f"timestamp '{scale.start:%Y-%m-%d}'",
        "middle_at": f"date_trunc('hour', timestamp '{middle:%Y-%m-%d %H:%M:%S}')",
        "ends_at": f"timestamp '{scale.end:%Y-%m-%d}'",
        "customer_count": str(scale.customers),
        "event_count": f"cast({scale.events} as hugeint)",
        "purchases_each": str(scale.lots_per_customer),
        "subscription_count": str(scale.subscriptions),
        "first_state": str(scale.seed * 2_246_822_519 % 2**32),
        "scatter": str(next(prime for prime in SCATTERING if scale.customers % prime)),
        "image_log_ends": str(EVENTS_IN_IMAGE_LOG),
        "welcome_wallet": f"'{scale.wallet}'" if scale.wallet else "null",
        "home_currency": f"'{scale.currency}'",
    }
    named = "".join(f"create macro {name}() as {value};\n" for name, value in constants.items())
    return named + _MACROS


_MACROS = """
-- 32 evenly spread bits for the n-th thing of a stream: a start state per n and stream, then a
-- multiply-and-fold three times. The result differs for every n below 2^32 of one stream.
create macro scramble(x) as (xor(x, x >> 16) * 73244475) & 4294967295;
create macro draw(stream, n) as scramble(scramble(scramble(
    ((n & 4294967295) * 1597334677 + cast(stream as bigint) * 668265263 + first_state())
    & 4294967295
)));

create macro code(customer_no) as lpad(cast(customer_no + 1 as varchar), 6, '0');
create macro seconds(n) as to_microseconds(1000000 * cast(n as bigint));
create macro days(n) as to_microseconds(86400000000 * cast(n as bigint));
create macro iso(moment) as strftime(moment, '%Y-%m-%dT%H:%M:%SZ');
create macro iso_ms(moment) as strftime(moment, '%Y-%m-%dT%H:%M:%S.%gZ');
create macro money(cents) as
    cast(cast(cents as decimal(18, 0)) * cast(0.01 as decimal(3, 2)) as decimal(18, 2));

-- An organisation has 1 to 9 seats in 1 to 3 teams; some members change team half-way.
create macro seats(customer_no) as 1 + (customer_no * 31 + 7) % 9;
create macro teams(customer_no) as 1 + (seats(customer_no) - 1) // 3;
create macro moves(customer_no, seat) as (customer_no + seat) % 11 = 3 and teams(customer_no) > 1;
create macro team(customer_no, seat, moment) as
    1 + (seat + cast(moves(customer_no, seat) and moment >= middle_at() as int))
    % teams(customer_no);
create macro user_id(customer_no, seat) as
    'user_' || code(customer_no) || '_' || lpad(cast(seat + 1 as varchar), 2, '0');
create macro team_id(customer_no, team_no) as 'team_' || code(customer_no) || '_' || team_no;

-- Every thirteenth customer stops using the product half-way, whatever credits are left.
create macro is_idle(customer_no, moment) as customer_no % 13 = 5 and moment >= middle_at();
-- Every tenth is an enterprise, which pays by bank transfer; the others pay by card.
create macro is_enterprise(customer_no) as customer_no % 10 = 0;
"""

# Three tenths join in the launch week, the rest evenly until a tenth before the end.
_CUSTOMERS = """
create table customers as
with shape as (
    select
        (3 * customer_count() + 9) // 10 as early,
        7 * 86400 as launch,
        date_diff('second', starts_at(), ends_at()) * 9 // 10 as joining
)
select
    cast(n as bigint) as customer_no,
    'cust_' || code(n) as customer_id,
    starts_at() + seconds(
        case
            when n < early then n * launch // early
            else launch + (n - early) * (joining - launch) // (customer_count() - early)
        end
    ) as joined_at,
    [0, 0, 200, 0, 190, 0, 200, 100, 0, 0][1 + n * 7 % 10] as tax_per_thousand,
    ['US', 'US', 'GB', 'US', 'DE', 'CA', 'FR', 'AU', 'SG', 'US'][1 + n * 7 % 10] as country
from range(customer_count()) as numbers(n), shape
order by n
"""

# Usage follows the customers there are, the hour and the weekday. Events are shared out by running
# totals, so that the hours add up to exactly the events asked for.
_HOURS = """
create table hours as
with arrivals as (
    select joined_at, max(customer_no) + 1 as joined from customers group by joined_at
),
weighted as (
    select
        hour_start,
        arrivals.joined,
        offerings.offering_no,
        offerings.usable_slots,
        arrivals.joined
        * [10, 11, 11, 11, 10, 5, 4][isodow(hour_start)]
        * [4, 3, 2, 2, 2, 3, 4, 6, 9, 11, 12, 12, 11, 12, 13, 13, 12, 11, 9, 8, 7, 6, 5, 5]
            [1 + hour(hour_start)] as weight
    from range(starts_at(), ends_at(), interval 1 hour) as spine(hour_start)
    inner join offerings
        on hour_start >= offerings.since and hour_start < offerings.until
    asof join arrivals on hour_start >= arrivals.joined_at
),
running as (
    select
        *,
        sum(weight) over (order by hour_start) as weight_to,
        sum(weight) over () as weight_total
    from weighted
)
select
    cast(date_diff('month', starts_at(), hour_start) as int) as month_no,
    hour_start,
    joined,
    offering_no,
    usable_slots,
    cast(event_count() * (weight_to - weight) // weight_total as bigint) as first_event,
    cast(
        event_count() * weight_to // weight_total
        - event_count() * (weight_to - weight) // weight_total as bigint
    ) as events
from running
order by hour_start
"""


def _insert_offerings(connection: DuckDBPyConnection, offerings: Sequence[Offering]) -> None:
    """Write the offerings down, each line in as many slots as it is popular."""
    connection.execute(
        "create table offerings (offering_no bigint, since timestamp, until timestamp, "
        "usable_slots bigint, pack_slots bigint, plan_count bigint);"
        "create table usable (offering_no bigint, slot bigint, meter varchar, unit varchar, "
        "properties varchar);"
        "create table packs (offering_no bigint, slot bigint, offer varchar, price_cents bigint, "
        "currency varchar);"
        "create table plans as select * from packs"
    )
    until = [offering.since for offering in offerings[1:]]
    last = offerings[-1].since + timedelta(days=365_000)
    for number, (offering, end) in enumerate(zip(offerings, [*until, last], strict=True)):
        usable = _by_popularity(offering.usable)
        packs = _by_popularity(offering.packs)
        row = [number, _naive(offering.since), _naive(end), len(usable), len(packs)]
        connection.execute(
            "insert into offerings values (?, ?, ?, ?, ?, ?)", [*row, len(offering.monthly_plans)]
        )
        connection.executemany(
            "insert into usable values (?, ?, ?, ?, ?)",
            [
                [number, slot, line.meter, line.unit, line.properties]
                for slot, line in enumerate(usable)
            ],
        )
        for table, sold in (("packs", packs), ("plans", offering.monthly_plans)):
            if sold:
                connection.executemany(
                    f"insert into {table} values (?, ?, ?, ?, ?)", _price_rows(number, sold)
                )


def _price_rows(number: int, sold: Sequence[Sold]) -> list[list[object]]:
    return [
        [number, slot, line.offer, int(line.price * 100), line.currency]
        for slot, line in enumerate(sold)
    ]


Line = TypeVar("Line")


def _by_popularity(lines: Sequence[Line]) -> list[Line]:
    """Each line repeated: the last once, the one before twice, and so on."""
    return [line for place, line in enumerate(lines) for _ in range(len(lines) - place)]


def _naive(at: datetime) -> datetime:
    """An instant as the world's naive UTC."""
    return at.replace(tzinfo=None)
