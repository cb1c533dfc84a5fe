"""Recognition policies against a plain recomputation, on random books with every policy at work.

Lots, usage, refunds and voids of many customers go through the real commands, some of them late;
estimates change twice, once by a decision that comes after the months it would change were closed.
What happened to credits is taken from the ledger, which other tests prove; every figure of every
schedule, in both currencies, must be the recomputed one, to the minor unit.
"""

from __future__ import annotations

import csv
import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest

from tests.cli import exit_code
from tests.recognition_oracle import (
    Lot,
    Moved,
    Policy,
    Recognition,
    Removal,
    following,
    nonzero,
    rounded,
    start_of,
)


def moment_of(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


START, UNTIL = moment_of("2025-01-01"), moment_of("2025-06-20 06:00")
CLOSES = {
    date(2025, 1, 1): moment_of("2025-02-05"),
    date(2025, 2, 1): moment_of("2025-03-04"),
    date(2025, 3, 1): moment_of("2025-04-05"),
    date(2025, 4, 1): moment_of("2025-05-06"),
}
CREDIT_WALLETS = (
    *("expiring", "shrinking", "owed", "sleeping", "never"),
    *("daily", "exactly", "evenly", "prorated"),
)
MINOR_UNITS = {"USD": 2, "EUR": 2, "JPY": 0, "KWD": 3}
RATES = {"EUR": Decimal("1.137"), "JPY": Decimal("0.0071"), "KWD": Decimal("3.26")}

WALLETS = "".join(f"  {wallet}: {{unit: credit}}\n" for wallet in CREDIT_WALLETS)
METERS = "".join(f"  {wallet}: {{unit: unit}}\n" for wallet in (*CREDIT_WALLETS, "refundable"))
BOOK = f"""\
book: random
entity: Random, Inc.
functional_currency: USD
time_zone: UTC
first_period: 2025-01
framework: ASC606
wallets:
{WALLETS}\
  refundable: {{unit: USD, liability: refund_liability}}
meters:
{METERS}\
policies:
  - effective_from: 2024-06-01
    approved: {{by: tester, on: 2024-05-31, reference: T-1}}
    breakage:
      default: {{method: proportional, expected_unused: "0.05"}}
      expiring: {{method: at_expiry}}
      shrinking: {{method: proportional, expected_unused: "0.30", constrained_to: "0.2"}}
      owed: {{method: proportional, expected_unused: "0.123456789", escheat_share: "0.4"}}
      sleeping: {{method: remote, months_inactive: 2, escheat_share: "0.1"}}
      never: {{method: none}}
    progress:
      default: consumption
      daily: ratable
      exactly: {{method: ratable, convention: instant}}
      evenly: {{method: ratable, convention: even_month}}
      prorated: {{method: ratable, convention: prorated_month}}
    usage_accrual:
      default: {{share: "0.03"}}
      never: {{share: "0"}}
  # In time: from March on.
  - effective_from: 2025-03-15
    approved: {{by: tester, on: 2025-03-10, reference: T-2}}
    breakage:
      shrinking: {{method: proportional, expected_unused: "0.07"}}
      expiring: {{method: at_expiry, escheat_share: "1"}}
    progress: {{daily: consumption}}
  # Decided on 20 April for February on: January to March are closed, April is not.
  - effective_from: 2025-02-01
    approved: {{by: tester, on: 2025-04-20, reference: T-3}}
    breakage:
      owed: {{method: proportional, expected_unused: "0.5", escheat_share: "0.25"}}
      sleeping: {{method: remote, months_inactive: 1}}
sources:
  - {{feed: usage, format: csv, path: "usage.csv"}}
  - {{feed: grants, format: csv, path: "grants.csv"}}
  - {{feed: lot_events, format: csv, path: "lot_events.csv"}}
  - {{feed: payments, format: csv, path: "payments.csv"}}
  - {{feed: fx_rates, format: csv, path: "fx_rates.csv"}}
  - {{feed: period_closes, format: csv, path: "period_closes.csv"}}
"""

RATES_OF_USE = "".join(
    f"  - {{id: {wallet}, meter: {wallet}, price: [{{wallet: {wallet}, credits: 1}}]}}\n"
    for wallet in CREDIT_WALLETS
)
CARD = f"""\
version: "2024-01-01"
effective_from: 2024-01-01T00:00:00Z
published_at: 2023-12-15T00:00:00Z
approved: {{by: tester, on: 2023-12-15, reference: T-0}}
rates:
{RATES_OF_USE}\
  - {{id: refundable, meter: refundable, price: [{{wallet: refundable, amount: 1}}]}}
"""


def policy(topic: str, subject: str, effective: str, approved: str, **terms: object) -> Policy:
    return Policy(topic, subject, moment_of(effective), moment_of(approved), **terms)  # type: ignore[arg-type]


FIRST = ("2024-06-01", "2024-05-31")
IN_TIME = ("2025-03-15", "2025-03-10")
AFTERWARDS = ("2025-02-01", "2025-04-20")
POLICIES = (
    policy("breakage", "default", *FIRST, method="proportional", expected_unused=Fraction(1, 20)),
    policy("breakage", "expiring", *FIRST, method="at_expiry"),
    policy("breakage", "shrinking", *FIRST, method="proportional", expected_unused=Fraction(1, 5)),
    policy(
        *("breakage", "owed", *FIRST),
        method="proportional",
        expected_unused=Fraction("0.123456789"),
        escheat_share=Fraction(2, 5),
    ),
    policy(
        *("breakage", "sleeping", *FIRST),
        method="remote",
        months_inactive=2,
        escheat_share=Fraction(1, 10),
    ),
    policy("breakage", "never", *FIRST, method="none"),
    policy("progress", "default", *FIRST, method="consumption"),
    policy("progress", "daily", *FIRST, method="ratable"),
    policy("progress", "exactly", *FIRST, method="ratable", convention="instant"),
    policy("progress", "evenly", *FIRST, method="ratable", convention="even_month"),
    policy("progress", "prorated", *FIRST, method="ratable", convention="prorated_month"),
    policy(
        *("breakage", "shrinking", *IN_TIME),
        method="proportional",
        expected_unused=Fraction(7, 100),
    ),
    policy("breakage", "expiring", *IN_TIME, method="at_expiry", escheat_share=Fraction(1)),
    policy("progress", "daily", *IN_TIME, method="consumption"),
    policy(
        *("breakage", "owed", *AFTERWARDS),
        method="proportional",
        expected_unused=Fraction(1, 2),
        escheat_share=Fraction(1, 4),
    ),
    policy("breakage", "sleeping", *AFTERWARDS, method="remote", months_inactive=1),
)


class RandomBook:
    """Rows of the feeds that one seed draws, on a grid of six-hour steps."""

    def __init__(self, seed: int, customers: int) -> None:
        self.dice = random.Random(seed)
        self.rows: dict[str, list[dict[str, str]]] = {
            "fx_rates": [
                {"date": "2024-01-01", "currency": currency, "rate": str(rate)}
                for currency, rate in RATES.items()
            ],
            "period_closes": [
                {
                    "close_id": f"k{month:%Y-%m}",
                    "period": f"{month:%Y-%m}",
                    "closed_at": instant(at),
                    "action": "close",
                }
                for month, at in CLOSES.items()
            ],
            **{feed: [] for feed in ("usage", "grants", "lot_events", "payments")},
        }
        for number in range(customers):
            self.add_customer(f"c{number:04d}")

    def moment(self) -> datetime:
        return START + timedelta(hours=6 * self.dice.randrange(0, 4 * 165))

    def add_customer(self, customer: str) -> None:
        dice = self.dice
        wallets = dice.sample([*CREDIT_WALLETS, "refundable"], k=dice.randrange(1, 4))
        for place, wallet in enumerate(wallets):
            starts = [self.moment() for _ in range(dice.randrange(1, 4))]
            for index, start in enumerate(starts):
                self.add_lot(customer, wallet, f"{customer}-{place}{index}", start)
            for index in range(dice.randrange(0, 15)):
                at = dice.choice(starts) + timedelta(hours=6 * dice.randrange(0, 300))
                if at < UNTIL:
                    self.add_usage(customer, wallet, f"{customer}-e{place}{index}", at)

    def add_lot(self, customer: str, wallet: str, lot_id: str, start: datetime) -> None:
        dice = self.dice
        is_ratable = wallet in CREDIT_WALLETS[5:]
        lasts = dice.choice([dice.randrange(1, 120), 240, 368, 730, 730 if is_ratable else None])
        ends = None if lasts is None else start + timedelta(hours=6 * lasts)
        currency = "USD" if wallet == "refundable" else dice.choice(list(MINOR_UNITS))
        decimals = MINOR_UNITS[currency]
        price = Decimal(dice.choice([1, 999, 4950, 120_00, 1_000_001])).scaleb(-decimals)
        credits = dice.choice(["100", "100", "250.7", "57.3", "0.000000007", "1000000"])
        received = start + timedelta(days=dice.choice([0, 0, 0, 40]))
        received = start if received >= UNTIL else received
        grant = {
            "grant_id": lot_id,
            "customer_id": customer,
            "wallet": wallet,
            "credits": credits,
            "kind": dice.choice(["paid", "paid", "paid", "promo"]),
            "effective_at": instant(start),
            "expires_at": instant(ends) if ends else "",
            "consideration": "",
            "currency": currency,
            "payment_id": "",
            "received_at": instant(received) if received > start else "",
        }
        if grant["kind"] == "paid":
            self.pay(grant, start, received, price)
        self.rows["grants"].append(grant)
        if dice.random() < 0.3:
            self.take_back(grant, Decimal(credits))

    def pay(
        self, grant: dict[str, str], start: datetime, received: datetime, price: Decimal
    ) -> None:
        """A price of its own, or the net amount of a payment."""
        if self.dice.random() < 0.5:
            grant["consideration"] = f"{price:f}"
            return
        grant["payment_id"] = f"p-{grant['grant_id']}"
        self.add_payment(grant["payment_id"], "payment", grant, start, received, price)

    def take_back(self, grant: dict[str, str], credits: Decimal) -> None:
        """A refund of some or all of its payment, or a void."""
        dice, start = self.dice, moment_of(grant["effective_at"])
        at = start + timedelta(hours=6 * dice.randrange(1, 200))
        received = at + timedelta(days=dice.choice([0, 0, 30]))
        if received >= UNTIL:
            return
        paid = [row for row in self.rows["payments"] if row["payment_id"] == grant["payment_id"]]
        if paid:
            whole = Decimal(paid[0]["amount"])
            unit = Decimal(1).scaleb(-MINOR_UNITS[grant["currency"]])
            part = (whole / 3).quantize(unit)
            amount = dice.choice([whole, part]) or whole
            self.add_payment(f"r-{grant['grant_id']}", "refund", grant, at, received, amount)
            return
        some = dice.choice(["", f"{credits / 4:.9f}"]) if credits > 1 else ""
        self.rows["lot_events"].append(
            {
                "lot_event_id": f"v-{grant['grant_id']}",
                "occurred_at": instant(at),
                "lot_id": grant["grant_id"],
                "kind": dice.choice(["void", "reduce"]) if some else "void",
                "credits": some,
                "received_at": instant(received) if received > at else "",
            }
        )

    def add_payment(
        self,
        payment_id: str,
        kind: str,
        grant: dict[str, str],
        at: datetime,
        received: datetime,
        amount: Decimal,
    ) -> None:
        self.rows["payments"].append(
            {
                "payment_id": payment_id,
                "occurred_at": instant(at),
                "customer_id": grant["customer_id"],
                "kind": kind,
                "amount": f"{amount:f}",
                "currency": grant["currency"],
                "relates_to": grant["payment_id"] if kind == "refund" else "",
                "received_at": instant(received) if received > at else "",
            }
        )

    def add_usage(self, customer: str, wallet: str, event_id: str, at: datetime) -> None:
        received = at + timedelta(days=self.dice.choice([0, 0, 0, 35]))
        self.rows["usage"].append(
            {
                "event_id": event_id,
                "occurred_at": instant(at),
                "customer_id": customer,
                "meter": wallet,
                "quantity": self.dice.choice(
                    ["1", "3.333333333", "0.000000003", "9", "20", "250000"]
                ),
                "received_at": instant(received) if received > at else "",
            }
        )


def instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def write_book(folder: Path, book: RandomBook) -> None:
    (folder / "cards").mkdir(parents=True)
    (folder / "book.yml").write_text(BOOK)
    (folder / "cards" / "2024-01-01.yml").write_text(CARD)
    for feed, rows in book.rows.items():
        with (folder / f"{feed}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


@pytest.fixture(scope="module", params=[11, 12])
def connection(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> duckdb.DuckDBPyConnection:
    """A random book, loaded, built and checked."""
    folder = tmp_path_factory.mktemp(f"recognition-{request.param}")
    write_book(folder / "book", RandomBook(request.param, customers=300))
    database = folder / "books.duckdb"
    arguments = ["--book", str(folder / "book"), "--db", str(database)]
    assert exit_code("load", *arguments) == 0
    assert exit_code("build", "--as-of", instant(UNTIL), *arguments) == 0
    assert exit_code("check", *arguments) == 0
    return duckdb.connect(str(database), read_only=True)


def minor(amount: Decimal, decimals: int) -> int:
    return int(amount.scaleb(decimals))


def recognition_of(connection: duckdb.DuckDBPyConnection) -> Recognition:
    """The lots and movements of a built book, as the recomputation takes them."""
    found = connection.execute(
        """
        select
            lot_id, pool_id, wallet, credits, consideration, minor_units,
            functional_consideration, liability, effective_at, usable_from, expires_at
        from drawdown.int_lots
        """
    ).fetchall()
    lots = tuple(
        Lot(
            *(lot_id, pool, wallet, int(credits.scaleb(9))),
            minor(price, decimals),
            minor(functional, 2),
            liability != "contract_liability",
            *(moment and moment.replace(tzinfo=UTC) for moment in times),
        )
        for lot_id, pool, wallet, credits, price, decimals, functional, liability, *times in found
    )
    moved = tuple(
        Moved(lot_id, month, cause, int(credits.scaleb(9)))
        for lot_id, month, cause, credits in connection.execute(
            """
            select
                lot_id, booked_period,
                case
                    when entry_type = 'draw' then case when is_late then 'late' else 'used' end
                    when reason = 'refund' then 'refunded' else 'ended'
                end as cause,
                -credits
            from marts.credit_ledger where entry_type in ('draw', 'expire', 'void')
            """
        ).fetchall()
    )
    return Recognition(
        lots, moved, removals_of(connection, lots), POLICIES, CLOSES, date(2025, 1, 1), UNTIL
    )


def removals_of(
    connection: duckdb.DuckDBPyConnection, lots: tuple[Lot, ...]
) -> tuple[Removal, ...]:
    """What refunds, voids and reductions ask of each lot, from the feeds as loaded."""
    by_payment = connection.execute(
        """
        select refunds.payment_id, lots.lot_id, refunds.occurred_at, refunds.received_at,
            refunds.amount, paid.amount
        from raw.payments as refunds
        inner join raw.payments as paid on refunds.relates_to = paid.payment_id
        inner join drawdown.int_lots as lots on paid.payment_id = lots.payment_id
        where refunds.kind = 'refund'
        """
    ).fetchall()
    by_event = connection.execute(
        "select lot_event_id, lot_id, occurred_at, received_at, credits, null from raw.lot_events"
    ).fetchall()
    by_id = {lot.lot_id: lot for lot in lots}
    found = []
    for removal_id, lot_id, occurred, received, asked, paid in [*by_payment, *by_event]:
        lot = by_id[lot_id]
        if paid is not None:
            credits = rounded(lot.credits * Fraction(asked) / Fraction(paid))
        else:
            credits = lot.credits if asked is None else int(asked.scaleb(9))
        times = [moment and moment.replace(tzinfo=UTC) for moment in (occurred, received)]
        moment = max(booked_at(*times), lot.usable_from)
        found.append(Removal(removal_id, lot_id, moment, credits, paid is not None))
    return tuple(found)


def booked_at(occurred: datetime, received: datetime | None) -> datetime:
    """Its own time, or the first instant that was open when it was received."""
    found = occurred
    for month, closed in CLOSES.items():
        if received is not None and received >= closed:
            found = max(occurred, start_of(following(month)))
    return found


def test_every_figure_of_every_schedule_is_the_recomputed_one(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    recognition = recognition_of(connection)
    expected = nonzero(
        (lot.lot_id, month, name, *figures[name])
        for lot in recognition.lots
        for month, figures in recognition.schedule(lot).items()
        for name in figures
    )
    columns = {
        "usage": "usage_revenue",
        "late": "prior_period_revenue",
        "breakage": "breakage_revenue",
        "escheated": "escheated",
        "refunded": "refunded",
    }
    found = nonzero(
        (lot_id, month, name, minor(own, decimals), minor(functional, 2))
        for name, column in columns.items()
        for lot_id, month, decimals, own, functional in connection.execute(
            f"""
            select lot_id, booked_period, coalesce(minor_units, 2), {column}, {column}_functional
            from marts.deferred_revenue_schedule left join raw.currencies using (currency)
            """
        ).fetchall()
    )
    differing = {
        key: (expected.get(key), found.get(key))
        for key in expected.keys() | found.keys()
        if expected.get(key) != found.get(key)
    }
    assert differing == {}
    assert len(found) > 1000


def test_accrued_usage_is_the_last_whole_months_and_no_other(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    balances = connection.execute(
        """
        select currency, closing from marts.trial_balance
        where account_number = '2405' and closing <> 0
            and booked_period = (select max(booked_period) from marts.trial_balance)
        """
    ).fetchall()
    assert balances == []
    accrued = connection.execute(
        """
        select trial_balance.currency, trial_balance.closing, sum(accruals.accrued)
        from marts.trial_balance
        inner join marts.usage_accruals as accruals using (currency, booked_period)
        where account_number = '2405' and booked_period = '2025-05-01' and wallet <> 'never'
        group by all
        """
    ).fetchall()
    assert accrued
    assert all(closing == total for _, closing, total in accrued)


def test_the_book_exercises_what_it_is_meant_to(connection: duckdb.DuckDBPyConnection) -> None:
    by_wallet = dict(
        connection.execute(
            """
            select wallet, sum(case when breakage_revenue < 0 then 1 else 0 end)
            from marts.deferred_revenue_schedule group by wallet
            """
        ).fetchall()
    )
    assert all(by_wallet[wallet] > 0 for wallet in ("shrinking", "owed", "sleeping"))
    assert by_wallet["expiring"] == by_wallet["never"] == by_wallet["refundable"] == 0
    [(late, refunded, owed)] = connection.execute(
        """
        select
            count(*) filter (prior_period_revenue > 0 and wallet in ('daily', 'evenly')),
            count(*) filter (refunded > 0 and wallet in ('exactly', 'prorated', 'evenly')),
            count(*) filter (escheated <> 0)
        from marts.deferred_revenue_schedule
        """
    ).fetchall()
    assert min(late, refunded, owed) > 3
