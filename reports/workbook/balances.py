"""Sheets of what is owed to customers: the roll-forward, the waterfall, what remains."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from reports.numbers import month
from reports.workbook.books import Books
from reports.workbook.model import ALL, RANKED, Column, Kind, Sheet, Sum, Table, money

MONTHS_SHOWN = 12
"""Months with a column of their own in the waterfall; older ones share one, to fit a page."""

MOVEMENTS = {
    "additions": "Additions",
    "usage_revenue": "Usage revenue",
    "prior_period_revenue": "Late usage",
    "breakage_revenue": "Breakage",
    "escheated": "Escheat",
    "refunded": "Refunds",
    "transferred": "Transfers",
    "fx": "Exchange",
}
LOWERING = (
    "usage_revenue",
    "prior_period_revenue",
    "breakage_revenue",
    "escheated",
    "refunded",
)
"""Movements the mart has positive although they lower the balance."""

LIABILITY = Column("liability", "Liability", width=19)
WALLET = Column("wallet", "Wallet", width=15)
CURRENCY = Column("currency", "Currency", width=9)
FOOTS = Sum(("opening", *MOVEMENTS), ("closing",))


def rollforward(books: Books) -> Sheet:
    """Opening, every movement, closing; and what the ledger says of the same."""
    ledger = (
        money("gl_balance", "GL balance"),
        money("variance", "Variance", Sum(("closing",), ("gl_balance",)), width=10),
    )
    month_table = Table(
        sql=f"""
        select liability, wallet, currency, opening, {_signed()}, closing, gl_balance
        from marts.liability_rollforward {RANKED}
        where booked_period = $period order by liability, wallets.rank, wallet, currency
        """,
        columns=(LIABILITY, WALLET, CURRENCY, *_movements("currency"), *ledger),
        whole="marts.liability_rollforward",
    )
    history = Table(
        title="Month by month, all wallets",
        sql=f"""
        select
            booked_period, liability, currency, opening, {", ".join(MOVEMENTS)}, closing, gl_balance
        from (
            select
                booked_period, liability, currency, sum(opening) as opening,
                {_signed("sum({})")}, sum(closing) as closing, sum(gl_balance) as gl_balance
            from marts.liability_rollforward where booked_period <= $period group by all
        ) order by liability, currency, booked_period
        """,
        columns=(
            LIABILITY,
            Column("booked_period", "Month", Kind.MONTH),
            CURRENCY,
            *_movements(""),
            money("gl_balance", "GL balance", total_by=""),
            money("variance", "Variance", Sum(("closing",), ("gl_balance",)), "", width=10),
        ),
        whole="marts.liability_rollforward",
    )
    functional = Table(
        title=f"The month in {books.functional_currency}, the functional currency",
        sql=f"""
        select
            liability, wallet, currency, opening_functional as opening,
            {_signed("{}", "_functional")}, closing_functional as closing
        from marts.liability_rollforward {RANKED}
        where booked_period = $period order by liability, wallets.rank, wallet, currency
        """,
        columns=(LIABILITY, WALLET, CURRENCY, *_movements(ALL, books.functional_currency)),
        whole="marts.liability_rollforward",
    )
    return Sheet(
        name="Roll-forward",
        answers="How did the liability move, and does the ledger agree?",
        tables=(month_table, *([functional] if books.is_translated else []), history),
        notes=(
            "What lowers a liability is in parentheses. Foots: opening and movements less closing; "
            "variance: closing less what the journals give. Both are zero.",
        ),
    )


def _movements(total_by: str, currency: str = "") -> tuple[Column, ...]:
    """Opening to closing, and that it foots."""
    named = {"opening": "Opening", **MOVEMENTS, "closing": "Closing"}
    return (
        *(
            money(key, title, None, total_by, currency, 0 if key in ENDS else 12)
            for key, title in named.items()
        ),
        money("foots", "Foots", FOOTS, total_by, currency, 9),
    )


ENDS = ("opening", "closing")


def _signed(wrapped: str = "{}", suffix: str = "") -> str:
    """The movements of the mart with the sign they have for the balance."""
    return ", ".join(
        f"{'-' if name in LOWERING else ''}{wrapped.format(name + suffix)} as {name}"
        for name in MOVEMENTS
    )


def waterfall(books: Books) -> Sheet:
    """A row per month of sale, a column per month of recognition."""
    shown = books.periods[-MONTHS_SHOWN:]
    amounts = {f"in_{each:%Y_%m}": f"recognized_period = date '{each}'" for each in shown}
    titles = {f"in_{each:%Y_%m}": month(each) for each in shown}
    if len(books.periods) > len(shown):
        amounts = {"earlier": f"recognized_period < date '{shown[0]}'", **amounts}
        titles = {"earlier": "Earlier", **titles}
    sums = ", ".join(
        f"coalesce(sum(amount) filter ({condition}), 0) as {key}"
        for key, condition in amounts.items()
    )
    table = Table(
        sql=f"""
        select * exclude (rank) from (
            select
                cohort, wallet, wallets.rank, currency, arg_max(sold, recognized_period) as sold,
                {sums}, sum(breakage_amount) as breakage, sum(refunded) as refunded,
                sum(escheated) as escheated, arg_max(transferred, recognized_period) as transferred,
                arg_max(remaining, recognized_period) as remaining
            from marts.deferred_revenue_waterfall {RANKED}
            where recognized_period <= $period group by cohort, wallet, wallets.rank, currency
        ) order by cohort, rank, wallet, currency
        """,
        columns=(
            Column("cohort", "Sold in", Kind.MONTH),
            WALLET,
            CURRENCY,
            money("sold", "Booked"),
            *(money(key, title, width=12) for key, title in titles.items()),
            money("recognised", "Recognised", Sum(tuple(amounts))),
            money("breakage", "Of which breakage", width=12),
            money("refunded", "Refunded", width=12),
            money("escheated", "Escheat", width=11),
            money("transferred", "Transfers", width=11),
            money("remaining", "Remaining"),
        ),
        whole="marts.deferred_revenue_waterfall",
    )
    return Sheet(
        name="Waterfall",
        answers="What was sold in a month, when was it recognised, and what remains?",
        tables=(table,),
        notes=(
            "Booked less recognised, refunded and escheat, plus transfers, is remaining. "
            "Transferred credits stay in the month they were sold in.",
        ),
    )


def obligations(books: Books) -> Sheet:
    """The liability by when it will be recognised, and the disclosures of contract balances."""
    bands = Table(
        sql=f"""
        select
            liability, wallet, currency, amount, within_12_months, beyond_12_months, no_expiry,
            burn_per_month, expected_within_12_months, latest_expiry
        from marts.remaining_obligations {RANKED}
        where booked_period = $period order by liability, wallets.rank, wallet, currency
        """,
        columns=(
            LIABILITY,
            WALLET,
            CURRENCY,
            money("amount", "Remaining"),
            money("within_12_months", "Ends within 12 months"),
            money("beyond_12_months", "Ends after 12 months"),
            money("no_expiry", "Has no end"),
            money("burn_per_month", "Revenue a month", total_by=""),
            money("expected_within_12_months", "Expected within 12 months"),
            money("later", "Expected later", Sum(("amount",), ("expected_within_12_months",))),
            Column("latest_expiry", "Latest end (UTC)", Kind.INSTANT),
        ),
        whole="marts.remaining_obligations",
    )
    disclosed = Table(
        title="Contract balances",
        sql=f"""
        select
            liability, wallet, currency, opening, additions, revenue, revenue_from_opening,
            revenue_from_quarter_opening, revenue_from_year_opening, other_reductions, closing,
            current_portion, non_current_portion
        from marts.contract_balances {RANKED}
        where booked_period = $period order by liability, wallets.rank, wallet, currency
        """,
        columns=(
            LIABILITY,
            WALLET,
            CURRENCY,
            money("opening", "Opening"),
            money("additions", "Additions"),
            money("revenue", "Revenue"),
            money("revenue_from_opening", "Of which in the opening"),
            money("revenue_from_quarter_opening", "In the quarter's opening"),
            money("revenue_from_year_opening", "In the year's opening"),
            money("other_reductions", "Other reductions"),
            money("closing", "Closing"),
            money("current_portion", "Current"),
            money("non_current_portion", "Non-current"),
        ),
        whole="marts.contract_balances",
    )
    return Sheet(
        name="Remaining obligations",
        answers="When will what is left be recognised, and how much of it is current?",
        tables=(bands, disclosed),
        notes=(
            "Ends: by contract, at the latest. Expected: by the revenue of the last twelve months, "
            "at least what must end by then (decision 25).",
        ),
    )


def expected_by_month(books: Books) -> Sheet:
    """The liability by the month it is expected to be earned in: twelve of them, and the rest."""
    ahead = [_months_on(books.period, number) for number in range(1, MONTHS_SHOWN + 1)]
    keys = {each: f"in_{each:%Y_%m}" for each in ahead}
    zone = ZoneInfo(books.parameters.time_zone)
    ends = [_begins(_months_on(each, 1), zone) for each in ahead]
    due = ", ".join(
        f"coalesce(sum(closing) filter (expires_at <= timestamp '{end}'), 0) as due_{number}"
        for number, end in enumerate(ends, start=1)
    )
    # Recognised by the end of each month: by burn, or by expiry if that is more; of the last, all
    # that the mart expects within twelve months.
    reached = [
        "0",
        *(
            f"least(expected_within_12_months, "
            f"greatest({number} * burn_per_month, coalesce(due_{number}, 0)))"
            for number in range(1, MONTHS_SHOWN)
        ),
        "expected_within_12_months",
    ]
    expected = ", ".join(
        f"{to_date} - {before} as {key}"
        for before, to_date, key in zip(reached, reached[1:], keys.values(), strict=False)
    )
    table = Table(
        sql=f"""
        with due as (
            select liability, wallet, currency, {due}
            from marts.deferred_revenue_schedule
            inner join (select lot_id, expires_at from marts.credit_lots) as lots using (lot_id)
            where booked_period = $period group by liability, wallet, currency
        )
        select
            liability, wallet, currency, {expected}, amount - expected_within_12_months as later
        from marts.remaining_obligations left join due using (liability, wallet, currency) {RANKED}
        where booked_period = $period order by liability, wallets.rank, wallet, currency
        """,
        columns=(
            LIABILITY,
            WALLET,
            CURRENCY,
            *(money(key, month(each), width=12) for each, key in keys.items()),
            money("later", "Later", width=12),
            money("amount", "Remaining", Sum((*keys.values(), "later"))),
        ),
        whole="marts.remaining_obligations",
    )
    return Sheet(
        name="Obligations by month",
        answers="In which months is what is left expected to be recognised?",
        tables=(table,),
        notes=(
            "A month has the revenue of an average month of the last twelve, or more where more "
            f"expires by its end; {month(ahead[-1])} has what else is expected by then.",
        ),
    )


def _months_on(period: date, months: int) -> date:
    """A month some months later."""
    years, index = divmod(period.month - 1 + months, 12)
    return date(period.year + years, index + 1, 1)


def _begins(period: date, zone: ZoneInfo) -> str:
    """The first instant of a month in the calendar of the book, UTC, as SQL has it."""
    local = datetime(period.year, period.month, 1, tzinfo=zone)
    return f"{local.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
