"""Read what the summary and the page show from a built and checked database: sums, no rules."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from rate_cards.problems import InputError, Problem
from reports.build import Parameters, has_table
from reports.check import RESULTS
from reports.check_result import CheckResult
from reports.figures import (
    Figures,
    Headline,
    LateLine,
    PeriodLine,
    Rollforward,
    RollforwardRow,
    SourceFile,
    UnpaidLine,
    WalletLine,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DEFAULT_DECIMALS = 2


def read_figures(connection: DuckDBPyConnection, parameters: Parameters) -> Figures:
    """Everything the summary and the page show.

    Args:
        connection: Open on a database that was built and checked.
        parameters: Of that build.
    """
    [(entity, framework)] = connection.execute("select entity, framework from raw.book").fetchall()
    rollforwards = _rollforwards(connection)
    return Figures(
        book=parameters.book,
        entity=entity,
        framework=framework,
        time_zone=parameters.time_zone,
        as_of=parameters.as_of,
        models_sha256=parameters.models_sha256,
        rollforwards=rollforwards,
        wallets=_wallets(connection),
        revenue=_revenue(connection),
        meters=_meters(connection),
        late=_late(connection),
        unpaid=_unpaid(connection),
        heads=(*_closing_heads(rollforwards), *_other_heads(connection)),
        checks=read_checks(connection),
        sources=_sources(connection),
    )


def _rollforwards(connection: DuckDBPyConnection) -> tuple[Rollforward, ...]:
    """One roll-forward per liability and currency, movements signed; the mart's are positive."""
    rows = connection.execute(
        """
        select
            liability, account.number || ' ' || account.name, currency, minor_units, booked_period,
            sum(opening), sum(additions), -sum(usage_revenue), -sum(prior_period_revenue),
            -sum(breakage_revenue), -sum(escheated), -sum(refunded), sum(transferred), sum(fx),
            sum(closing)
        from marts.liability_rollforward
        left join raw.currencies using (currency)
        left join (
            select
                role,
                arg_max(number, effective_from) as number,
                arg_max(name, effective_from) as name
            from raw.accounts group by role
        ) as account on liability = account.role
        group by all
        order by liability, currency, booked_period
        """
    ).fetchall()
    names = (
        "additions",
        "usage_revenue",
        "prior_period_revenue",
        "breakage_revenue",
        "escheated",
        "refunded",
        "transferred",
        "fx",
    )
    return tuple(
        Rollforward(
            liability=liability,
            account=account or liability,
            currency=currency,
            decimals=_decimals(minor_units),
            rows=tuple(
                RollforwardRow(row[4], row[5], dict(zip(names, row[6:14], strict=True)), row[14])
                for row in found
            ),
        )
        for (liability, account, currency, minor_units), found in groupby(rows, lambda row: row[:4])
    )


def _wallets(connection: DuckDBPyConnection) -> tuple[WalletLine, ...]:
    """What is outstanding and what expired, per wallet and currency, in the order of the book."""
    rows = connection.execute(
        """
        with
        lots as (
            select wallet, currency, liability, sum(credits) as granted
            from marts.credit_lots group by wallet, currency, liability
        ),
        open_lots as (
            select lots.wallet, lots.currency, count(*) as lots, sum(balances.closing) as credits
            from marts.lot_balances as balances
            inner join marts.credit_lots as lots using (lot_id)
            where
                balances.booked_period = (select max(booked_period) from marts.lot_balances)
                and balances.closing > 0
            group by lots.wallet, lots.currency
        ),
        expired as (
            select lots.wallet, lots.currency, -sum(balances.expired) as credits
            from marts.lot_balances as balances
            inner join marts.credit_lots as lots using (lot_id)
            where balances.expired <> 0
            group by lots.wallet, lots.currency
        ),
        money as (
            select
                wallet, currency,
                sum(closing) filter (
                    booked_period = (select max(booked_period) from marts.liability_rollforward)
                ) as deferred,
                sum(breakage_revenue) as breakage
            from marts.liability_rollforward group by wallet, currency
        )
        select
            wallet, wallets.unit, lots.liability, currency, minor_units,
            coalesce(open_lots.lots, 0), coalesce(open_lots.credits, 0),
            coalesce(money.deferred, 0), coalesce(expired.credits, 0), coalesce(money.breakage, 0)
        from lots
        inner join (select wallet, unit, rank from raw.wallets) as wallets using (wallet)
        left join open_lots using (wallet, currency)
        left join expired using (wallet, currency)
        left join money using (wallet, currency)
        left join raw.currencies using (currency)
        order by wallets.rank, currency
        """
    ).fetchall()
    return tuple(WalletLine(*(*row[:4], _decimals(row[4]), *row[5:])) for row in rows)


def _revenue(connection: DuckDBPyConnection) -> tuple[PeriodLine, ...]:
    """Revenue per period and account, contra revenue negative, as posted."""
    return _period_lines(
        connection,
        """
        select
            booked_period, account_number || ' ' || account_name as name, currency,
            sum(credit - debit) as amount
        from marts.journal_lines
        where account_type in ('revenue', 'contra_revenue') group by all
        """,
    )


def _meters(connection: DuckDBPyConnection) -> tuple[PeriodLine, ...]:
    """Revenue from usage per period and meter."""
    return _period_lines(
        connection,
        """
        select
            booked_period, meter as name, currency,
            sum(usage_revenue + prior_period_revenue) as amount
        from marts.revenue_by_meter where meter is not null group by all
        """,
    )


def _period_lines(connection: DuckDBPyConnection, query: str) -> tuple[PeriodLine, ...]:
    """Lines of a query that gives booked_period, name, currency and amount."""
    rows = connection.execute(
        f"""
        select booked_period, name, currency, minor_units, amount
        from ({query}) as lines left join raw.currencies using (currency)
        where amount <> 0 order by all
        """
    ).fetchall()
    return tuple(PeriodLine(*(*row[:3], _decimals(row[3]), row[4])) for row in rows)


def _late(connection: DuckDBPyConnection) -> tuple[LateLine, ...]:
    """Late usage by the month it is recorded in, with the revenue of the roll-forward."""
    rows = connection.execute(
        """
        with
        facts as (
            select
                booked_period,
                list(distinct service_period order by service_period) as service_periods,
                count(distinct fact_id) as events
            from marts.corrections where what <> 'late lot' group by booked_period
        ),
        earned as (
            select booked_period, currency, sum(prior_period_revenue) as revenue
            from marts.liability_rollforward group by booked_period, currency
        )
        select booked_period, service_periods, events, currency, minor_units, revenue
        from facts inner join earned using (booked_period)
        left join raw.currencies using (currency)
        order by booked_period, currency
        """
    ).fetchall()
    return tuple(
        LateLine(*(row[0], tuple(row[1]), *row[2:4], _decimals(row[4]), row[5])) for row in rows
    )


def _unpaid(connection: DuckDBPyConnection) -> tuple[UnpaidLine, ...]:
    """Usage paid for by nobody, per wallet in the order of the book."""
    rows = connection.execute(
        """
        select coalesce(wallet, 'postpaid'), -sum(credits), count(distinct event_id)
        from marts.credit_ledger
        left join (select wallet, rank from raw.wallets) as wallets using (wallet)
        where entry_type = 'unfunded'
        group by wallet, rank order by rank nulls last
        """
    ).fetchall()
    return tuple(UnpaidLine(*row) for row in rows)


def _closing_heads(rollforwards: tuple[Rollforward, ...]) -> list[Headline]:
    """The closing balance of each liability."""
    return [
        Headline(
            found.account.partition(" ")[2] or found.account,
            found.closing,
            found.currency,
            found.decimals,
        )
        for found in rollforwards
    ]


def _other_heads(connection: DuckDBPyConnection) -> list[Headline]:
    """What else a controller asks first: what was sold after use, and what customers owe."""
    rows = connection.execute(
        """
        select 1 as place, 'Overage sold' as what, sum(overage_revenue) as amount, currency
        from marts.revenue_by_meter group by currency
        union all
        select 2, 'Owed by customers', sum(debit - credit), currency
        from marts.journal_lines
        where account_role in ('accounts_receivable', 'unbilled_receivable') group by currency
        """
    ).fetchall()
    minor = dict(connection.execute("select currency, minor_units from raw.currencies").fetchall())
    return [
        Headline(what, amount, currency, _decimals(minor.get(currency)))
        for _, what, amount, currency in sorted(rows, key=lambda row: (row[0], row[3]))
        if amount
    ]


def read_checks(connection: DuckDBPyConnection) -> tuple[CheckResult, ...]:
    """What the last `check` found, in its order.

    Raises:
        InputError: No check has been run on this build.
    """
    if not has_table(connection, "marts", RESULTS):
        raise InputError(
            [
                Problem(
                    "the database",
                    "the books are built but not checked",
                    "Run creditbooks check first: unchecked figures are not reported.",
                )
            ]
        )
    rows = connection.execute("select * from marts.check_results").fetchall()
    return tuple(CheckResult(*row) for row in rows)


def _sources(connection: DuckDBPyConnection) -> tuple[SourceFile, ...]:
    """The book's own files, then the loaded ones."""
    rows: list[tuple[Any, ...]] = connection.execute(
        """
        select path, kind, sha256, null from raw.config_files
        union all
        (select path, feed, sha256, rows from raw.files order by feed, path)
        """
    ).fetchall()
    return tuple(SourceFile(*row) for row in rows)


def _decimals(minor_units: int | None) -> int:
    """Decimals of a currency the book may not list."""
    return DEFAULT_DECIMALS if minor_units is None else minor_units
