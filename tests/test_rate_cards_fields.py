"""Every rule of a single file: an authored value just inside it, and one just outside."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lite_book import CARD, Edit, lite_book, messages_of, problems_of

from rate_cards.burn_orders import PRESETS, BurnKey
from rate_cards.load import load_book
from rate_cards.values import Duration

BOOK = "book.yml"
WALLET = "universal: {unit: credit, burn_order: stripe}"
PRICE = "{wallet: image_credits, credits: 2.5}"
GRANT = "kind: bonus, expires: 12 months}"
ONCE = "price: {amount: 10.00, currency: USD}"
BONUS = "credits: 20, kind: bonus, expires: 12 months}"
PLAN: Edit = (CARD, ONCE, "price: {amount: 10.00, currency: USD, every: month}")
LATE = "late_usage: first_open_period"
BREAKAGE = "{method: at_expiry}"
PROGRESS = "{default: consumption}"
USAGE = '{feed: usage, format: csv, path: "usage*.csv"}'


def limit(terms: str) -> Edit:
    line = f"  - {{customer_id: acme, window: month, credits: 5, action: flag, {terms}}}"
    return ("limits.yml", "", f"limits:\n{line}\n")


def limit_of(terms: str) -> Edit:
    rest = "customer_id: acme, window: month, scope: each_user, from: 2026-01-01T00:00:00Z"
    action = "" if "action" in terms else ", action: flag"
    return ("limits.yml", "", f"limits:\n  - {{{rest}, {terms}{action}}}\n")


def tiered(terms: str) -> tuple[str, str]:
    """The flux-dev rate with price terms in place of its first price."""
    return (
        "match: {model: flux-dev}\n    price:\n      - " + PRICE,
        f"match: {{model: flux-dev}}\n    {terms}",
    )


def stepped(steps: str) -> tuple[str, str]:
    """The flux-dev rate with graduated steps in place of its first price."""
    return tiered(
        f"tiers: graduated\n    price:\n      - {{wallet: image_credits, steps: {steps}}}"
    )


INSIDE: list[tuple[str, str, str]] = [
    # A rate may be billed afterwards only.
    (
        CARD,
        "price:\n      - {wallet: image_credits, credits: 2.5}\n"
        "      - {wallet: universal, credits: 3.0}\n      - {wallet: usd, amount: 0.04}",
        "overage: {amount: 0.05, currency: USD}",
    ),
    # Plans: where their periods begin, and how a first one is measured.
    (CARD, ONCE, "price: {amount: 10.00, currency: USD, every: month, anchor: calendar}"),
    (CARD, ONCE, "price: {amount: 10.00, currency: USD, every: 6 months, anchor: calendar}"),
    (CARD, ONCE, "price: {amount: 10.00, currency: USD, every: year, anchor: calendar}"),
    (CARD, ONCE, "price: {amount: 10.00, currency: USD, every: 5 days, prorate: second}"),
    (CARD, ONCE, "price: {amount: 10.00, currency: USD, anchor: start, prorate: none}"),
    (CARD, ONCE, "price: {amount: 10.00, currency: USD, every: month}\n    on_change: expire"),
    # Contracts: a share off, or amounts.
    (CARD, "offers:", "contracts:\n  - {id: c, customers: [a], discount: 0}\noffers:"),
    (CARD, "offers:", "contracts: []\noffers:"),
    # Packs: sold by amount, with a bonus by the size of the purchase.
    (CARD, ONCE, "price: {amount: 0.01, currency: USD, sold_by: amount}"),
    (CARD, BONUS, "slabs: [{from: 0, credits: 0}], kind: bonus, expires: never}"),
    (
        CARD,
        BONUS,
        "slabs: [{from: 1000, share: 1.5}, {from: 1000.000000001, credits: 750}], kind: promo, "
        "expires: never}",
    ),
    (
        CARD,
        BONUS,
        "slabs_by: amount, slabs: [{from: 100, credits: 5}], kind: bonus, expires: never}",
    ),
    # Decimals: 12 after the point for rates, 9 for quantities, 16 before it.
    (CARD, "credits: 2.5", "credits: 0.123456789012"),
    (CARD, "credits: 2.5", "credits: 1234567890123456"),
    (CARD, "credits: 2.5", 'credits: "2.5"'),
    (CARD, "credits: 2.5", "credits: 0"),
    (CARD, "credits: 20", "credits: 0.123456789"),
    (CARD, "credits: 20", "credits: 0.000000001"),
    # Instants carry a zone.
    (CARD, "2025-12-15T00:00:00Z", "2025-12-15T02:00:00.123456+02:00"),
    (CARD, "2025-12-15T00:00:00Z", '"2025-12-15 00:00Z"'),
    # Durations.
    (CARD, GRANT, "kind: bonus, expires: 1 day}"),
    (CARD, GRANT, "kind: bonus, expires: year}"),
    (CARD, GRANT, "kind: bonus, expires: never}"),
    # Grants.
    (CARD, GRANT, "kind: bonus, expires: 12 months, priority: 0}"),
    (CARD, GRANT, "kind: bonus, expires: 12 months, rollover: {max: 20, for: 1 month}}"),
    (CARD, GRANT, "kind: bonus, expires: 1 day, rollover: {max_share: 2, for: forever}}"),
    (CARD, GRANT, "kind: bonus, expires: 1 day, rollover: {for: 1 day, priority: 0}}"),
    (CARD, GRANT, "kind: bonus, expires: 1 day, rollover: {max: 1, cap_over: lot, for: 1 day}}"),
    (CARD, GRANT, 'kind: bonus, expires: 12 months, ssp: "0.10", expected_use: 1}'),
    (CARD, GRANT, 'kind: paid, expires: 12 months, expected_use: "0.000000001"}'),
    # Book.
    (BOOK, "time_zone: UTC", "time_zone: America/Los_Angeles"),
    (BOOK, "framework: ASC606", "framework: IFRS15"),
    (BOOK, "functional_currency: USD", "functional_currency: JPY"),
    (BOOK, WALLET, "universal: credit"),
    (BOOK, WALLET, "universal: {unit: credit, precision: 0}"),
    (BOOK, WALLET, "universal: {unit: credit, burn_order: [credits desc, lot_id]}"),
    (BOOK, WALLET, "universal: {unit: credit, kind_order: [paid, bonus]}"),
    # Policies.
    (BOOK, LATE, "late_usage: manual"),
    (BOOK, LATE, "late_usage: {method: reopen_if_above, amount: 500}"),
    (BOOK, LATE, "late_usage: {method: reopen_if_above, share_of_revenue: 0.05}"),
    (BOOK, BREAKAGE, '{method: proportional, expected_unused: "0.10"}'),
    (BOOK, BREAKAGE, "{method: proportional, expected_unused: 0}"),
    (BOOK, BREAKAGE, '{method: proportional, expected_unused: "0.10", constrained_to: "0.05"}'),
    (BOOK, BREAKAGE, "{method: remote, months_inactive: 1}"),
    (BOOK, BREAKAGE, "{method: at_expiry, escheat_share: 1}"),
    (BOOK, PROGRESS, "{default: ratable}"),
    (BOOK, LATE, 'ssp: {universal: {amount: "0.08", method: observable, expected_use: "0.9"}}'),
    (BOOK, PROGRESS, "{default: {method: ratable}}"),
    (BOOK, PROGRESS, "{default: {method: ratable, convention: prorated_month}}"),
    (BOOK, LATE, "chargeback: {recognise_at: dispute_opened, expected_loss: 1}"),
    (BOOK, LATE, "chargeback: {recognise_at: lost}"),
    (BOOK, LATE, "sfc: {method: accrete, annual_rate: 0.06}"),
    (BOOK, LATE, "sfc: auto"),
    (BOOK, LATE, "tiers: {prospective: average_price}"),
    (BOOK, LATE, "material_right: {exercise: continuation}"),
    (BOOK, LATE, "free_credits: {cost_line: marketing}"),
    (BOOK, LATE, "credit_note: contra_at_issue"),
    (BOOK, LATE, "current_portion: contractual"),
    (BOOK, LATE, 'usage_accrual: {default: {share: "0.02"}, usd: {share: 0}}'),
    (BOOK, LATE, "sales_tax: exclude"),
    (BOOK, LATE, "as_invoiced: {default: off}"),
    (BOOK, LATE, "principal: {images: agent}"),
    # Sources.
    (BOOK, USAGE, '{feed: usage, format: csv, path: "u.csv", delimiter: ";"}'),
    (BOOK, USAGE, '{feed: usage, format: cloudevents, path: "u.jsonl"}'),
    (BOOK, USAGE, "{feed: usage, format: csv, path: u.csv, columns: {quantity: 1}}"),
    # Limits.
    limit("scope: each_user, from: 2026-01-01T00:00:00Z"),
    limit("scope: user, id: u1, from: 2026-01-01T00:00:00Z"),
    limit("scope: each_team, from: 2026-01-01T00:00:00Z, to: 2026-01-01T00:00:01Z"),
    limit("scope: organisation, from: 2026-01-01T00:00:00Z"),
    limit_of("amount: 0, currency: USD"),
    # Tiers.
    (
        CARD,
        *stepped("[{up_to: 1, credits: 2}, {up_to: 2, credits: 1}, {credits: 0}]"),
    ),
    (
        CARD,
        *tiered("tiers: package\n    price:\n      - {wallet: image_credits, credits: 2, per: 10}"),
    ),
]

NOT_A_DECIMAL = '"{}" is not a decimal number'

OUTSIDE: list[tuple[Edit, str]] = [
    (
        (CARD, "credits: 2.5", "credits: 0.1234567890123"),
        "0.1234567890123 has 13 decimals; at most 12 can be kept exactly",
    ),
    (
        (CARD, "credits: 2.5", "credits: 12345678901234567"),
        "12345678901234567 has more than 16 digits before the point",
    ),
    ((CARD, "credits: 2.5", "credits: 1e-3"), NOT_A_DECIMAL.format("1e-3")),
    ((CARD, "credits: 2.5", "credits: 1_000"), NOT_A_DECIMAL.format("1_000")),
    ((CARD, "credits: 2.5", "credits: .inf"), NOT_A_DECIMAL.format(".inf")),
    ((CARD, "credits: 2.5", "credits: true"), NOT_A_DECIMAL.format("true")),
    ((CARD, "credits: 2.5", "credits: -0.000000000001"), "-0.000000000001 is negative"),
    (
        (CARD, "credits: 20", "credits: 0.1234567890"),
        "0.1234567890 has 10 decimals; at most 9 can be kept exactly",
    ),
    ((CARD, "credits: 20", "credits: 0"), "0 is not above zero"),
    ((CARD, "credits: 20", "credits: [20]"), "a list stands where a number belongs"),
    ((CARD, "amount: 10.00", "amount: ~"), "nothing is written where a number belongs"),
    (
        (CARD, "2025-12-15T00:00:00Z", "2025-12-15T00:00:00"),
        "2025-12-15T00:00:00 does not say in which time zone",
    ),
    ((CARD, "2025-12-15T00:00:00Z", "2025-12-15"), "2025-12-15 does not say in which time zone"),
    (
        (CARD, "2025-12-15T00:00:00Z", "2025-12-15T00:00:00.1234567Z"),
        '"2025-12-15T00:00:00.1234567Z" is not an instant',
    ),
    (
        (CARD, "2025-12-15T00:00:00Z", "2025-02-30T00:00:00Z"),
        '"2025-02-30T00:00:00Z" is not an instant',
    ),
    ((CARD, "on: 2025-12-14", "on: 2025-02-30"), "2025-02-30 is not in the calendar"),
    ((CARD, "on: 2025-12-14", "on: 14 December"), '"14 December" is not a day'),
    (
        (CARD, ONCE, "price: {amount: 10.00, currency: USD, anchor: calendar}"),
        "anchor is about a billing period, and the offer is bought once",
    ),
    *(
        ((CARD, "offers:", f"contracts:\n  - {{id: c, {terms}}}\noffers:"), message)
        for terms, message in (
            ("customers: [a], discount: 1.1", "1.1 is not a share from 0 to 1"),
            ("discount: 0.1", "a contract is for customers or for segments"),
            (
                "customers: [a], segments: [s], discount: 0.1",
                "a contract is for customers or for segments",
            ),
            ("customers: [a]", "a contract takes off either a share or amounts"),
            (
                "customers: [a], rates: [flux-dev], discount: 0.1, off: [{wallet: usd, amount: 1}]",
                "a contract takes off either a share or amounts",
            ),
            (
                "customers: [a], off: [{wallet: usd, amount: 0.01}]",
                "amounts are taken off rates that are not named",
            ),
            (
                "customers: [a], rates: [flux-dev], off: [{wallet: usd}]",
                "a price has one figure taken off",
            ),
            (
                "customers: [a], rates: [flux-dev], off: [{wallet: usd, amount: 0.01}, "
                "{wallet: usd, amount: 0.02}]",
                "a wallet is named twice in off",
            ),
        )
    ),
    (
        (CARD, ONCE, "price: {amount: 10.00, currency: USD, every: month, sold_by: amount}"),
        "a plan is not sold by amount",
    ),
    (
        (CARD, ONCE, "price: {amount: 0, currency: USD, sold_by: amount}"),
        "nothing is sold by an amount of 0",
    ),
    (
        (CARD, BONUS, f"slabs: [{{from: 0, credits: 1}}], {BONUS}"),
        "a grant has exactly one of credits and slabs",
    ),
    ((CARD, BONUS, "kind: bonus, expires: never}"), "a grant has exactly one of credits and slabs"),
    (
        (CARD, BONUS, f"slabs_by: amount, {BONUS}"),
        "slabs_by has no slabs to measure",
    ),
    (
        (CARD, BONUS, "slabs: [{from: 0, credits: 1}], kind: paid, expires: never}"),
        "slabs are for what comes with a purchase, and these credits are bought",
    ),
    (
        (
            CARD,
            BONUS,
            "slabs: [{from: 5, credits: 1}, {from: 5.0, credits: 2}], kind: bonus, expires: never}",
        ),
        "slabs do not ascend: from 5.0 follows from 5",
    ),
    (
        (CARD, BONUS, "slabs: [{from: 5}], kind: bonus, expires: never}"),
        "a slab has one of credits and share",
    ),
    (
        (CARD, BONUS, "slabs: [{from: 5, credits: 1, share: 1}], kind: bonus, expires: never}"),
        "a slab has one of credits and share",
    ),
    (
        (CARD, ONCE, f"{ONCE}\n    on_change: expire"),
        "on_change is about a plan, and the offer is bought once",
    ),
    (
        (CARD, ONCE, "price: {amount: 10.00, currency: USD, prorate: day}"),
        "prorate is about a billing period, and the offer is bought once",
    ),
    (
        (CARD, ONCE, "price: {amount: 10.00, currency: USD, every: 5 months, anchor: calendar}"),
        "no calendar has periods of 5 months",
    ),
    (
        (CARD, ONCE, "price: {amount: 10.00, currency: USD, every: 2 weeks, anchor: calendar}"),
        "no calendar has periods of 2 weeks",
    ),
    (
        (CARD, ONCE, "price: {amount: 10.00, currency: USD, every: month, prorate: hour}"),
        'unknown choice "hour"',
    ),
    (
        (
            CARD,
            "price:\n      - {wallet: image_credits, credits: 2.5}\n"
            "      - {wallet: universal, credits: 3.0}\n      - {wallet: usd, amount: 0.04}",
            "tiers: package\n    overage: {amount: 0.05, currency: USD}",
        ),
        "tiers has no price to shape",
    ),
    ((CARD, GRANT, "kind: bonus, expires: 0 days}"), '"0 days" is not a duration'),
    ((CARD, GRANT, "kind: bonus, expires: 12}"), '"12" is not a duration'),
    ((CARD, GRANT, "kind: bonus}"), "expires is missing"),
    ((CARD, GRANT, "kind: bonusses, expires: never}"), 'unknown choice "bonusses"'),
    ((CARD, GRANT, "kind: bonus, expires: never, priority: -1}"), "priority is below 0"),
    ((CARD, GRANT, "kind: bonus, expires: never, ssp: 0}"), "0 is not above zero"),
    ((CARD, GRANT, "kind: bonus, expires: never, expected_use: 0}"), "0 is not above zero"),
    (
        (CARD, GRANT, "kind: bonus, expires: never, expected_use: 1.01}"),
        "1.01 is not a share from 0 to 1",
    ),
    ((CARD, GRANT, "kind: promo, expires: never, ssp: 1}"), "promo credits share no price"),
    (
        (CARD, GRANT, "kind: goodwill, expires: never, expected_use: 1}"),
        "goodwill credits share no price",
    ),
    (
        (CARD, GRANT, "kind: bonus, expires: never, priority: 1.5}"),
        "priority is not a whole number",
    ),
    (
        (CARD, GRANT, "kind: bonus, expires: never, rollover: {max: 1, for: 1 month}}"),
        "credits that never expire do not roll over",
    ),
    (
        (CARD, GRANT, "kind: bonus, expires: 1 day, rollover: {max: 1, max_share: 1, for: 1 day}}"),
        "a rollover has max and max_share",
    ),
    (
        (CARD, GRANT, "kind: bonus, expires: 1 day, rollover: {cap_over: lot, for: 1 day}}"),
        "cap_over: lot has no max and no max_share",
    ),
    (
        (CARD, GRANT, "kind: bonus, expires: 1 day, rollover: {max: 0, for: 1 day}}"),
        "0 is not above zero",
    ),
    (
        (CARD, GRANT, "kind: bonus, expires: 1 day, rollover: {max: 1, for: never}}"),
        '"never" is not a duration',
    ),
    (
        (CARD, GRANT, "kind: bonus, expires: 1 day, rollover: {max: 1}}"),
        "for is missing",
    ),
    (
        (CARD, GRANT, "kind: bonus, expires: 1 day, rollover: {for: 1 day, when: maybe}}"),
        'unknown choice "maybe"',
    ),
    (
        (CARD, GRANT, "kind: bonus, expires: 1 day, max_per_month: 150}"),
        "max_per_month limits a recurring grant",
    ),
    (
        (CARD, 'version: "2026-01-01"', "version: 2026-01-01"),
        "2026-01-01 is read as a date where a name belongs",
    ),
    ((CARD, 'version: "2026-01-01"', "version: 7"), "7 is read as a number where a name belongs"),
    ((CARD, 'version: "2026-01-01"', "version: a b"), '"a b" is not a name'),
    ((CARD, "model: flux-dev", "model: 1.0"), "1.0 is read as a number where text belongs"),
    (
        (CARD, "supersedes: null", "existing_customers_from: 2025-12-31T23:59:59Z"),
        "existing_customers_from lies before effective_from",
    ),
    (
        (CARD, PRICE, "{wallet: image_credits}"),
        "a price has exactly one of credits, amount and steps",
    ),
    (
        (CARD, PRICE, "{wallet: image_credits, credits: 1, amount: 1}"),
        "a price has exactly one of credits, amount and steps",
    ),
    (
        (CARD, *tiered("customers: [acme]\n    segments: [smb]\n    price:\n      - " + PRICE)),
        "the rate is reserved for customers and for segments",
    ),
    (
        (CARD, *tiered("price:\n      - {wallet: image_credits, steps: [{credits: 2}]}")),
        "the rate has steps but no tiers",
    ),
    (
        (CARD, *tiered("tiers: graduated\n    price:\n      - " + PRICE)),
        "tiers: graduated has no steps",
    ),
    (
        (
            CARD,
            *stepped("[{up_to: 1, credits: 2}]"),
        ),
        "steps do not end with one open step",
    ),
    (
        (
            CARD,
            *stepped("[{credits: 2}, {credits: 1}]"),
        ),
        "steps do not end with one open step",
    ),
    (
        (
            CARD,
            *stepped("[{up_to: 2, credits: 2}, {up_to: 2, credits: 1}, {credits: 0}]"),
        ),
        "steps do not ascend: up_to 2 follows up_to 2",
    ),
    (
        (
            CARD,
            *stepped("[{up_to: 2}, {credits: 0}]"),
        ),
        "a step has one figure",
    ),
    (
        (CARD, *tiered("tiers: volume\n    price:\n      - " + PRICE)),
        "tiers: volume prices units again after they were drawn",
    ),
    ((CARD, "offers:\n", "offers: []\nof:\n"), 'unknown field "of"'),
    ((BOOK, "entity: Northwind AI, Inc.", 'entity: " "'), "the text is empty"),
    ((BOOK, "time_zone: UTC", "time_zone: Mars/Olympus"), '"Mars/Olympus" is not a time zone'),
    ((BOOK, "framework: ASC606", "framework: GAAP"), 'unknown choice "GAAP"'),
    ((BOOK, "functional_currency: USD", "functional_currency: usd"), '"usd" is not a currency'),
    ((BOOK, "first_period: 2026-01", "first_period: 2026-13"), '"2026-13" is not a month'),
    ((BOOK, "first_period: 2026-01", "first_period: 2026-01-01"), '"2026-01-01" is not a month'),
    ((BOOK, WALLET, "universal: XYZ"), "unit XYZ looks like a currency but is none"),
    ((BOOK, WALLET, "universal: {unit: credit, precision: 10}"), "precision is above 9"),
    ((BOOK, WALLET, "universal: {unit: credit, precision: -1}"), "precision is below 0"),
    (
        (BOOK, WALLET, "universal: {unit: credit, burn_order: oldest}"),
        '"oldest" is not a burn order',
    ),
    (
        (BOOK, WALLET, "universal: {unit: credit, burn_order: [priority, oldest]}"),
        '"oldest" is not a sort key',
    ),
    (
        (BOOK, WALLET, "universal: {unit: credit, burn_order: [kind, kind desc]}"),
        "a sort key is named twice",
    ),
    ((BOOK, WALLET, "universal: {unit: credit, burn_order: []}"), "a burn order belongs here"),
    (
        (BOOK, WALLET, "universal: {unit: credit, kind_order: [paid, paid]}"),
        "a kind is named twice in kind_order",
    ),
    ((BOOK, WALLET, "universal: {unit: credit, overdraft: carried}"), 'unknown choice "carried"'),
    ((BOOK, '{number: "2400"', "{number: 2400"), "2400 is read as a number where text belongs"),
    ((BOOK, LATE, "burn_order: default"), 'unknown field "burn_order"'),
    ((BOOK, LATE, "late_usage: {method: reopen_if_above}"), "reopen_if_above has no threshold"),
    ((BOOK, LATE, "late_usage: book_current"), 'unknown choice "book_current"'),
    (
        (BOOK, BREAKAGE, "{method: proportional}"),
        "method proportional and expected_unused do not go together",
    ),
    (
        (BOOK, BREAKAGE, "{method: remote, expected_unused: 0.1}"),
        "method remote and expected_unused do not go together",
    ),
    (
        (BOOK, BREAKAGE, "{method: none, months_inactive: 6}"),
        "method none does not take months_inactive",
    ),
    ((BOOK, BREAKAGE, "{method: remote, months_inactive: 0}"), "months_inactive is not above 0"),
    (
        (BOOK, BREAKAGE, "{method: at_expiry, constrained_to: 0.1}"),
        "method at_expiry does not take constrained_to",
    ),
    (
        (BOOK, BREAKAGE, "{method: at_expiry, escheat_share: 1.01}"),
        "1.01 is not a share from 0 to 1",
    ),
    ((BOOK, LATE, "ssp: {universal: {amount: 1}}"), "method is missing"),
    (
        (BOOK, LATE, "usage_accrual: {default: {share: 1}}"),
        "1 is not a share of at least 0 and below 1",
    ),
    ((BOOK, LATE, "ssp: {universal: {amount: 0, method: residual}}"), "0 is not above zero"),
    (
        (BOOK, PROGRESS, "{default: {method: consumption, convention: day}}"),
        'unknown choice "consumption"',
    ),
    (
        (BOOK, PROGRESS, "{default: {method: ratable, convention: hour}}"),
        'unknown choice "hour"',
    ),
    (
        (BOOK, BREAKAGE, "{method: proportional, expected_unused: 1}"),
        "1 is not a share of at least 0 and below 1",
    ),
    ((BOOK, BREAKAGE, "at_expiry"), "default is not a mapping"),
    (
        (BOOK, LATE, "chargeback: {recognise_at: dispute_opened, expected_loss: 1.01}"),
        "1.01 is not a share from 0 to 1",
    ),
    (
        (BOOK, LATE, "chargeback: {recognise_at: lost, expected_loss: 0.5}"),
        "a loss recognised when the dispute is lost is not estimated before",
    ),
    (
        (BOOK, USAGE, '{feed: usage, format: csv, path: u.csv, delimiter: "::"}'),
        "delimiter is too long",
    ),
    (
        (BOOK, USAGE, '{feed: usage, format: parquet, path: u, delimiter: ";"}'),
        "a parquet file has no delimiter",
    ),
    (
        (BOOK, USAGE, "{feed: grants, format: cloudevents, path: u.jsonl}"),
        "cloudevents carries usage, not grants",
    ),
    (
        (BOOK, USAGE, "{feed: usage, format: csv, path: u.csv, optional: 1}"),
        "optional is neither true nor false",
    ),
    (
        (
            BOOK,
            USAGE,
            "{feed: usage, format: csv, path: u, columns: {meter: m}, constants: {meter: x}}",
        ),
        '"meter" is given by columns and by constants',
    ),
    ((BOOK, USAGE, "{feed: usages, format: csv, path: u.csv}"), 'unknown choice "usages"'),
    ((BOOK, "properties: [model]}", "properties: model}"), "properties is not a list"),
    (
        limit("scope: each_user, id: u1, from: 2026-01-01T00:00:00Z"),
        "scope each_user is not for one of them, yet id names one",
    ),
    (
        limit("scope: organisation, id: acme, from: 2026-01-01T00:00:00Z"),
        "scope organisation is not for one of them, yet id names one",
    ),
    (
        limit("scope: organisation, amount: 5, currency: USD, from: 2026-01-01T00:00:00Z"),
        "the limit needs credits or amount, and not both",
    ),
    (limit_of("amount: 5"), "amount and currency belong together"),
    (limit_of("credits: 5, currency: USD"), "amount and currency belong together"),
    (limit_of("action: flag"), "the limit needs credits or amount, and not both"),
    (limit("scope: team, from: 2026-01-01T00:00:00Z"), "scope team names no team"),
    (
        limit("scope: each_user, from: 2026-01-01T00:00:00Z, to: 2026-01-01T00:00:00Z"),
        "the limit ends before it starts",
    ),
    (limit("scope: each_user"), "from is missing"),
    (("limits.yml", "", "- {customer_id: acme}\n"), "the file is not a mapping"),
    (("costs/openai.yml", "", "costs: []\n"), "nothing is listed"),
]


@pytest.mark.parametrize("edit", INSIDE, ids=lambda edit: edit[2][-60:])
def test_a_value_just_inside_its_rule_is_taken(tmp_path: Path, edit: Edit) -> None:
    assert messages_of(tmp_path, edit) == []


@pytest.mark.parametrize(("edit", "message"), OUTSIDE, ids=lambda part: str(part[-1])[-60:])
def test_a_value_just_outside_its_rule_is_refused(tmp_path: Path, edit: Edit, message: str) -> None:
    problems = problems_of(tmp_path, edit)
    assert message in [problem.message for problem in problems]
    for problem in problems:
        assert problem.line is not None
        assert problem.remedy.endswith((".", "?"))


def price_of(folder: Path) -> Any:
    return load_book(folder).cards[0].rates[-1].price[0]


def test_figures_are_the_decimals_that_are_written(tmp_path: Path) -> None:
    # 0.1 + 0.2 as binary floats is 0.30000000000000004.
    book = lite_book(tmp_path, (CARD, "credits: 2.5", "credits: 0.3"))
    assert price_of(book).credits == Decimal("0.3") == Decimal("0.1") + Decimal("0.2")


def test_instants_are_kept_in_utc(tmp_path: Path) -> None:
    # Midnight in Amsterdam in winter is 23:00 the day before in UTC.
    edit = (CARD, "2025-12-15T00:00:00Z", "2025-12-15T00:00:00+01:00")
    card = load_book(lite_book(tmp_path, edit)).cards[0]
    assert card.published_at == datetime(2025, 12, 14, 23, tzinfo=UTC)


def test_a_duration_without_a_count_is_one(tmp_path: Path) -> None:
    card = load_book(lite_book(tmp_path, PLAN)).cards[0]
    assert card.offers[0].price.every == Duration(1, "month")
    assert card.offers[0].grants[0].expires == Duration(12, "month")
    assert str(card.offers[0].grants[0].expires) == "12 months"


def test_a_wallet_written_as_text_is_its_unit(tmp_path: Path) -> None:
    book = load_book(lite_book(tmp_path, (BOOK, WALLET, "universal: credit"))).book
    assert book.wallets["universal"] == book.wallets["token_credits"]
    assert book.first_period == date(2026, 1, 1)


def test_the_keys_of_a_mapping_stay_text_where_yaml_1_1_reads_a_boolean(tmp_path: Path) -> None:
    assert load_book(lite_book(tmp_path)).cards[0].approved.on == date(2025, 12, 14)


def test_a_burn_order_ends_with_the_lot_id(tmp_path: Path) -> None:
    edit = (BOOK, WALLET, "universal: {unit: credit, burn_order: [priority, credits desc]}")
    wallet = load_book(lite_book(tmp_path, edit)).book.wallets["universal"]
    expected = (BurnKey("priority"), BurnKey("credits", is_descending=True), BurnKey("lot_id"))
    assert wallet.burn_order.keys == expected


def test_every_preset_ends_with_the_lot_id_and_ranks_every_kind() -> None:
    kinds = {"included", "promo", "goodwill", "bonus", "migration", "paid"}
    for preset in PRESETS.values():
        assert preset.keys[-1] == BurnKey("lot_id")
        assert set(preset.kind_ranks) == kinds


def test_kinds_left_out_of_a_kind_order_follow_in_the_order_of_the_preset(tmp_path: Path) -> None:
    edit = (BOOK, WALLET, "universal: {unit: credit, kind_order: [paid, bonus]}")
    ranks = load_book(lite_book(tmp_path, edit)).book.wallets["universal"].kind_ranks
    by_rank = sorted(ranks, key=lambda kind: ranks[kind])
    assert by_rank == ["paid", "bonus", "included", "promo", "goodwill", "migration"]
