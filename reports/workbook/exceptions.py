"""The sheet of what a person should look at, list by list."""

from __future__ import annotations

from reports.workbook.books import Books
from reports.workbook.lots import OPEN_LOTS
from reports.workbook.model import Column, Kind, Sheet, Table, credits, money

MOST = 500
"""Rows of one list: more are a cause to look for, not rows to read."""
AGED_DAYS = 180
IDLE_MONTHS = 6

CUSTOMER = Column("customer_id", "Customer", width=18)
WALLET = Column("wallet", "Wallet", width=16)
CURRENCY = Column("currency", "Currency", width=14)
EVENTS = Column("events", "Events", Kind.COUNT)


def exceptions(books: Books) -> Sheet:
    """What was kept out, what nobody pays, what is over a limit, and what looks odd."""
    return Sheet(
        name="Exceptions",
        answers="What is not in the books, not paid for, or looks odd?",
        tables=(
            _rejected(),
            _unrated(),
            _unfunded(),
            _over_limit(),
            _unapplied(),
            _alike(),
            _idle(),
        ),
        notes=(
            f"Each list shows {MOST} rows at most, the largest or newest first. Nothing here "
            "changes a figure.",
        ),
        is_of_lists=True,
    )


def _rejected() -> Table:
    return Table(
        title="Rows set aside when they were loaded, of all months",
        sql="""
        select rejected.feed, path, rejected.row_no, problem
        from raw.rejected_rows as rejected left join raw.files using (file_no)
        order by path, row_no, problem
        """,
        columns=(
            Column("feed", "Feed", width=22),
            Column("path", "File", width=26),
            Column("row_no", "Row", Kind.COUNT),
            Column("problem", "Problem", width=22),
        ),
        whole="raw.rejected_rows",
        most=MOST,
    )


def _unrated() -> Table:
    return Table(
        title="Usage without a price",
        sql="""
        select * from (
            select
                meter, properties, count(*) as events, sum(quantity) as quantity,
                min(occurred_at) as first_at, max(occurred_at) as last_at, unrated_reason
            from marts.rated_usage
            where booked_period = $period and unrated_reason is not null group by all
        ) order by events desc, meter, properties, unrated_reason
        """,
        columns=(
            Column("meter", "Meter"),
            Column("properties", "Properties", width=26),
            EVENTS,
            Column("quantity", "Quantity", Kind.CREDITS),
            Column("first_at", "First (UTC)", Kind.INSTANT),
            Column("last_at", "Last (UTC)", Kind.INSTANT),
            Column("unrated_reason", "Reason", width=30),
        ),
        whole="marts.rated_usage",
        most=MOST,
    )


def _unfunded() -> Table:
    return Table(
        title="Usage that nobody pays",
        sql="""
        select * from (
            select
                customer_id, coalesce(wallet, 'postpaid') as wallet,
                count(distinct event_id) as events, -sum(credits) as credits, meter
            from marts.credit_ledger
            where entry_type = 'unfunded' and booked_period = $period
            group by customer_id, wallet, meter
        ) order by credits desc, customer_id, wallet, meter
        """,
        columns=(CUSTOMER, WALLET, EVENTS, credits("credits", "Credits"), Column("meter", "Meter")),
        whole="marts.credit_ledger",
        most=MOST,
    )


def _over_limit() -> Table:
    return Table(
        title="Limits that were exceeded",
        sql="""
        select
            customer_id, subject_id, events, coalesce(limit_credits, limit_amount) as allowed,
            coalesce(used_credits, used_amount) as used, excess_credits, unfunded_credits, limit_id,
            scope, window_unit, window_start, reached_on, action, wallet
        from marts.limit_breaches
        where
            reached_on >= $period and reached_on < $period + interval 1 month
        order by excess_credits desc, limit_id, subject_id, window_start
        """,
        columns=(
            CUSTOMER,
            Column("subject_id", "User or team"),
            EVENTS,
            Column("allowed", "Allowed", Kind.CREDITS),
            Column("used", "Used", Kind.CREDITS),
            Column("excess_credits", "Above", Kind.CREDITS),
            Column("unfunded_credits", "Unpaid of it", Kind.CREDITS),
            Column("action", "Action"),
            Column("limit_id", "Limit"),
            Column("window_unit", "Window"),
            Column("window_start", "Began on", Kind.DATE),
            Column("reached_on", "Reached on", Kind.DATE),
        ),
        whole="marts.limit_breaches",
        most=MOST,
    )


def _unapplied() -> Table:
    return Table(
        title="Payments that reached no lot or receivable, of all months so far",
        sql="""
        select payment_id, customer_id, booked_period, gross_amount, currency, kind, reason
        from revenue.int_payments__unposted where booked_period <= $period
        order by booked_period desc, payment_id
        """,
        columns=(
            Column("payment_id", "Payment"),
            CUSTOMER,
            Column("booked_period", "Booked in", Kind.MONTH),
            money("gross_amount", "Amount"),
            CURRENCY,
            Column("kind", "Kind"),
            Column("reason", "Reason", width=30),
        ),
        whole="revenue.int_payments__unposted",
        most=MOST,
    )


def _alike() -> Table:
    return Table(
        title="Payments like another of the same customer within a day",
        sql="""
        with seen as (
            select
                *, lag(payment_id) over alike as before_id, lag(occurred_at) over alike as before_at
            from raw.payments where kind = 'payment'
            window alike as (
                partition by customer_id, amount, currency, offer, subscription_id
                order by occurred_at, payment_id
            )
        )
        select payment_id, customer_id, occurred_at, amount, currency, before_id, before_at
        from seen
        where
            occurred_at >= $starts_at and occurred_at < $ends_at
            and occurred_at < before_at + interval 1 day
        order by amount desc, payment_id
        """,
        columns=(
            Column("payment_id", "Payment"),
            CUSTOMER,
            Column("occurred_at", "At (UTC)", Kind.INSTANT),
            money("amount", "Amount"),
            CURRENCY,
            Column("before_id", "Like payment"),
            Column("before_at", "At (UTC)", Kind.INSTANT),
        ),
        whole="raw.payments",
        most=MOST,
    )


def _idle() -> Table:
    return Table(
        title=f"Lots older than {AGED_DAYS} days that nobody used for {IDLE_MONTHS} months",
        sql=f"""
        with used as (
            select lot_id from marts.lot_balances
            where
                drawn <> 0 and booked_period <= $period
                and booked_period > $period - interval {IDLE_MONTHS} month
            group by lot_id
        )
        select lot_id, customer_id, days_old, credits_left, carrying, currency, wallet, kind
        from ({OPEN_LOTS}) as aged anti join used using (lot_id)
        where days_old > {AGED_DAYS} order by carrying desc, credits_left desc, lot_id
        """,
        columns=(
            Column("lot_id", "Lot", width=22),
            CUSTOMER,
            Column("days_old", "Days old", Kind.COUNT),
            Column("credits_left", "Credits left", Kind.CREDITS),
            money("carrying", "Carrying amount"),
            CURRENCY,
            WALLET,
            Column("kind", "Kind"),
        ),
        whole="marts.lot_balances",
        most=MOST,
    )
