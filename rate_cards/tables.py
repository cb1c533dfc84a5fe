"""A book as the typed tables of schema `raw`: one row per authored fact, with its file and line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import polars as pl

from rate_cards.accounts import DEFAULT_CHART
from rate_cards.book_files import Authored, BookFiles
from rate_cards.card_tables import (
    MONEY_DECIMALS,
    exact_prices,
    offer_grants,
    offer_slabs,
    offers,
    rate_audience,
    rate_card_versions,
    rate_match,
    rate_prices,
    rates,
)
from rate_cards.costs import CostCard
from rate_cards.currencies import MINOR_UNITS
from rate_cards.table_columns import CONFIG_TABLES, Row, utc
from rate_cards.values import text_of


def config_tables(book: BookFiles) -> dict[str, pl.DataFrame]:
    """The tables of the configuration, exactly the columns of CONFIG_TABLES.

    Args:
        book: A loaded book.

    Returns:
        Table name -> frame, also where it has no rows.
    """
    return {name: _frame(name, list(rows(book))) for name, rows in _ROWS.items()}


def _frame(table: str, rows: list[Row]) -> pl.DataFrame:
    columns = CONFIG_TABLES[table]
    return pl.DataFrame(
        {name: [row[name] for row in rows] for name in columns}, schema=dict(columns)
    )


def _book(book: BookFiles) -> Iterator[Row]:
    authored = book.book
    yield {
        "book": authored.book,
        "entity": authored.entity,
        "functional_currency": authored.functional_currency,
        "time_zone": authored.time_zone,
        "first_period": authored.first_period,
        "framework": authored.framework,
        "source_file": book.book_file.path,
        "sha256": book.book_file.document.sha256,
    }


def _config_files(book: BookFiles) -> Iterator[Row]:
    for file in book.files:
        yield {"path": file.path, "kind": file.kind, "sha256": file.sha256, "bytes": file.bytes}


def _wallets(book: BookFiles) -> Iterator[Row]:
    levels = wallet_levels(book)
    ranks = book.book.wallet_ranks()
    for name, wallet in book.book.wallets.items():
        yield {
            "wallet": name,
            "rank": ranks[name],
            "level": levels[name],
            "unit": wallet.unit,
            "is_money": wallet.currency is not None,
            "currency": wallet.currency,
            "precision": wallet.precision,
            "rounding": wallet.rounding,
            "liability": wallet.liability,
            "overdraft": wallet.overdraft,
            "source_file": book.book_file.path,
            "source_line": book.book_file.line("wallets", name),
        }


def wallet_levels(book: BookFiles) -> dict[str, int]:
    """Wallet -> the round of the drawdown in which all that may fall to it is known.

    0 where no chain of any card puts a wallet before it, else one more than the highest level
    before it. Chains follow the global order, so one pass in that order settles every level.
    """
    before: dict[str, set[str]] = {name: set() for name in book.book.wallets}
    for card in book.cards:
        for rate in card.rates:
            chain = [price.wallet for price in rate.price]
            for position, wallet in enumerate(chain):
                before[wallet].update(chain[:position])
    levels: dict[str, int] = {}
    for wallet, earlier in before.items():
        levels[wallet] = max((levels[name] + 1 for name in earlier), default=0)
    return levels


def _burn_order_keys(book: BookFiles) -> Iterator[Row]:
    for name, wallet in book.book.wallets.items():
        for position, key in enumerate(wallet.burn_order.keys, start=1):
            yield {
                "wallet": name,
                "position": position,
                "key": key.key,
                "is_descending": key.is_descending,
            }


def _kind_order(book: BookFiles) -> Iterator[Row]:
    for name, wallet in book.book.wallets.items():
        for kind, rank in wallet.kind_ranks.items():
            yield {"wallet": name, "kind": kind, "kind_rank": rank}


def _meters(book: BookFiles) -> Iterator[Row]:
    for name, meter in book.book.meters.items():
        yield {
            "meter": name,
            "unit": meter.unit,
            "source_file": book.book_file.path,
            "source_line": book.book_file.line("meters", name),
        }


def _meter_properties(book: BookFiles) -> Iterator[Row]:
    for name, meter in book.book.meters.items():
        for property_name in meter.properties:
            yield {"meter": name, "property": property_name}


def _accounts(book: BookFiles) -> Iterator[Row]:
    """Authored accounts, and the default chart for the roles the book leaves out."""
    first_period = book.book.first_period
    for role, default in DEFAULT_CHART.items():
        authored = book.book.accounts.get(role, ())
        for position, account in enumerate(authored):
            yield {
                "role": role,
                "number": account.number,
                "name": account.name or default.name,
                "account_type": default.account_type,
                "effective_from": account.effective_from or first_period,
                "source_file": book.book_file.path,
                "source_line": book.book_file.line("accounts", role, position, "number"),
            }
        if not authored:
            yield {
                "role": role,
                "number": default.number,
                "name": default.name,
                "account_type": default.account_type,
                "effective_from": first_period,
                "source_file": "",
                "source_line": 0,
            }


def _policies(book: BookFiles) -> Iterator[Row]:
    for position, policy in enumerate(book.book.policies):
        for topic, subject, setting, value in policy.settings():
            yield {
                "policy_no": position + 1,
                "effective_from": policy.effective_from,
                "approved_by": policy.approved.by,
                "approved_on": policy.approved.on,
                "reference": policy.approved.reference,
                "topic": topic,
                "subject": subject,
                "setting": setting,
                "value": text_of(value),
                "source_file": book.book_file.path,
                "source_line": book.book_file.line("policies", position, topic, subject, setting),
            }


def _currencies(_: BookFiles) -> Iterator[Row]:
    """Every currency of ISO 4217: money arrives in ones the book does not name, too."""
    for currency, units in sorted(MINOR_UNITS.items()):
        yield {"currency": currency, "minor_units": units}


def _config_limits(book: BookFiles) -> Iterator[Row]:
    file = book.limits_file
    if file is None:
        return
    for position, limit in enumerate(file.content.limits):
        line = file.line("limits", position)
        yield {
            "limit_id": limit.limit_id or f"{file.path}:{line}",
            "customer_id": limit.customer_id,
            "scope": limit.scope,
            "subject_id": limit.id,
            "wallet": limit.wallet,
            "window_unit": limit.window,
            "credits": limit.credits,
            "amount": limit.amount,
            "currency": limit.currency,
            "action": limit.action,
            "effective_from": utc(limit.from_),
            "effective_to": utc(limit.to),
            "source_file": file.path,
            "source_line": line,
        }


def _cost_rates(book: BookFiles) -> Iterator[Row]:
    for cost_no, file, position in _numbered_costs(book):
        card, cost = file.content, file.content.costs[position]
        [numerator], denominator = exact_prices([cost.amount], cost.per, MONEY_DECIMALS)
        yield {
            "cost_no": cost_no,
            "version": card.version,
            "cost_id": cost.id,
            "supplier": card.supplier or "",
            "effective_from": utc(card.effective_from),
            "published_at": utc(card.published_at),
            "meter": cost.meter,
            "match_count": len(cost.match),
            "amount": cost.amount,
            "currency": cost.currency,
            "per": cost.per,
            "numerator": numerator,
            "denominator": denominator,
            "source_file": file.path,
            "source_line": file.line("costs", position, "id"),
        }


def _cost_match(book: BookFiles) -> Iterator[Row]:
    for cost_no, file, position in _numbered_costs(book):
        for name, value in file.content.costs[position].match.items():
            yield {"cost_no": cost_no, "property": name, "value": value}


def _numbered_costs(book: BookFiles) -> Iterator[tuple[int, Authored[CostCard], int]]:
    """Every cost line of the book: its number from 1, its file and its place in the file."""
    lines = ((file, n) for file in book.cost_files for n in range(len(file.content.costs)))
    for cost_no, (file, position) in enumerate(lines, start=1):
        yield cost_no, file, position


_ROWS: Mapping[str, Callable[[BookFiles], Iterator[Row]]] = {
    "book": _book,
    "config_files": _config_files,
    "wallets": _wallets,
    "burn_order_keys": _burn_order_keys,
    "kind_order": _kind_order,
    "meters": _meters,
    "meter_properties": _meter_properties,
    "accounts": _accounts,
    "policies": _policies,
    "currencies": _currencies,
    "rate_card_versions": rate_card_versions,
    "rates": rates,
    "rate_audience": rate_audience,
    "rate_match": rate_match,
    "rate_prices": rate_prices,
    "offers": offers,
    "offer_grants": offer_grants,
    "offer_slabs": offer_slabs,
    "config_limits": _config_limits,
    "cost_rates": _cost_rates,
    "cost_match": _cost_match,
}
"""Table -> its rows, in storage order."""
