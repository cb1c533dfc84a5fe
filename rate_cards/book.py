"""book.yml: the entity, its wallets, meters, accounts, policies and sources."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, PrivateAttr, model_validator

from rate_cards.accounts import Role
from rate_cards.burn_orders import PRESETS, AuthoredBurnOrder, LotKind
from rate_cards.currencies import MINOR_UNITS
from rate_cards.policies import Policy
from rate_cards.values import (
    AT_LEAST_ONE,
    QUANTITY_DECIMALS,
    Currency,
    Day,
    Expression,
    Model,
    Month,
    Name,
    OrItem,
    OrText,
    Text,
    TimeZone,
    refuse,
    zone,
)

Liability = Literal["contract_liability", "refund_liability", "customer_deposit"]

Feed = Literal[
    "usage",
    "payments",
    "grants",
    "lot_events",
    "subscriptions",
    "customers",
    "members",
    "limits",
    "fx_rates",
    "period_closes",
    "statements",
    "settlements",
]

EXPORT_FEEDS: dict[str, Feed] = {
    "cloudevents": "usage",
    "stripe_balance_report": "payments",
    "stripe_dashboard": "payments",
    "stripe_charges": "payments",
    "stripe_refunds": "payments",
    "stripe_disputes": "payments",
    "stripe_payouts": "payments",
    "stripe_charge_table": "payments",
    "stripe_refund_table": "payments",
    "stripe_dispute_table": "payments",
    "stripe_payout_table": "payments",
    "stripe_balance_transactions": "settlements",
    "stripe_balance_transaction_table": "settlements",
    "stripe_balance_movements": "settlements",
    "stripe_credit_grants": "grants",
    "stripe_voided_credit_grants": "lot_events",
    "stripe_credit_balance_transactions": "statements",
    "stripe_meter_events": "usage",
    "lago_events": "usage",
    "openmeter_grants": "grants",
    "openmeter_voided_grants": "lot_events",
    "solvimon_wallet_grants": "grants",
    "lago_wallet_transactions": "grants",
    "lago_wallet_transaction_table": "grants",
    "lago_wallets": "statements",
    "lago_wallet_consumption_table": "statements",
    "openai_usage": "usage",
    "anthropic_usage": "usage",
    "llm_responses": "usage",
    "snowflake_metering_history": "usage",
    "snowflake_metering_daily": "usage",
    "snowflake_contract_items": "grants",
    "snowflake_remaining_balance_daily": "statements",
    "snowflake_usage_in_currency_daily": "statements",
    "openai_costs": "statements",
    "anthropic_costs": "statements",
}
"""Files that other systems write -> the feed their rows belong to."""

FileFormat = Literal[
    "csv",
    "parquet",
    "jsonl",
    "lines",
    "cloudevents",
    "stripe_balance_report",
    "stripe_dashboard",
    "stripe_charges",
    "stripe_refunds",
    "stripe_disputes",
    "stripe_payouts",
    "stripe_charge_table",
    "stripe_refund_table",
    "stripe_dispute_table",
    "stripe_payout_table",
    "stripe_balance_transactions",
    "stripe_balance_transaction_table",
    "stripe_balance_movements",
    "stripe_credit_grants",
    "stripe_voided_credit_grants",
    "stripe_credit_balance_transactions",
    "stripe_meter_events",
    "lago_events",
    "openmeter_grants",
    "openmeter_voided_grants",
    "solvimon_wallet_grants",
    "lago_wallet_transactions",
    "lago_wallet_transaction_table",
    "lago_wallets",
    "lago_wallet_consumption_table",
    "openai_usage",
    "anthropic_usage",
    "llm_responses",
    "snowflake_metering_history",
    "snowflake_metering_daily",
    "snowflake_contract_items",
    "snowflake_remaining_balance_daily",
    "snowflake_usage_in_currency_daily",
    "openai_costs",
    "anthropic_costs",
]


class Wallet(Model):
    """A store of value of one unit, shared by a customer's whole organisation."""

    unit: Text
    """What it holds: a kind of credit, or a currency by its three capital letters."""
    precision: Annotated[int, Field(strict=True, ge=0, le=QUANTITY_DECIMALS)] = QUANTITY_DECIMALS
    """Decimals its credits are kept with."""
    rounding: Literal["half_up", "up", "down"] = "half_up"
    """What becomes of the rest where a cost has more decimals: rounded once per event."""
    liability: Liability = "contract_liability"
    """What unused value is: a promise of service, or money that may have to be given back."""
    overdraft: Literal["none", "carry"] = "none"
    """What no lot can pay goes to the next wallet, or is carried until a later lot repays it."""
    burn_order: AuthoredBurnOrder = PRESETS["default"]
    """Which lot pays first: a preset's name, or a list of sort keys."""
    kind_order: tuple[LotKind, ...] = ()
    """Order of the kinds of lots where the burn order sorts by kind; kinds left out follow."""

    @model_validator(mode="after")
    def _currency_exists(self) -> Self:
        looks_like_currency = len(self.unit) == 3 and self.unit.isupper()
        if looks_like_currency and self.unit not in MINOR_UNITS:
            refuse(
                f"unit {self.unit} looks like a currency but is none",
                "Write a currency of ISO 4217, such as USD, or a credit unit in small letters.",
            )
        if len(set(self.kind_order)) < len(self.kind_order):
            refuse("a kind is named twice in kind_order", "Keep its first place.")
        return self

    @property
    def currency(self) -> str | None:
        """The currency of a money wallet; None for credits."""
        return self.unit if self.unit in MINOR_UNITS else None

    @property
    def kind_ranks(self) -> dict[LotKind, int]:
        """The rank of every kind of lot, smallest drawn first."""
        preset = self.burn_order.kind_ranks
        if not self.kind_order:
            return dict(preset)
        named = {kind: rank for rank, kind in enumerate(self.kind_order, start=1)}
        return {kind: named.get(kind, len(named) + rank) for kind, rank in preset.items()}


def _unit_alone(value: object) -> object:
    """Read `image_credits: credit` as `image_credits: {unit: credit}`."""
    return {"unit": value} if isinstance(value, str) else value


class Meter(Model):
    """What is measured."""

    unit: Text
    """What one of its quantity is: token, image, second."""
    properties: tuple[Name, ...] = ()
    """Properties of an event that rates may match, such as model or region."""


class Account(Model):
    """The ledger account of a role from a day on."""

    number: Text
    """Account number in the general ledger; in quotes, since 0400 is not 400."""
    name: Text | None = None
    """Account name; the default chart's where left out."""
    effective_from: Day | None = None
    """First day the account is used; from the start of the books where left out."""


def _one_account(value: object) -> object:
    """Read a single account as a list of one."""
    return [value] if isinstance(value, dict) else value


class Source(Model):
    """Files of one feed and how their columns become the feed's."""

    feed: Feed
    """What the rows are."""
    format: FileFormat
    """How the files are written."""
    path: Text
    """Which files: a pattern relative to the data folder, such as usage/*.parquet."""
    columns: dict[Name, Expression] = Field(default_factory=dict)
    """Feed column -> SQL expression over the file's columns; same names where left out."""
    constants: dict[Name, Expression] = Field(default_factory=dict)
    """Feed column -> the same value for every row."""
    where: Text | None = None
    """SQL predicate over the file's columns; other rows are counted as excluded."""
    optional: Annotated[bool, Field(strict=True)] = False
    """Whether it is fine that no file matches."""
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    """Separator of a csv file."""

    _line: int = PrivateAttr(default=0)

    @model_validator(mode="after")
    def _fields_fit_the_format(self) -> Self:
        if self.delimiter != "," and self.format != "csv":
            refuse(f"a {self.format} file has no delimiter", "Remove delimiter.")
        carried = EXPORT_FEEDS.get(self.format, self.feed)
        if carried != self.feed:
            refuse(
                f"{self.format} carries {carried}, not {self.feed}",
                "Use csv, parquet or jsonl for this feed.",
            )
        both = sorted(self.columns.keys() & self.constants.keys())
        if both:
            refuse(
                f'"{both[0]}" is given by columns and by constants',
                "Keep the one that is meant.",
            )
        return self

    @property
    def line(self) -> int:
        """1-based line of the source in book.yml; 0 for a source that was not read from a file."""
        return self._line

    def at_line(self, line: int) -> Source:
        """The same source, knowing its line in book.yml."""
        placed = self.model_copy()
        placed._line = line
        return placed


class Book(Model):
    """One set of books."""

    book: Name
    """Short name of the book."""
    entity: Text
    """Legal name of the reporting entity."""
    functional_currency: Currency
    """Currency the books are kept in."""
    time_zone: TimeZone
    """Zone whose calendar months are the accounting periods."""
    first_period: Month
    """First accounting period of the books."""
    framework: Literal["ASC606", "IFRS15"]
    """Standard revenue is recognised under."""
    wallets: Annotated[
        dict[Name, Annotated[Wallet, BeforeValidator(_unit_alone), OrText()]], AT_LEAST_ONE
    ]
    """Stores of value, in the one order in which all of them are drawn: specific to general."""
    meters: Annotated[dict[Name, Meter], AT_LEAST_ONE]
    """What is measured."""
    accounts: dict[
        Role, Annotated[tuple[Account, ...], BeforeValidator(_one_account), OrItem()]
    ] = Field(default_factory=dict)
    """Ledger account of each role; roles left out use the default chart."""
    policies: tuple[Policy, ...] = ()
    """Dated, approved accounting choices."""
    sources: tuple[Source, ...] = ()
    """Where usage, payments and the other feeds come from."""

    @property
    def starts_at(self) -> datetime:
        """The first instant of the books: the first period's start in the book's time zone."""
        first = self.first_period
        return datetime(first.year, first.month, 1, tzinfo=zone(self.time_zone))

    def wallet_ranks(self) -> dict[str, int]:
        """Wallet -> its place in the global order, from 1."""
        return {wallet: rank for rank, wallet in enumerate(self.wallets, start=1)}
