"""Guardrails against a plain event-by-event walk, on random users, teams and organisations.

The walk knows the rules (whom an event counts for, windows of the local calendar, order of booking,
the part above) and nothing of the SQL. Every comparison is exact, in billionths.
"""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from tests.cli import exit_code
from tests.oracle import BILLION, rounded

ZONE = ZoneInfo("America/New_York")
START = datetime(2025, 2, 26, tzinfo=UTC)
STEPS = 4 * 21
CLOSED_AT = datetime(2025, 3, 4, 5, tzinfo=UTC)
"""February is closed here; what is received later of February is booked in March."""
MARCH = datetime(2025, 3, 1, 5, tzinfo=UTC)
UNTIL = datetime(2025, 4, 1, tzinfo=UTC)

BOOK = """\
book: guarded
entity: Guarded, Inc.
functional_currency: USD
time_zone: America/New_York
first_period: 2025-02
framework: ASC606
wallets:
  special: {unit: credit}
  general: {unit: credit}
  usd: {unit: USD}
meters:
  chained: {unit: unit}
  billed: {unit: unit}
policies:
  - effective_from: 2025-02-01
    approved: {by: tester, on: 2025-01-31, reference: T-1}
    late_usage: first_open_period
sources:
  - {feed: customers, format: csv, path: "customers.csv"}
  - {feed: members, format: csv, path: "members.csv"}
  - {feed: limits, format: csv, path: "limits.csv"}
  - {feed: period_closes, format: csv, path: "period_closes.csv"}
  - {feed: usage, format: csv, path: "usage.csv"}
"""

CARD = """\
version: "2025-02-01"
effective_from: 2025-02-01T00:00:00Z
published_at: 2025-01-15T00:00:00Z
approved: {by: tester, on: 2025-01-15, reference: T-2}
rates:
  - id: chained
    meter: chained
    match: {}
    price:
      - {wallet: special, credits: 0.7, per: 3}
      - {wallet: usd, amount: 0.013}
  - id: billed
    meter: billed
    match: {}
    price: [{wallet: general, credits: 1.5}]
    overage: {amount: 0.37, currency: USD, per: 7}
"""

PRICES = {
    "chained": ("special", Fraction(7, 30), Fraction(13, 1000), False),
    "billed": ("general", Fraction(3, 2), Fraction(37, 700), True),
}
"""Meter -> first wallet, credits and dollars of a unit, whether the rest may be billed."""


@dataclass(frozen=True)
class Use:
    """One event; costs in billionths."""

    event_id: str
    customer: str
    at: datetime
    is_late: bool
    user: str | None
    team: str | None
    meter: str
    quantity: Fraction

    def measured(self, unit: str) -> int:
        """What it counts in credits or in USD."""
        _, credits, dollars, _ = PRICES[self.meter]
        return rounded(self.quantity * BILLION * (credits if unit == "credits" else dollars))


@dataclass(frozen=True)
class Guard:
    """One limit."""

    limit_id: str
    customer: str
    scope: str
    subject: str | None
    wallet: str | None
    window: str
    unit: str
    allowance: int
    action: str
    since: datetime | None
    until: datetime | None

    def window_of(self, moment: datetime) -> date | None:
        """First local day of the window an instant falls in."""
        day = moment.astimezone(ZONE).date()
        if self.window == "day":
            return day
        if self.window == "week":
            return day - timedelta(days=day.weekday())
        return day.replace(day=1) if self.window == "month" else None


@dataclass
class Company:
    """What one seed drew."""

    parents: dict[str, str | None] = field(default_factory=dict)
    stays: list[tuple[str, str, str, datetime, datetime | None]] = field(default_factory=list)
    limits: list[Guard] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)


@dataclass
class Breach:
    """What the walk found of one limit, subject and window."""

    used: int = 0
    used_credits: int = 0
    excess: int = 0
    excess_credits: int = 0
    events: int = 0
    parts: list[tuple[str, int]] = field(default_factory=list)


def draw_company(seed: int) -> Company:
    dice = random.Random(seed)
    company = Company()

    def moment() -> datetime:
        return START + timedelta(hours=6 * dice.randrange(STEPS))

    for number in range(60):
        customer = f"c{number:03d}"
        parent = f"c{number - 1:03d}" if number % 3 == 1 else None
        company.parents[customer] = parent
        for user in ("u1", "u2", "u3"):
            for team in dice.sample(("red", "blue"), dice.randrange(3)):
                for since in dice.sample([START, moment(), moment()], dice.randrange(1, 3)):
                    until = dice.choice([None, since + timedelta(hours=6 * dice.randrange(1, 60))])
                    if (customer, user, team, since) not in [stay[:4] for stay in company.stays]:
                        company.stays.append((customer, user, team, since, until))
        for index in range(dice.randrange(5)):
            company.limits.append(draw_limit(dice, f"{customer}-g{index}", customer, moment))
        for index in range(dice.randrange(60)):
            at = moment()
            is_late = at < MARCH and dice.random() < 0.3
            company.uses.append(
                Use(
                    f"{customer}-e{dice.randrange(100)}-{index}",
                    customer,
                    at,
                    is_late,
                    dice.choice(["u1", "u2", "u3", None]),
                    dice.choice(["red", "blue", None, None]),
                    dice.choice(list(PRICES)),
                    dice.choice(
                        [Fraction(1), Fraction(3), Fraction(10), Fraction(0), Fraction(1, 4)]
                    ),
                )
            )
    return company


def draw_limit(dice: random.Random, limit_id: str, customer: str, moment) -> Guard:
    scope = dice.choice(["user", "team", "each_user", "each_team", "organisation"])
    unit = dice.choice(["credits", "credits", "USD"])
    since = dice.choice([None, moment(), moment() + timedelta(hours=1)])
    until = dice.choice([None, (since or START) + timedelta(hours=dice.randrange(1, 300))])
    most = dice.choice([0, 1, 5, 20]) * BILLION
    return Guard(
        limit_id,
        customer,
        scope,
        {"user": "u1", "team": "red"}.get(scope),
        dice.choice([None, None, "special", "general"]),
        dice.choice(["day", "week", "month", "total"]),
        unit,
        most if unit == "credits" else most // 20,
        dice.choice(["flag", "overage", "unfunded"]),
        since,
        until,
    )


def subjects_of(company: Company, limit: Guard, use: Use) -> set[str]:
    """Whom of those a limit is about an event counts for."""
    if limit.scope == "organisation":
        pays = limit.customer in (use.customer, company.parents[use.customer])
        return {limit.customer} if pays else set()
    if use.customer != limit.customer:
        return set()
    if limit.scope in ("user", "each_user"):
        found = {use.user}
    elif use.team is not None:
        found = {use.team}
    else:
        found = {
            team
            for customer, user, team, since, until in company.stays
            if customer == use.customer
            and user == use.user
            and since <= use.at
            and (until is None or use.at < until)
        }
    return {name for name in found if name and limit.subject in (None, name)}


def walk(company: Company) -> tuple[dict[tuple, Breach], dict[str, tuple[int, int]]]:
    """Breaches, and what is kept of each event: in all, and of that unfunded whatever its rate."""
    breaches: dict[tuple, Breach] = defaultdict(Breach)
    above: dict[str, list[tuple[str, int]]] = defaultdict(list)
    in_order = sorted(
        company.uses, key=lambda use: (booked_month(use), use.at, use.customer, use.event_id)
    )
    for use in in_order:
        cost = use.measured("credits")
        if not cost:
            continue
        for limit in company.limits:
            in_force = (limit.since is None or limit.since <= use.at) and (
                limit.until is None or use.at < limit.until
            )
            if not in_force or limit.wallet not in (None, PRICES[use.meter][0]):
                continue
            value = use.measured(limit.unit)
            for subject in subjects_of(company, limit, use):
                breach = breaches[limit.limit_id, subject, limit.window_of(use.at)]
                breach.used += value
                breach.used_credits += cost
                excess = min(value, breach.used - limit.allowance)
                if excess <= 0:
                    continue
                credits = cost if excess == value else rounded(Fraction(cost * excess, value))
                breach.excess += excess
                breach.excess_credits += credits
                breach.events += 1
                breach.parts.append((use.event_id, credits))
                above[use.event_id].append((limit.action, credits))
    kept = {}
    for event_id, parts in above.items():
        unfunded = max((credits for action, credits in parts if action == "unfunded"), default=0)
        overage = max((credits for action, credits in parts if action == "overage"), default=0)
        if max(unfunded, overage):
            kept[event_id] = (max(unfunded, overage), unfunded)
    return {key: breach for key, breach in breaches.items() if breach.events}, kept


def booked_month(use: Use) -> date:
    return (MARCH if use.is_late else use.at).astimezone(ZONE).date().replace(day=1)


def instant(moment: datetime | None) -> str:
    return moment.isoformat().replace("+00:00", "Z") if moment else ""


def text_of(billionths: int) -> str:
    return format(Decimal(billionths).scaleb(-9), "f")


def write_company(folder: Path, company: Company) -> None:
    def write(name: str, rows: list[dict[str, str]]) -> None:
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)

    (folder / "cards").mkdir(parents=True)
    (folder / "book.yml").write_text(BOOK)
    (folder / "cards" / "2025-02-01.yml").write_text(CARD)
    write(
        "customers",
        [
            {"customer_id": name, "parent_customer_id": parent or ""}
            for name, parent in company.parents.items()
        ],
    )
    write(
        "members",
        [
            {
                "customer_id": customer,
                "user_id": user,
                "team_id": team,
                "from": instant(since),
                "to": instant(until),
            }
            for customer, user, team, since, until in company.stays
        ],
    )
    write(
        "limits",
        [
            {
                "limit_id": limit.limit_id,
                "customer_id": limit.customer,
                "scope": limit.scope,
                "id": limit.subject or "",
                "wallet": limit.wallet or "",
                "window": limit.window,
                "credits": text_of(limit.allowance) if limit.unit == "credits" else "",
                "amount": text_of(limit.allowance) if limit.unit == "USD" else "",
                "currency": "USD" if limit.unit == "USD" else "",
                "action": limit.action,
                "from": instant(limit.since),
                "to": instant(limit.until),
            }
            for limit in company.limits
        ],
    )
    write(
        "period_closes",
        [
            {
                "close_id": "x1",
                "period": "2025-02",
                "closed_at": instant(CLOSED_AT),
                "action": "close",
                "reason": "month end",
                "closed_by": "tester",
            }
        ],
    )
    write(
        "usage",
        [
            {
                "event_id": use.event_id,
                "occurred_at": instant(use.at),
                "customer_id": use.customer,
                "meter": use.meter,
                "quantity": text_of(int(use.quantity * BILLION)),
                "user_id": use.user or "",
                "team_id": use.team or "",
                "received_at": instant(CLOSED_AT if use.is_late else use.at),
            }
            for use in company.uses
        ],
    )


@pytest.fixture(scope="module", params=[11, 12])
def run(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Company, duckdb.DuckDBPyConnection]:
    company = draw_company(request.param)
    folder = tmp_path_factory.mktemp(f"guarded-{request.param}")
    write_company(folder / "book", company)
    database = folder / "books.duckdb"
    arguments = ["--book", str(folder / "book"), "--db", str(database)]
    assert exit_code("load", *arguments) == 0
    assert exit_code("build", "--as-of", instant(UNTIL), *arguments) == 0
    assert exit_code("check", *arguments) == 0
    return company, duckdb.connect(str(database), read_only=True)


def billionths(value: Decimal) -> int:
    return int(value.scaleb(9))


def test_breaches_are_those_of_the_walk_with_every_part_accounted_for(run) -> None:
    company, connection = run
    breaches, kept = walk(company)
    meters = {use.event_id: use.meter for use in company.uses}
    expected = {}
    for key, breach in breaches.items():
        allowed = overage = unfunded = 0
        for event_id, credits in breach.parts:
            whole, unfunded_first = kept.get(event_id, (0, 0))
            taken = min(credits, whole)
            may_be_billed = PRICES[meters[event_id]][3]
            nobody_pays = min(credits, unfunded_first) if may_be_billed else taken
            allowed += credits - taken
            overage += taken - nobody_pays
            unfunded += nobody_pays
        expected[key] = (
            breach.used,
            breach.used_credits,
            breach.excess,
            breach.excess_credits,
            allowed,
            overage,
            unfunded,
            breach.events,
        )
    rows = connection.execute(
        """
        select
            limit_id, subject_id, window_start, coalesce(used_amount, used_credits), used_credits,
            coalesce(excess_amount, excess_credits), excess_credits,
            allowed_credits, overage_credits, unfunded_credits, events
        from marts.limit_breaches
        """
    ).fetchall()
    assert {row[:3]: (*map(billionths, row[3:10]), row[10]) for row in rows} == expected
    assert len(rows) == len(expected)


def test_the_part_above_never_reaches_a_wallet_and_is_billed_or_unfunded(run) -> None:
    company, connection = run
    _, kept = walk(company)
    billable = {use.event_id: PRICES[use.meter][3] for use in company.uses}
    rows = connection.execute(
        "select event_id, entry_type, -credits from marts.credit_ledger where reason = 'limit'"
    ).fetchall()
    found: dict[str, dict[str, int]] = defaultdict(lambda: {"overage": 0, "unfunded": 0})
    for event_id, entry_type, credits in rows:
        found[event_id][entry_type] += billionths(credits)
    expected = {
        event_id: {
            "overage": whole - unfunded if billable[event_id] else 0,
            "unfunded": unfunded if billable[event_id] else whole,
        }
        for event_id, (whole, unfunded) in kept.items()
    }
    assert dict(found) == expected


def test_the_random_company_reaches_every_kind_of_breach(run) -> None:
    company, _ = run
    breaches, _ = walk(company)
    broken = {limit.limit_id for limit in company.limits} & {key[0] for key in breaches}
    limits = [limit for limit in company.limits if limit.limit_id in broken]
    assert {limit.scope for limit in limits} == {
        "user",
        "team",
        "each_user",
        "each_team",
        "organisation",
    }
    assert {limit.window for limit in limits} == {"day", "week", "month", "total"}
    assert {limit.unit for limit in limits} == {"credits", "USD"}
    assert {limit.action for limit in limits} == {"flag", "overage", "unfunded"}
    assert any(use.is_late for use in company.uses)
